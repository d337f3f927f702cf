import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Proof } from './calls.ts';

/** A client's key: signs its assertions (RFC 7523), and proofs of another key (RFC 9449). A case changes one claim or header. */
export interface Signer {
  readonly privateKey: CryptoKey;
  readonly jwks: { readonly keys: readonly object[] };
  assertion(of: AssertionOf): Promise<Proof>;
}

export interface AssertionOf {
  readonly issuer: string;
  readonly clientId: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed by a key that nobody registered. */
  readonly byStranger?: boolean;
}

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export async function newSigner(): Promise<Signer> {
  const own = await generateKeyPair('ES256', { extractable: true });
  const stranger = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(own.publicKey);
  return {
    privateKey: own.privateKey,
    jwks: { keys: [{ ...jwk, kid: 'site-key', use: 'sig', alg: 'ES256' }] },
    assertion: async ({ issuer, clientId, claims = {}, header = {}, byStranger = false }) => {
      const now = Math.floor(Date.now() / 1000);
      const said = { iss: clientId, sub: clientId, aud: issuer, jti: randomBytes(12).toString('hex'), iat: now, exp: now + 60, ...claims };
      const assertion = await new SignJWT(withoutUndefined(said))
        .setProtectedHeader({ alg: 'ES256', kid: 'site-key', ...header })
        .sign(byStranger ? stranger.privateKey : own.privateKey);
      return { parameters: { client_assertion: assertion, client_assertion_type: ASSERTION_TYPE } };
    },
  };
}

/** A key that a public client proves (DPoP). */
export interface ProofKey {
  readonly thumbprint: string;
  proof(endpoint: string, claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function newProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    proof: (endpoint, claims = {}, header = {}) =>
      new SignJWT(
        withoutUndefined({
          htm: 'POST',
          htu: endpoint,
          jti: randomBytes(12).toString('hex'),
          iat: Math.floor(Date.now() / 1000),
          ...claims,
        }),
      )
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
        .sign(privateKey),
  };
}

function withoutUndefined(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
