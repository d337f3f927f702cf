import { sign } from 'node:crypto';
import { ACCESS_TOKEN_TYPE, type AccessClaims, FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import type { Deps } from '../deps.ts';
import type { SigningKey } from '../platform/keyring.ts';
import { type Grant, isFirstParty } from './session.ts';

/** Access tokens: JWT of type `at+jwt` (RFC 9068), verified by everybody else without asking us. */

/** Clocks of two nodes may differ by this much, in seconds. */
const LEEWAY = 5;

export interface AccessToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** `provedAt` is the `:now` of the statement that proved the session active: a token never outlives what was true then. */
export function signAccessToken(deps: Pick<Deps, 'config' | 'keys' | 'random'>, grant: Grant, provedAt: number): AccessToken {
  const iat = Math.floor(provedAt / 1000);
  const exp = Math.floor(Math.min(provedAt + deps.config.accessTokenLife, grant.session.expiresAt) / 1000);
  const claims: AccessClaims = {
    iss: deps.config.origin,
    aud: grant.clientId,
    sub: grant.user.id,
    sid: grant.session.id,
    jti: deps.random(16).toString('base64url'),
    iat,
    exp,
    auth_time: Math.floor(grant.session.authTime / 1000),
    amr: grant.session.amr,
    role: grant.user.role,
    uv: grant.user.uv,
    ...(isFirstParty(grant.clientId) ? { csrf_from: grant.session.csrfFrom } : {}),
  };
  return { token: signJwt(deps.keys.currentSigning(provedAt), claims), expiresIn: Math.max(0, exp - iat) };
}

/** Synchronous signing: 23 microseconds, where a promise and a thread hop would cost as much again on the path of every refresh. */
function signJwt(key: SigningKey, claims: AccessClaims): string {
  const header = { alg: key.alg, typ: ACCESS_TOKEN_TYPE, kid: key.kid };
  const head = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(head), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${head}.${signature.toString('base64url')}`;
}

/**
 * The claims of a token for Portico's own API, or null. Only our own audience and only asymmetric signatures: a client's secret forges
 * anything for that client and must open nothing here.
 */
export async function verifyAccessToken(
  deps: Pick<Deps, 'config' | 'keys' | 'now' | 'revoked'>,
  token: string,
): Promise<AccessClaims | null> {
  if (token.length > 4096 || !isCanonical(token)) return null;
  const keyOf = (header: JWTHeaderParameters) => {
    const key = header.kid === undefined ? null : deps.keys.signing(header.kid);
    // The key comes from our own ring by name, never from the token (jku, jwk, x5u).
    if (key === null) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  };
  try {
    const { payload } = await jwtVerify<AccessClaims>(token, keyOf, {
      algorithms: ['ES256'],
      typ: ACCESS_TOKEN_TYPE,
      issuer: deps.config.origin,
      audience: FIRST_PARTY_CLIENT,
      requiredClaims: ['exp', 'iat', 'sub', 'sid', 'jti', 'uv'],
      clockTolerance: LEEWAY,
      currentDate: new Date(deps.now()),
    });
    // However far away the end that it claims: no token lives longer than the settings say today.
    const life = payload.exp - payload.iat;
    if (!(life >= 0 && life <= deps.config.accessTokenLife / 1000)) return null;
    return deps.revoked.isRevoked(payload) ? null : payload;
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return null;
    throw cause;
  }
}

/** The last letter of a signature has four bits to spare: other ones there are the same bytes in another text, which we did not issue. */
function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
