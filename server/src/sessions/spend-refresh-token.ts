import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { sameText } from '../platform/crypto.ts';
import type { ChainKey } from '../platform/keyring.ts';
import { endGrant } from './end-grant.ts';
import { holdOrRevoke } from './hold-session.ts';
import {
  type Attempt,
  BLANK,
  formatRefreshToken,
  freshRing,
  type GenuineToken,
  linkHash,
  NO_ATTEMPT,
  parseRefreshToken,
  RING_SIZE,
  ringSlot,
  slotOf,
  walkChain,
  withSlot,
} from './refresh-chain.ts';
import { advanceLostFamily, type Family, fillLostSlot, findFamily, rotateFamily } from './refresh-token.ts';
import { findGrant, type Grant, isFirstParty } from './session.ts';

/** A burst this young is answered with `retry`: nothing is given, nothing is revoked. In milliseconds. */
export const YOUNG_TOKEN = 120_000;
/** A client that sends no attempts gets the successor once more within this time of the rotation. In milliseconds. */
export const REPLAY_WITHOUT_ATTEMPT = 60_000;
/** The previous link still opens a rendered page this long after the rotation. In milliseconds. */
export const PEEK_PREVIOUS = 120_000;

/** Who asks. The caller is a client before it is a token. */
export interface RefreshCaller {
  readonly clientId: string;
  /** The client proved itself with a secret. */
  readonly authenticated: boolean;
  /** Hash of the device cookie that came along; null where there was none. */
  readonly deviceHash: string | null;
  /** The token came in a cookie, so the device cookie had to come with it. */
  readonly byCookie: boolean;
  /** JWK thumbprint of the DPoP key that the call was proven with; null = none. */
  readonly dpopKey?: string | null;
  /** How long the family may rest, where the client has a life of its own. In milliseconds. */
  readonly idleLife?: number | null;
  /** A copied token of this client holds the whole session, as the browser's own does. */
  readonly reuseEnds?: 'grant' | 'session';
  readonly from: Origin;
}

/** A link of the chain that the caller may have, with what it stands for. */
export interface SpentToken {
  readonly kind: 'rotated' | 'replayed';
  readonly grant: Grant;
  readonly gen: number;
  readonly refreshToken: string;
  readonly familyId: string;
  readonly scope: string;
  readonly idleAt: number;
  /** The `:now` of the statement that proved the family active: `iat` and `exp` come from it. */
  readonly provedAt: number;
}

export type SpendOutcome = SpentToken | { readonly kind: 'retry' | 'invalid' | 'ended' | 'held' };

type Verdict =
  | { readonly kind: 'granted'; readonly spent: SpentToken }
  | { readonly kind: 'retry' | 'invalid' | 'ended' | 'held' | 'again' };

/** Four losses in a row say that others are busy with this token: the caller comes back in a moment. */
const LOOPS = 4;

/** Spends a refresh token: protocol section 2, `refresh(client, token, attempt)`. */
export async function spendRefreshToken(deps: Deps, caller: RefreshCaller, text: string, attempt: Attempt | null): Promise<SpendOutcome> {
  const family = isFirstParty(caller.clientId) ? 'first_party' : 'client';
  try {
    const outcome = await spend(deps, caller, text, attempt);
    deps.tally.count('refreshes', { kind: outcome.kind, family });
    return outcome;
  } catch (cause) {
    deps.tally.count('refreshes', { kind: 'failed', family });
    throw cause;
  }
}

async function spend(deps: Deps, caller: RefreshCaller, text: string, attempt: Attempt | null): Promise<SpendOutcome> {
  const token = parseRefreshToken(deps.keys, text);
  if (token === null) return { kind: 'invalid' };
  const key = deps.keys.chain(token.keyId);
  if (key === null) return { kind: 'invalid' };
  // The cookie changed under the tab: it read the generation before another tab's answer arrived.
  if (attempt !== null && attempt.gen !== token.gen) return { kind: 'retry' };
  for (let loop = 0; loop < LOOPS; loop += 1) {
    const now = deps.now();
    const rotated = await rotate(deps, caller, token, key, attempt, now);
    if (rotated !== null) return rotated;
    const family = await findFamily(deps.db, token.familyId);
    const verdict = await judge(deps, caller, token, key, attempt, family, now);
    if (verdict.kind === 'granted') return verdict.spent;
    if (verdict.kind !== 'again') return { kind: verdict.kind };
  }
  return { kind: 'retry' };
}

/** The one write. Null when another statement was faster or something is wrong with the token. */
async function rotate(
  deps: Deps,
  caller: RefreshCaller,
  token: GenuineToken,
  key: ChainKey,
  attempt: Attempt | null,
  now: number,
): Promise<SpendOutcome | null> {
  const secret = walkChain(key, token.familyId, token.gen, token.secret, 1);
  const idleAt = now + (caller.idleLife ?? deps.config.sessionIdle);
  const row = await rotateFamily(deps.db, {
    familyId: token.familyId,
    clientId: caller.clientId,
    gen: token.gen,
    hash: linkHash(token.secret),
    nextHash: linkHash(secret),
    slot: slotOf(attempt),
    deviceHash: caller.deviceHash ?? '',
    dpopKey: caller.dpopKey ?? '',
    now,
    idleAt,
  });
  if (row === null) return null;
  // A second statement, not a join in the first: PostgreSQL re-evaluates only the updated row and would answer a stale role.
  const grant = await findGrant(deps.db, row['session_id'] as string, caller.clientId, now);
  if (grant === null || !grant.alive) return { kind: endOf(grant) };
  const gen = token.gen + 1;
  return {
    kind: 'rotated',
    grant,
    gen,
    refreshToken: formatRefreshToken(key, { familyId: token.familyId, gen, issuedAt: now, secret }),
    familyId: token.familyId,
    scope: row['scope'] as string,
    idleAt,
    provedAt: now,
  };
}

/** Why the write found no row, and what follows from it. */
async function judge(
  deps: Deps,
  caller: RefreshCaller,
  token: GenuineToken,
  key: ChainKey,
  attempt: Attempt | null,
  family: Family | null,
  now: number,
): Promise<Verdict> {
  if (family === null) return { kind: 'invalid' };
  if (family.clientId !== caller.clientId) {
    // A genuine token of another client: nothing changes, or one site could end another's sign-ins.
    deps.tally.count('incidents', { kind: 'wrong_client' });
    await recordEvent(deps.db, deps, caller.from, 'refresh.wrong_client', {
      userId: family.userId,
      sessionId: family.sessionId,
      clientId: caller.clientId,
    });
    return { kind: 'invalid' };
  }
  if (family.state === 'held') return heldOrEnded(deps, family, now);
  if (family.state !== 'active' || family.expiresAt <= now || family.idleAt <= now) return { kind: 'ended' };
  // A copied refresh token without the key that it is bound to (RFC 9449 5): worth nothing, and no reason to end what the owner has.
  if (family.dpopKey !== null && family.dpopKey !== (caller.dpopKey ?? null)) {
    deps.tally.count('incidents', { kind: 'wrong_key' });
    await recordEvent(deps.db, deps, caller.from, 'refresh.wrong_key', {
      userId: family.userId,
      sessionId: family.sessionId,
      clientId: family.clientId,
    });
    return { kind: 'invalid' };
  }
  // Stolen refresh cookie in another jar: it comes without the device cookie that the family was made with.
  if (family.deviceHash !== null && family.deviceHash !== caller.deviceHash) return reuse(deps, caller, family);

  const distance = family.gen - token.gen;
  if (distance < 0) return takeAhead(deps, caller, token, key, attempt, family, now);
  if (distance === 0) return linkHash(token.secret) === family.curHash ? { kind: 'again' } : reuse(deps, caller, family);

  const young = token.iat * 1000 + YOUNG_TOKEN > now;
  if (distance > RING_SIZE) return young ? { kind: 'retry' } : reuse(deps, caller, family);

  const current = walkChain(key, token.familyId, token.gen, token.secret, distance);
  if (linkHash(current) !== family.curHash) return reuse(deps, caller, family);
  const slot = ringSlot(family.ring, distance);
  if (attempt !== null && sameText(slot, attempt.slot)) return replay(deps, caller, family, key, current, now);
  if (attempt === null && distance === 1 && slot === NO_ATTEMPT && mayReplayWithoutAttempt(caller, family, now)) {
    return replay(deps, caller, family, key, current, now);
  }
  if (slot === BLANK) return attempt === null ? { kind: 'retry' } : learnAttempt(deps, caller, token, family, attempt, key, current, now);
  if (attempt === null && young) return { kind: 'retry' };
  return reuse(deps, caller, family);
}

/**
 * Commits were lost, and with them the attempt of this transition: whoever shows one first is taken at their word, once, or a jar that
 * fell back as well would be told `retry` for ever. A thief gains no more by it than by any copied token: owner and thief still cannot
 * both go on.
 */
async function learnAttempt(
  deps: Deps,
  caller: RefreshCaller,
  token: GenuineToken,
  family: Family,
  attempt: Attempt,
  key: ChainKey,
  current: Buffer,
  now: number,
): Promise<Verdict> {
  const ring = withSlot(family.ring, family.gen - token.gen, attempt.slot);
  if (!(await fillLostSlot(deps.db, family, ring, now))) return { kind: 'again' };
  return replay(deps, caller, family, key, current, now);
}

/** At any time for a client that proved who it is, or a browser that brought the cookie it is bound to; else only at once. */
function mayReplayWithoutAttempt(caller: RefreshCaller, family: Family, now: number): boolean {
  const bound = caller.byCookie && family.deviceHash !== null && family.deviceHash === caller.deviceHash;
  return caller.authenticated || bound || now < family.rotatedAt + REPLAY_WITHOUT_ATTEMPT;
}

/** The same successor once more: no write, however late. */
async function replay(deps: Deps, caller: RefreshCaller, family: Family, key: ChainKey, secret: Buffer, now: number): Promise<Verdict> {
  const grant = await findGrant(deps.db, family.sessionId, caller.clientId, now);
  if (grant === null || !grant.alive) return { kind: endOf(grant) };
  return {
    kind: 'granted',
    spent: {
      kind: 'replayed',
      grant,
      gen: family.gen,
      refreshToken: formatRefreshToken(key, { familyId: family.id, gen: family.gen, issuedAt: family.rotatedAt, secret }),
      familyId: family.id,
      scope: family.scope,
      idleAt: family.idleAt,
      provedAt: now,
    },
  };
}

/** A genuine token that is ahead of its row: commits were lost, and an honest client must not pay for our loss. */
async function takeAhead(
  deps: Deps,
  caller: RefreshCaller,
  token: GenuineToken,
  key: ChainKey,
  attempt: Attempt | null,
  family: Family,
  now: number,
): Promise<Verdict> {
  const secret = walkChain(key, token.familyId, token.gen, token.secret, 1);
  const gen = token.gen + 1;
  const idleAt = now + (caller.idleLife ?? deps.config.sessionIdle);
  const won = await advanceLostFamily(deps.db, family, { gen, hash: linkHash(secret), ring: freshRing(slotOf(attempt)), now, idleAt });
  if (!won) return { kind: 'again' };
  deps.tally.count('incidents', { kind: 'ahead' });
  await recordEvent(deps.db, deps, caller.from, 'refresh.ahead', {
    userId: family.userId,
    sessionId: family.sessionId,
    clientId: family.clientId,
    reason: `row at ${family.gen}, token at ${token.gen}`,
  });
  const grant = await findGrant(deps.db, family.sessionId, caller.clientId, now);
  if (grant === null || !grant.alive) return { kind: endOf(grant) };
  const refreshToken = formatRefreshToken(key, { familyId: family.id, gen, issuedAt: now, secret });
  return {
    kind: 'granted',
    spent: { kind: 'rotated', grant, gen, refreshToken, familyId: family.id, scope: family.scope, idleAt, provedAt: now },
  };
}

/** Two holders of one token. In the browser's own family the session is held; in a site's family that family ends. */
async function reuse(deps: Deps, caller: RefreshCaller, family: Family): Promise<Verdict> {
  deps.tally.count('incidents', { kind: 'reuse' });
  if (isFirstParty(family.clientId) || caller.reuseEnds === 'session') return holdOrRevoke(deps, caller.from, family.sessionId);
  // RFC 9700 4.14.2 speaks of the grant: one careless site must not sign people out everywhere.
  const revocation = await deps.db.transaction((tx) => endGrant(tx, deps, caller.from, family, 'refresh.reuse'));
  if (revocation !== null) deps.revoked.add(revocation);
  return { kind: 'ended' };
}

/** A hold or a sign-out came between the statement that proved the family active and the reading of its session. */
function endOf(grant: Grant | null): 'held' | 'ended' {
  return grant?.session.state === 'held' ? 'held' : 'ended';
}

/** Held answers `held` every time, until its owner came back or the waiting is over. */
async function heldOrEnded(deps: Deps, family: Family, now: number): Promise<Verdict> {
  const grant = await findGrant(deps.db, family.sessionId, family.clientId, now);
  const waits = grant !== null && grant.session.state === 'held' && (grant.session.heldUntil ?? 0) > now;
  return { kind: waits ? 'held' : 'ended' };
}
