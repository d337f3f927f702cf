/** What was revoked while access tokens are still unexpired: held by every node and every verifier, and told from one to the other. */

export const REVOCATION_KINDS = ['sid', 'family', 'sub', 'client', 'kid'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** A fact: it is never changed or taken back, and ends by itself. */
export interface Revocation {
  readonly kind: RevocationKind;
  /** A session id, the id of a refresh family, a user id, a client id, or the name of a signing key. */
  readonly subject: string;
  /** For `sub` tokens with a smaller user version are refused, for `client` those with a smaller client version. */
  readonly minimumUv: number | null;
  /** Epoch milliseconds; by then every token it speaks of has expired by itself. */
  readonly expiresAt: number;
}

/** What of a token can be revoked. A machine's token has neither session nor user. */
export interface RevocableToken {
  readonly sid?: string;
  readonly fid?: string;
  readonly aud: string;
  readonly sub: string;
  readonly uv?: number;
  readonly cv?: number;
  readonly kid?: string;
}

/** How many facts there are, and a sum of them that does not depend on their order: two holders of the same facts have the same. */
export interface Digest {
  readonly count: number;
  readonly digest: string;
}

export interface RevokedSet {
  /** False: it was known. */
  add(entry: Revocation): boolean;
  isRevoked(token: RevocableToken): boolean;
  dropExpired(now: number): void;
  size(): number;
  /** Of the facts that concern `audiences`; of all, unless said. */
  digest(audiences?: ReadonlySet<string>): Digest;
  /** The facts that concern `audiences`. */
  entries(audiences: ReadonlySet<string>): Revocation[];
}

/**
 * Whom a fact is told. Sessions, families and users have random names, which mean nothing to a site that never saw them in a token of its
 * own; the names of clients do.
 */
export function concerns({ kind, subject }: Revocation, audiences: ReadonlySet<string>): boolean {
  return kind !== 'client' || audiences.has(subject);
}

export function createRevokedSet(): RevokedSet {
  const facts = new Map<string, Revocation>();
  // Session, family and key: simply gone. User and client: gone below a version. By kind, so that a question, which comes with every request,
  // joins no strings.
  const gone = { sid: new Map<string, number>(), family: new Map<string, number>(), kid: new Map<string, number>() };
  const below = { sub: new Map<string, Minimum>(), client: new Map<string, Minimum>() };
  // By client, because each listener hears of its own; '' holds what everybody hears.
  const sums = new Map<string, Sum>();
  let earliestEnd = Number.POSITIVE_INFINITY;

  const sumOf = (entry: Revocation): Sum => {
    const name = entry.kind === 'client' ? entry.subject : '';
    const found = sums.get(name) ?? { count: 0, high: 0, low: 0 };
    sums.set(name, found);
    return found;
  };
  const count = (text: string, entry: Revocation, by: 1 | -1) => {
    const sum = sumOf(entry);
    const [high, low] = hashOf(text);
    sum.count += by;
    sum.high ^= high;
    sum.low ^= low;
    if (sum.count === 0) sums.delete(entry.kind === 'client' ? entry.subject : '');
  };

  return {
    add: (entry) => {
      const text = textOf(entry);
      if (facts.has(text)) return false;
      facts.set(text, entry);
      earliestEnd = Math.min(earliestEnd, entry.expiresAt);
      count(text, entry, 1);
      const { kind, subject, minimumUv, expiresAt } = entry;
      if (kind !== 'sub' && kind !== 'client') gone[kind].set(subject, Math.max(expiresAt, gone[kind].get(subject) ?? 0));
      else {
        const known = below[kind].get(subject);
        below[kind].set(subject, {
          minimum: Math.max(minimumUv ?? 0, known?.minimum ?? 0),
          expiresAt: Math.max(expiresAt, known?.expiresAt ?? 0),
        });
      }
      return true;
    },
    isRevoked: ({ sid, fid, aud, sub, uv, cv, kid }) =>
      (sid !== undefined && gone.sid.has(sid)) ||
      (fid !== undefined && gone.family.has(fid)) ||
      (kid !== undefined && gone.kid.has(kid)) ||
      (uv !== undefined && (below.sub.get(sub)?.minimum ?? 0) > uv) ||
      (cv !== undefined && (below.client.get(aud)?.minimum ?? 0) > cv),
    dropExpired: (now) => {
      // Asked with every beat of every listener; mostly there is nothing to do.
      if (now < earliestEnd) return;
      earliestEnd = Number.POSITIVE_INFINITY;
      for (const [text, entry] of facts) {
        if (entry.expiresAt > now) earliestEnd = Math.min(earliestEnd, entry.expiresAt);
        else {
          facts.delete(text);
          count(text, entry, -1);
        }
      }
      for (const kind of Object.values(gone)) for (const [subject, expiresAt] of kind) if (expiresAt <= now) kind.delete(subject);
      for (const kind of Object.values(below)) for (const [subject, entry] of kind) if (entry.expiresAt <= now) kind.delete(subject);
    },
    size: () => facts.size,
    digest: (audiences) => {
      const total: Sum = { count: 0, high: 0, low: 0 };
      for (const name of audiences === undefined ? sums.keys() : ['', ...audiences]) {
        const sum = sums.get(name);
        if (sum === undefined) continue;
        total.count += sum.count;
        total.high ^= sum.high;
        total.low ^= sum.low;
      }
      return { count: total.count, digest: hex(total.high) + hex(total.low) };
    },
    entries: (audiences) => [...facts.values()].filter((entry) => concerns(entry, audiences)),
  };
}

interface Minimum {
  readonly minimum: number;
  readonly expiresAt: number;
}

interface Sum {
  count: number;
  high: number;
  low: number;
}

/** A revocation as it is sent: `[kind, subject, minimum version or 0, end]`. */
export type SentRevocation = readonly [RevocationKind, string, number, number];

export function toSent({ kind, subject, minimumUv, expiresAt }: Revocation): SentRevocation {
  return [kind, subject, minimumUv ?? 0, expiresAt];
}

/** Null for what is no revocation. A kind from a newer server is kept by nobody, and then the digests differ: that is noticed. */
export function fromSent(sent: unknown): Revocation | null {
  if (!Array.isArray(sent)) return null;
  const [kind, subject, minimum, expiresAt] = sent as readonly unknown[];
  if (!REVOCATION_KINDS.includes(kind as RevocationKind) || typeof subject !== 'string') return null;
  if (!Number.isSafeInteger(minimum) || !Number.isSafeInteger(expiresAt)) return null;
  return { kind: kind as RevocationKind, subject, minimumUv: minimum === 0 ? null : (minimum as number), expiresAt: expiresAt as number };
}

/** The events of the stream. `all` replaces what was told before on this connection, `more` adds to it, `beat` is time, count and digest. */
export const REVOCATION_EVENTS = { all: 'all', more: 'more', beat: 'beat' } as const;

/** Data of `beat`, and of a long poll. `time` is what holder and teller both drop expired facts by. */
export interface Beat extends Digest {
  readonly time: number;
}

/** What a long poll answers: `entries` is everything, and is left out when the asker's digest was right. */
export interface PolledRevocations extends Beat {
  readonly entries?: readonly SentRevocation[];
}

/** A beat comes this often, in milliseconds; after `STALE_AFTER` without one nothing is known any more. */
export const BEAT_EVERY = 2000;
export const STALE_AFTER = 5000;

const textOf = ({ kind, subject, minimumUv, expiresAt }: Revocation) => `${kind} ${subject} ${minimumUv ?? 0} ${expiresAt}`;

/**
 * 64 bits, in two halves (the mixing of MurmurHash3). It finds what got lost on the way and is no protection against forgers: who may speak
 * here was proven before. Without `node:crypto`, for this runs wherever a verifier runs.
 */
function hashOf(text: string): readonly [number, number] {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  return [mixed(high ^ (low >>> 15)), mixed(low ^ (high >>> 13))];
}

function mixed(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}

const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0');
