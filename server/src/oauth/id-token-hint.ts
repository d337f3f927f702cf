import { FIRST_PARTY_CLIENT, SIGNING_ALGS } from '@portico/protocol/tokens';
import type { JWTPayload } from 'jose';
import type { Deps } from '../deps.ts';
import { verifyOwnJwt } from '../sessions/verify-jwt.ts';

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
export async function readIdTokenHint(deps: Pick<Deps, 'config' | 'keys' | 'now'>, token: string): Promise<IdTokenHint | null> {
  const verified = await verifyOwnJwt<JWTPayload>(deps, token, {
    typ: 'JWT',
    algorithms: SIGNING_ALGS,
    requiredClaims: ['iat', 'sub', 'sid', 'aud'],
    // Its end does not matter.
    at: 0,
  });
  if (verified === null) return null;
  const { sub, aud, sid } = verified.claims;
  if (sub === undefined || typeof aud !== 'string' || aud === FIRST_PARTY_CLIENT || typeof sid !== 'string') return null;
  return { sub, sid, clientId: aud };
}
