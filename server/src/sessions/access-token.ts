import { ACCESS_TOKEN_TYPE, type AccessClaims, FIRST_PARTY_CLIENT, type MachineClaims } from '@portico/protocol/tokens';
import { signingSecretLabel } from '../clients/client-secret.ts';
import type { Deps } from '../deps.ts';
import { type Grant, isFirstParty } from './session.ts';
import { authTimeOf, type GrantClient, livingScope } from './session-row.ts';
import { signJwt, signJwtWithSecret } from './sign-jwt.ts';
import { verifyOwnJwt } from './verify-jwt.ts';

/** Access tokens: JWT of type `at+jwt` (RFC 9068), verified by everybody else without asking us. */

export interface AccessToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** What a token of a client site comes from. */
export interface SiteGrant {
  readonly familyId: string;
  readonly scope: string;
}

/**
 * `provedAt` is the `:now` of the statement that proved the session active: a token never outlives what was true then. Of a client
 * site, `site` says for which of its families.
 */
export function signAccessToken(
  deps: Pick<Deps, 'config' | 'keys' | 'vault' | 'random'>,
  grant: Grant,
  provedAt: number,
  site?: SiteGrant,
): AccessToken {
  const iat = Math.floor(provedAt / 1000);
  const life = grant.client.accessLife ?? deps.config.accessTokenLife;
  const exp = Math.floor(Math.min(provedAt + life, grant.session.expiresAt) / 1000);
  const claims: AccessClaims = {
    iss: deps.config.origin,
    aud: grant.clientId,
    client_id: grant.clientId,
    sub: grant.user.id,
    sid: grant.session.id,
    jti: deps.random(16).toString('base64url'),
    iat,
    exp,
    auth_time: authTimeOf(grant.session),
    amr: grant.session.amr,
    uv: grant.user.uv,
    ...(isFirstParty(grant.clientId)
      ? { role: grant.user.role, csrf_from: grant.session.csrfFrom }
      : {
          roles: grant.roles,
          scope: livingScope(grant, site?.scope ?? ''),
          cv: grant.client.cv,
          ...(site === undefined ? {} : { fid: site.familyId }),
        }),
  };
  return { token: sign(deps, grant.client, claims, provedAt), expiresIn: Math.max(0, exp - iat) };
}

/**
 * For a machine, which speaks for itself (RFC 6749 4.4): no session, no user, and so nothing that opens what is somebody's. Its subject is
 * the client (RFC 9068 2.2).
 */
export function signMachineToken(
  deps: Pick<Deps, 'config' | 'keys' | 'vault' | 'random'>,
  { id, client, scope }: { readonly id: string; readonly client: GrantClient; readonly scope: string },
  now: number,
): AccessToken {
  const iat = Math.floor(now / 1000);
  const exp = Math.floor((now + (client.accessLife ?? deps.config.accessTokenLife)) / 1000);
  const jti = deps.random(16).toString('base64url');
  const claims: MachineClaims = { iss: deps.config.origin, aud: id, client_id: id, sub: id, jti, iat, exp, scope, cv: client.cv };
  return { token: sign(deps, client, claims, now), expiresIn: exp - iat };
}

function sign(deps: Pick<Deps, 'keys' | 'vault'>, client: GrantClient, claims: AccessClaims | MachineClaims, now: number): string {
  if (client.accessAlg !== 'HS256') return signJwt(deps.keys.currentSigning(now, client.accessAlg), ACCESS_TOKEN_TYPE, claims);
  if (client.signingSecret === null) throw new Error(`client ${claims.aud} signs with HS256 and has no secret`);
  return signJwtWithSecret(openSigningSecret(deps, client.signingSecret), ACCESS_TOKEN_TYPE, claims);
}

/** The bytes of a site's own JWT secret. */
export function openSigningSecret(
  { vault }: Pick<Deps, 'vault'>,
  { id, sealed }: { readonly id: string; readonly sealed: string },
): { readonly id: string; readonly bytes: Buffer } {
  return { id, bytes: vault.open(signingSecretLabel(id), sealed) };
}

/**
 * The claims of a token for Portico's own API, or null. Only our own audience and only asymmetric signatures: a client's secret forges
 * anything for that client and must open nothing here.
 */
export async function verifyAccessToken(
  deps: Pick<Deps, 'config' | 'keys' | 'now' | 'revoked'>,
  token: string,
): Promise<AccessClaims | null> {
  const verified = await verifyOwnJwt<AccessClaims>(deps, token, {
    typ: ACCESS_TOKEN_TYPE,
    audience: FIRST_PARTY_CLIENT,
    requiredClaims: ['exp', 'iat', 'sub', 'sid', 'jti', 'uv'],
  });
  if (verified === null) return null;
  const { claims, kid } = verified;
  // The first party's own tokens say a role; without one it is none of them.
  if (claims.role === undefined) return null;
  // However far away the end that it claims: no token lives longer than the settings say today.
  const life = claims.exp - claims.iat;
  if (!(life >= 0 && life <= deps.config.accessTokenLife / 1000)) return null;
  return (await deps.revoked.isDenied({ ...claims, kid })) ? null : claims;
}
