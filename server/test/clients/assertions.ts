import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { AssertionAlg } from '../../src/clients/client-keys.ts';
import { encode } from '../threats/forged-tokens.ts';
import { ORIGIN } from '../world.ts';

/** A key pair as a client site makes it, to prove itself with (private_key_jwt). */
export interface SiteKey {
  readonly alg: AssertionAlg;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

export function newSiteKey(alg: AssertionAlg = 'ES256', kid = randomBytes(6).toString('hex')): SiteKey {
  const { privateKey, publicKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return { alg, kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

export function jwksOf(...keys: readonly SiteKey[]): string {
  return JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
}

/** What an honest client says at the moment `now`, in milliseconds. */
export function honestClaims(clientId: string, now: number): JWTPayload {
  const at = Math.floor(now / 1000);
  return { iss: clientId, sub: clientId, aud: ORIGIN, iat: at, exp: at + 60, jti: randomBytes(16).toString('base64url') };
}

/** By hand: a library would not sign what an attacker says. `claims` may be text that no object becomes. */
export function assertionOf(
  key: SiteKey,
  claims: object | string,
  { header = {} }: { header?: Readonly<Record<string, unknown>> } = {},
): string {
  const head = `${encode({ alg: key.alg, kid: key.kid, ...header })}.${encode(claims)}`;
  const hash = key.alg === 'EdDSA' ? null : 'sha256';
  return `${head}.${sign(hash, Buffer.from(head), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
