import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** SHA-256. Everything hashed with it here has at least 128 random bits, so no salt and no stretching are needed. */
export function sha256(bytes: string | Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** The form in which a random token is stored: a database copy does not yield the token. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url');
}

export function hmac(key: Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
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
 * row or column does not open. `form` stands before it and says which key opens it.
 */
export function seal(key: Buffer, label: string, plain: string | Buffer, form: string = 'v1'): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(label));
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${form}.${nonce.toString('base64url')}.${body.toString('base64url')}`;
}

/** Opens what `seal` made. Throws when key, form, label or a single bit differ. */
export function unseal(key: Buffer, label: string, sealed: string, form: string = 'v1'): Buffer {
  const [nonce, body, more] = sealed.startsWith(`${form}.`) ? sealed.slice(form.length + 1).split('.') : [];
  if (nonce === undefined || body === undefined || more !== undefined) throw new Error(`sealed ${label} has an unknown form`);
  const bytes = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 }).setAAD(Buffer.from(label));
  decipher.setAuthTag(bytes.subarray(bytes.length - 16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
}
