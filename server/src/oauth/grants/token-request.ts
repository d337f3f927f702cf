import type { TokensOfApp } from '@portico/protocol/apps';
import type { Caller } from '../../caller.ts';
import type { Client } from '../../clients/client.ts';
import type { Deps } from '../../deps.ts';
import { type AccessToken, signAccessToken } from '../../sessions/access-token.ts';
import type { Answer } from '../../sessions/answer.ts';
import type { Grant } from '../../sessions/session.ts';
import { livingScope } from '../../sessions/session-row.ts';
import { siteUser } from '../../sessions/site-user.ts';
import { signIdToken } from '../id-token.ts';
import type { Parameters } from '../parameters.ts';
import { hasScope } from '../scope.ts';

/** A call of the token endpoint by a client that was authenticated and may use this grant. */
export interface TokenRequest {
  readonly client: Client;
  /** False for a public client, which only named itself. */
  readonly isProven: boolean;
  /** JWK thumbprint of the key that the call was proven with; null = none. */
  readonly dpopKey: string | null;
  readonly parameters: Parameters;
  readonly caller: Caller;
}

export type GrantHandler = (deps: Deps, request: TokenRequest) => Promise<Answer>;

/** A link of a site's family, as it is answered. */
export interface SiteTokens {
  readonly grant: Grant;
  readonly familyId: string;
  /** Of the access token; no more than that of the family. */
  readonly scope: string;
  readonly refreshToken: string;
  readonly gen: number;
  readonly provedAt: number;
  readonly nonce: string | null;
}

/**
 * Every sign-in at a site comes with a refresh token, whether `offline_access` was asked for or not: it ends with the session of the
 * browser, so it gives no access that outlives a sign-out, and by it a site learns of roles that changed.
 */
export function tokensAnswer(deps: Deps, client: Client, tokens: SiteTokens): Answer {
  const { grant, refreshToken, gen, provedAt, nonce } = tokens;
  const scope = livingScope(grant, tokens.scope);
  const access = signAccessToken(deps, grant, provedAt, tokens);
  const idToken = hasScope(scope, 'openid') ? { id_token: signIdToken(deps, client, grant, { nonce, now: provedAt }) } : {};
  // What every other refresh answers too, for `@portico/client`; programs of others pass over what they do not know (RFC 6749 5.1).
  const portico: TokensOfApp = { gen, user: siteUser(grant, scope), expiresAt: grant.session.expiresAt };
  return bearerAnswer(access, scope, { refresh_token: refreshToken, portico, ...idToken });
}

/** RFC 6749 5.1. */
export function bearerAnswer(access: AccessToken, scope: string, beside: object): Answer {
  return {
    body: {
      access_token: access.token,
      token_type: 'Bearer',
      expires_in: access.expiresIn,
      ...(scope === '' ? {} : { scope }),
      ...beside,
    },
    headers: { pragma: 'no-cache' },
  };
}
