import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ACCESS_TOKEN_TYPE } from '@portico/protocol/tokens';
import { type Asker, createVerifier, PorticoError, type Verifier, type VerifierOptions } from '@portico/server';
import { type Claims, signedWith } from '../threats/forged-tokens.ts';
import { type Clock, heldClock } from '../world.ts';

/** An issuer that is a pair of keys: what a verifier does with tokens that Portico would never sign needs somebody who signs them. */
export interface Issuer {
  readonly clock: Clock;
  readonly privateKey: KeyObject;
  readonly header: Readonly<Record<string, unknown>>;
  /** As Portico writes them for a user at the site `notes`. */
  readonly claims: Claims & { readonly iat: number; readonly exp: number };
  /** The keys as they are published; a test may publish others. */
  published: readonly object[];
  /** How often they were read. */
  reads: number;
  sign(claims?: Claims | string, header?: unknown): string;
  verifier(options?: Partial<VerifierOptions>): Verifier;
}

export const ISSUER = 'https://auth.example.com';
const SECONDS_OF_LIFE = 300;

export function newKey(kid: string): { readonly privateKey: KeyObject; readonly published: object } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, published: { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } };
}

export function issuer(): Issuer {
  const clock = heldClock();
  const { privateKey, published } = newKey('own-key');
  const iat = Math.floor(clock.now() / 1000);
  const [sub, sid, fid, jti] = ['U', 'S', 'F', 'J'].map((letter) => letter.repeat(22));
  const claims = {
    iss: ISSUER,
    aud: 'notes',
    client_id: 'notes',
    sub,
    sid,
    jti,
    iat,
    exp: iat + SECONDS_OF_LIFE,
    auth_time: iat,
    amr: ['pwd', 'otp'],
    uv: 1,
    roles: ['editor'],
    scope: 'openid email',
    cv: 1,
    fid,
  };
  const header = { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: 'own-key' };
  const self: Issuer = {
    clock,
    privateKey,
    header,
    claims,
    published: [published],
    reads: 0,
    sign: (said = claims, head = header) => signedWith(privateKey, head, said),
    verifier: (options) =>
      createVerifier({
        issuer: ISSUER,
        audience: 'notes',
        now: clock.now,
        warn: () => undefined,
        fetch: async () => {
          self.reads += 1;
          return Response.json({ keys: self.published });
        },
        ...options,
      }),
  };
  return self;
}

/** `200`, or the status and the code of the refusal. */
export async function answer(verifier: Verifier, asker: Asker): Promise<string> {
  try {
    await verifier.verify(asker);
    return '200';
  } catch (error) {
    assert.ok(error instanceof PorticoError, String(error));
    return `${error.status} ${error.code}`;
  }
}
