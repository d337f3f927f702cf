import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** SHA-256. Everything hashed with it here has at least 128 random bits, so no salt and no stretching are needed. */
export function sha256(bytes: string | Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** The form in which a random token is stored: a database copy does not yield the token. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** A secret made ready for `hmac`: mixed with the two paddings of RFC 2104. */
export interface MacKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const BLOCK = 64;

export function macKey(secret: Buffer): MacKey {
  if (secret.length > BLOCK) throw new RangeError('A secret longer than a block would have to be hashed first');
  const padded = (padding: number) => Buffer.alloc(BLOCK, padding).map((byte, at) => byte ^ (secret[at] ?? 0)) as Buffer;
  return { inner: padded(0x36), outer: padded(0x5c) };
}

/**
 * HMAC-SHA-256 as RFC 2104 spells it out, by two one-shot hashes: an Hmac object of node:crypto costs more than twice as much, and every
 * refresh needs four.
 */
export function hmac({ inner, outer }: MacKey, ...parts: readonly (string | Buffer)[]): Buffer {
  const message = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  return digest(Buffer.concat([outer, digest(Buffer.concat([inner, ...message]))]));
}

/** By way of a string, because a Buffer that node:crypto allocates costs twice as much as the hash. */
function digest(bytes: Buffer): Buffer {
  return Buffer.from(hash('sha256', bytes, 'latin1'), 'latin1');
}

/** Compares without telling by its duration where the first difference stands. */
export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function sameText(a: string, b: string): boolean {
  return sameBytes(Buffer.from(a), Buffer.from(b));
}

/** A key for one purpose, so that no two uses share one (RFC 5869). */
export function deriveKey(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `portico ${purpose}`, 32));
}

/**
 * AES-256-GCM under a fresh random nonce. `label` says what the text is and where it stands, so that a sealed text moved to another
 * row or column does not open.
 */
export function seal(key: Buffer, label: string, plain: string | Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(label));
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `v1.${nonce.toString('base64url')}.${body.toString('base64url')}`;
}

/** Opens what `seal` made. Throws when key, label or a single bit differ. */
export function unseal(key: Buffer, label: string, sealed: string): Buffer {
  const [version, nonce, body] = sealed.split('.');
  if (version !== 'v1' || nonce === undefined || body === undefined) throw new Error(`sealed ${label} has an unknown form`);
  const bytes = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 }).setAAD(Buffer.from(label));
  decipher.setAuthTag(bytes.subarray(bytes.length - 16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
}
