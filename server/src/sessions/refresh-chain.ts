import { createHmac, hash } from 'node:crypto';
import { sameBytes } from '../platform/crypto.ts';
import type { ChainKey, Keyring } from '../platform/keyring.ts';

/**
 * The attempt-bound deterministic chain: pure functions, no storage.
 *
 *     s_0 random,  s_{g+1} = HMAC(K_chain, "rt" ‖ family ‖ g+1 ‖ s_g)[:20]
 *
 * Because each link follows from the one before, a retry can be answered with the *same* successor again, and no successor ever
 * needs to be stored. Because the step is keyed, nobody but us can walk the chain.
 */

/** How many of the newest transitions remember the attempt that made them: that late may a retry still be answered. */
export const RING_SIZE = 4;

const VERSION = 0;
const PREFIX = 'ptr_';
const BODY_BYTES = 57;
const TEXT_LENGTH = PREFIX.length + 76;
const TAG_BYTES = 12;
const SECRET_BYTES = 20;
/** 16 bytes as base64url: one slot of the ring. */
const SLOT = 22;
/** Stands in the ring for a request that brought no attempt. No attempt hashes to it, so a thief cannot switch modes. */
export const NO_ATTEMPT = 'no-attempt------------';
/** Stands in the ring where commits were lost and nobody knows the attempt. */
export const BLANK = '----------------------';

/** A refresh token that we issued: its tag was checked. Nothing else makes one, and only it may touch the database. */
export interface GenuineToken {
  readonly [genuine]: true;
  readonly keyId: number;
  readonly familyId: string;
  readonly gen: number;
  /** Epoch seconds of the moment it was issued. */
  readonly iat: number;
  readonly secret: Buffer;
}
declare const genuine: unique symbol;

/** Null for anything that is not ours: garbage dies here, without a query, and can never cause a theft reaction. */
export function parseRefreshToken(keys: Keyring, text: string): GenuineToken | null {
  if (text.length !== TEXT_LENGTH || !text.startsWith(PREFIX)) return null;
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
  // Other spellings of the same bytes (padding, stray low bits) are not the token that we issued.
  if (bytes.length !== BODY_BYTES || bytes.toString('base64url') !== text.slice(PREFIX.length)) return null;
  const head = bytes[0] as number;
  if (head >> 6 !== VERSION) return null;
  const key = keys.chain(head & 63);
  if (key === null) return null;
  if (!sameBytes(tagOf(key, bytes.subarray(0, BODY_BYTES - TAG_BYTES)), bytes.subarray(BODY_BYTES - TAG_BYTES))) return null;
  return {
    keyId: key.id,
    familyId: bytes.toString('base64url', 1, 17),
    gen: bytes.readUInt32BE(17),
    iat: bytes.readUInt32BE(21),
    secret: bytes.subarray(25, 25 + SECRET_BYTES),
  } as GenuineToken;
}

/** The text of a token. The same link issued again is the same text: `iat` is the moment of its rotation, not of its sending. */
export function formatRefreshToken(key: ChainKey, link: { familyId: string; gen: number; issuedAt: number; secret: Buffer }): string {
  const bytes = Buffer.allocUnsafe(BODY_BYTES);
  bytes[0] = (VERSION << 6) | key.id;
  bytes.write(link.familyId, 1, 16, 'base64url');
  bytes.writeUInt32BE(link.gen, 17);
  bytes.writeUInt32BE(Math.floor(link.issuedAt / 1000), 21);
  link.secret.copy(bytes, 25);
  tagOf(key, bytes.subarray(0, BODY_BYTES - TAG_BYTES)).copy(bytes, BODY_BYTES - TAG_BYTES);
  return PREFIX + bytes.toString('base64url');
}

function tagOf(key: ChainKey, head: Buffer): Buffer {
  return createHmac('sha256', key.tag).update(head).digest().subarray(0, TAG_BYTES);
}

/** The secret `steps` links after `secret`, which is link number `gen`. */
export function walkChain(key: ChainKey, familyId: string, gen: number, secret: Buffer, steps: number): Buffer {
  const number = Buffer.allocUnsafe(4);
  let link = secret;
  for (let next = gen + 1; next <= gen + steps; next += 1) {
    number.writeUInt32BE(next);
    link = createHmac('sha256', key.chain).update('rt').update(familyId).update(number).update(link).digest().subarray(0, SECRET_BYTES);
  }
  return link;
}

export function linkHash(secret: Buffer): string {
  return hash('sha256', secret, 'base64url');
}

/** What a client says about the rotation that it asks for: the same attempt is a retry, another one is a second holder. */
export interface Attempt {
  /** The generation that the client believes it holds. */
  readonly gen: number;
  readonly slot: string;
}

/** Reads `<gen>.<128 random bits as base64url>`. Null when malformed. */
export function parseAttempt(header: string): Attempt | null {
  const found = /^(0|[1-9]\d{0,9})\.([A-Za-z0-9_-]{22})$/.exec(header);
  if (found === null) return null;
  const gen = Number(found[1]);
  if (gen > 0xffff_ffff) return null;
  return { gen, slot: hash('sha256', header, 'base64url').slice(0, SLOT) };
}

/** The slot that this request leaves in the ring. */
export function slotOf(attempt: Attempt | null): string {
  return attempt === null ? NO_ATTEMPT : attempt.slot;
}

/** A ring in which the newest transition is known and the older ones are not. */
export function freshRing(slot: string): string {
  return slot + BLANK.repeat(RING_SIZE - 1);
}

export const EMPTY_RING = BLANK.repeat(RING_SIZE);

/** The slot of the transition `back` steps ago (1 = the newest). */
export function ringSlot(ring: string, back: number): string {
  return ring.slice((back - 1) * SLOT, back * SLOT);
}

/** The ring with another hash in that slot. */
export function withSlot(ring: string, back: number, slot: string): string {
  return ring.slice(0, (back - 1) * SLOT) + slot + ring.slice(back * SLOT);
}
