import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import type { Deps } from '../deps.ts';

export interface IdTokenHint {
  readonly sub: string;
  readonly sid: string;
  /** The client that it was made for. */
  readonly clientId: string;
}

/**
 * An ID token of ours that a site brings back, to say whom it means. However old: it opens nothing. Null for everything else: access
 * tokens and what others signed name nobody here.
 */
export async function readIdTokenHint(deps: Pick<Deps, 'config' | 'keys'>, token: string): Promise<IdTokenHint | null> {
  const keyOf = ({ kid, alg }: JWTHeaderParameters) => {
    const key = kid === undefined ? null : deps.keys.signing(kid);
    // The key says which algorithm it is for, not the token.
    if (key === null || key.alg !== alg) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  };
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ['ES256', 'EdDSA', 'RS256'],
      typ: 'JWT',
      issuer: deps.config.origin,
      requiredClaims: ['iat', 'sub', 'sid', 'aud'],
      // Its end does not matter.
      currentDate: new Date(0),
    });
    const { sub, aud, sid } = payload;
    if (sub === undefined || typeof aud !== 'string' || aud === FIRST_PARTY_CLIENT || typeof sid !== 'string') return null;
    return { sub, sid, clientId: aud };
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return null;
    throw cause;
  }
}
