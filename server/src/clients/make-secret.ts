import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import type { Db } from '../platform/db.ts';
import { insertAuthenticationSecret, insertSigningSecret, signingSecretLabel } from './client-secret.ts';

/** Secrets are made here and nowhere else: 256 random bits, so that nobody guesses one from what it signed, and none is ever short or chosen. */

export interface MadeSecret {
  readonly id: string;
  /** Told once. */
  readonly secret: string;
}

const SECRET_BYTES = 32;

/** What a client shows to prove itself; good for nothing until it is kept. */
export function newAuthenticationSecret(deps: Pick<Deps, 'random'>): MadeSecret {
  return { id: newSecretId(deps), secret: `pts_${deps.random(SECRET_BYTES).toString('base64url')}` };
}

/** Only the hash is kept. */
export async function keepAuthenticationSecret(
  tx: Db,
  { now }: Pick<Deps, 'now'>,
  clientId: string,
  made: MadeSecret,
): Promise<MadeSecret> {
  await insertAuthenticationSecret(tx, { id: made.id, clientId, hash: tokenHash(made.secret) }, now());
  return made;
}

/**
 * What a client's tokens are signed with (HS256), from `currentFrom` on. The key of the HMAC is the text itself, letter by letter: that is
 * what every JWT library makes of a text, so nobody has to know how to decode it.
 */
export async function makeSigningSecret(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random' | 'vault'>,
  clientId: string,
  currentFrom: number,
): Promise<MadeSecret> {
  const secret = `ptj_${deps.random(SECRET_BYTES).toString('base64url')}`;
  const id = newSecretId(deps);
  const sealed = deps.vault.seal(signingSecretLabel(id), secret);
  await insertSigningSecret(tx, { id, clientId, sealed, currentFrom }, deps.now());
  return { id, secret };
}

function newSecretId({ random }: Pick<Deps, 'random'>): string {
  return random(12).toString('base64url');
}
