import type { SigningAlg } from '@portico/protocol/tokens';
import { errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import type { Deps } from '../deps.ts';

/** What `sign-jwt.ts` signed with one of Portico's own keys, as it comes back. */

/** Clocks of two nodes may differ by this much, in seconds. */
export const NODE_LEEWAY = 5;
/** No token of ours is longer. In characters. */
export const LONGEST_TOKEN = 4096;

export interface Expected {
  /** No kind of token passes for another (RFC 8725 3.11). */
  readonly typ: string;
  /** ES256 unless said otherwise. */
  readonly algorithms?: readonly SigningAlg[];
  readonly audience?: string;
  readonly requiredClaims: readonly string[];
  /** Epoch milliseconds at which it must be in time; now unless said otherwise. */
  readonly at?: number;
}

/** Its claims, and the name of the key. Null for everything that we did not issue, or not as this. Whether it was revoked is another question. */
export async function verifyOwnJwt<Claims extends object>(
  deps: Pick<Deps, 'config' | 'keys' | 'now'>,
  token: string,
  { typ, algorithms = ['ES256'], audience, requiredClaims, at = deps.now() }: Expected,
): Promise<{ readonly claims: Claims; readonly kid: string } | null> {
  if (token.length > LONGEST_TOKEN || !isCanonical(token)) return null;
  const keyOf = ({ kid, alg }: JWTHeaderParameters) => {
    // The key comes from our own ring by name, never from the token (jku, jwk, x5u); and it says which algorithm it is for.
    const key = kid === undefined ? null : deps.keys.signing(kid);
    if (key === null || key.alg !== alg) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  };
  try {
    const { payload, protectedHeader } = await jwtVerify<Claims>(token, keyOf, {
      algorithms: [...algorithms],
      typ,
      issuer: deps.config.origin,
      ...(audience === undefined ? {} : { audience }),
      requiredClaims: [...requiredClaims],
      clockTolerance: NODE_LEEWAY,
      currentDate: new Date(at),
    });
    return { claims: payload, kid: protectedHeader.kid ?? '' };
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return null;
    throw cause;
  }
}

/** The last letter of a signature has bits to spare: other ones there are the same bytes in another text, which we did not issue. */
export function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
