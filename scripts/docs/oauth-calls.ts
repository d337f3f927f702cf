import type { OAuthErrorCode } from '@portico/protocol/errors';

/** What docs/api.md says about one call of OAuth beyond its row in server/src/routes/oauth.ts. */
export interface OAuthCall {
  readonly sentence: string;
  /** Names of parameters; what may be left out has a question mark. Each at most once; unknown ones mean nothing. */
  readonly parameters: readonly string[];
  /** Names of the members of the JSON answer; `?` as above. None: it answers with a redirect, a page or an empty body. */
  readonly answer: readonly string[];
  readonly errors: readonly OAuthErrorCode[];
}

/** How a client shows who it is, where not by the Authorization header. */
const CLIENT = ['client_id?', 'client_secret?', 'client_assertion?', 'client_assertion_type?'];

/** By method and full path. */
export const OAUTH_CALLS: Readonly<Record<string, OAuthCall>> = {
  'POST /oauth/token': {
    sentence:
      'By `grant_type`: `authorization_code` takes `code`, `redirect_uri` and `code_verifier`; `refresh_token` takes `refresh_token`, and `scope` to narrow the access token. Every sign-in at a site is answered with a refresh token, whether `offline_access` was asked for or not: it ends with the session of the browser. The header `Portico-Attempt` makes a retry safe at any time; a client with a secret may retry without. `503` says to come back after `Retry-After`, and nobody was signed out. For a held sign-in `invalid_grant` comes with `portico_verify_url`. A proof in the header `DPoP` binds the refresh tokens of a client without a secret to its key.',
    parameters: ['grant_type', 'code?', 'redirect_uri?', 'code_verifier?', 'refresh_token?', 'scope?', 'audience?', ...CLIENT],
    answer: ['access_token', 'token_type', 'expires_in', 'scope?', 'refresh_token?', 'id_token?'],
    errors: [
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'invalid_scope',
      'invalid_target',
      'invalid_dpop_proof',
      'unauthorized_client',
      'unsupported_grant_type',
      'temporarily_unavailable',
    ],
  },
};
