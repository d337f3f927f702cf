import type { Caller } from '../../caller.ts';
import type { Client } from '../../clients/client.ts';
import type { Deps } from '../../deps.ts';
import { type AccessToken, signAccessToken } from '../../sessions/access-token.ts';
import type { Answer } from '../../sessions/answer.ts';
import type { Grant } from '../../sessions/session.ts';
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
  readonly provedAt: number;
  readonly nonce: string | null;
}

/**
 * Every sign-in at a site comes with a refresh token, whether `offline_access` was asked for or not: it ends with the session of the
 * browser, so it gives no access that outlives a sign-out, and by it a site learns of roles that changed.
 */
export function tokensAnswer(deps: Deps, client: Client, tokens: SiteTokens): Answer {
  const { grant, scope, refreshToken, provedAt, nonce } = tokens;
  const access = signAccessToken(deps, grant, provedAt, tokens);
  const idToken = hasScope(scope, 'openid') ? { id_token: signIdToken(deps, client, grant, { nonce, now: provedAt }) } : {};
  return bearerAnswer(access, scope, { refresh_token: refreshToken, ...idToken });
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
