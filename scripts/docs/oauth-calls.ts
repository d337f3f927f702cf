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
  'GET /oauth/authorize': {
    sentence:
      'Redirects to `redirect_uri` with `code`, `state` and `iss`, or with `error`, `error_description`, `state` and `iss`; or first to a page of ours: sign-in, code by mail, fresh proof, consent. An unknown client or an address that is not registered is an error page and no redirect. `code_challenge_method` is `S256`; `response_mode` is `query`; `response_type` is `code`, or `none` for an app in the browser that is answered at its own origin: then there is no code and no challenge, and the answer sets its cookie; `prompt` is `none`, `login`, `consent` or `select_account`. `request_uri` takes what `POST /oauth/par` gave, and then everything else but `client_id` is ignored. A browser whose sign-in was not renewed for 15 minutes passes by `/continue`; with `prompt=none` it is answered `interaction_required`.',
    parameters: [
      'client_id',
      'redirect_uri',
      'response_type',
      'code_challenge?',
      'code_challenge_method?',
      'scope?',
      'state?',
      'nonce?',
      'prompt?',
      'max_age?',
      'login_hint?',
      'id_token_hint?',
      'response_mode?',
      'dpop_jkt?',
      'request_uri?',
    ],
    answer: [],
    errors: [
      'invalid_request',
      'unauthorized_client',
      'unsupported_response_type',
      'invalid_scope',
      'access_denied',
      'login_required',
      'interaction_required',
      'consent_required',
      'request_not_supported',
      'request_uri_not_supported',
      'registration_not_supported',
    ],
  },
  'POST /oauth/authorize': {
    sentence: 'Keeps the request and redirects to the GET, because a form on another site brings no cookies along.',
    parameters: ['as above'],
    answer: [],
    errors: [],
  },
  'POST /oauth/par': {
    sentence:
      'RFC 9126. Takes what `GET /oauth/authorize` takes, checks it at once, and answers a name that works for 90 seconds, for one browser. A proof in the header `DPoP` binds the code to its key. A client that shows a secret or an assertion is not counted by its network.',
    parameters: ['as GET /oauth/authorize', ...CLIENT],
    answer: ['request_uri', 'expires_in'],
    errors: [
      'invalid_request',
      'invalid_client',
      'invalid_scope',
      'invalid_dpop_proof',
      'unauthorized_client',
      'unsupported_response_type',
      'request_not_supported',
      'registration_not_supported',
      'temporarily_unavailable',
    ],
  },
  'GET /oauth/logout': {
    sentence:
      'With the ID token of the session that this browser has, expired or not, the session ends at once, at every site. Otherwise the person is asked at `/logout`. Afterwards the browser goes to `post_logout_redirect_uri`, if it is one that the client has registered, with `state`. A hint that is none of ours, another client’s, or an address that is not registered is an error page, and nothing ends.',
    parameters: ['id_token_hint?', 'client_id?', 'post_logout_redirect_uri?', 'state?'],
    answer: [],
    errors: [],
  },
  'POST /oauth/logout': {
    sentence: 'Redirects to the GET, because a form on another site brings no cookies along.',
    parameters: ['as above'],
    answer: [],
    errors: [],
  },
  'POST /oauth/token': {
    sentence:
      'By `grant_type`: `authorization_code` takes `code`, `redirect_uri` and `code_verifier`; `refresh_token` takes `refresh_token`, and `scope` to narrow the access token; `urn:ietf:params:oauth:grant-type:device_code` takes `device_code`; `client_credentials`, for machines only, takes `scope`. Every sign-in at a site is answered with a refresh token, whether `offline_access` was asked for or not: it ends with the session of the browser. The header `Portico-Attempt` makes a retry safe at any time; a client with a secret may retry without. `503` says to come back after `Retry-After`, and nobody was signed out. For a held sign-in `invalid_grant` comes with `portico_verify_url`. A proof in the header `DPoP` binds the refresh tokens of a client without a secret to its key.',
    parameters: [
      'grant_type',
      'code?',
      'redirect_uri?',
      'code_verifier?',
      'refresh_token?',
      'device_code?',
      'scope?',
      'audience?',
      ...CLIENT,
    ],
    answer: ['access_token', 'token_type', 'expires_in', 'scope?', 'refresh_token?', 'id_token?', 'portico?'],
    errors: [
      'authorization_pending',
      'slow_down',
      'access_denied',
      'expired_token',
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
  'POST /oauth/device_authorization': {
    sentence:
      'For apps and games without a browser (RFC 8628). The code is shown to a person, who types it at `verification_uri` and is asked there; the device asks `POST /oauth/token` meanwhile, no more often than every `interval` seconds. Only for clients of kind `native`.',
    parameters: ['scope?', ...CLIENT],
    answer: ['device_code', 'user_code', 'verification_uri', 'verification_uri_complete', 'expires_in', 'interval'],
    errors: ['invalid_request', 'invalid_client', 'invalid_scope', 'invalid_dpop_proof', 'unauthorized_client', 'temporarily_unavailable'],
  },
  'POST /oauth/revoke': {
    sentence:
      'For a refresh token the site ends in that session, for an access token the grant that it came from; access tokens of both are refused everywhere within a second. The session and its other sites go on; a device, which has a session of its own, is signed out. An unknown token is answered as one that was revoked. `token_type_hint` is not needed. With a refresh token `portico_ends=session` signs this browser out of all sites, and `portico_ends=everywhere` all of the user’s devices; a token that is bound to a key then comes with its DPoP proof.',
    parameters: ['token', 'token_type_hint?', ...CLIENT],
    answer: [],
    errors: ['invalid_request', 'invalid_client', 'unsupported_token_type'],
  },
  'POST /oauth/introspect': {
    sentence:
      'Only for a client that proves who it is, of its own tokens and of the access tokens of its `audiences`. Active means that family, session, user and site live at this moment; what is said of the user comes from the database, never from a token that a site could have signed itself. Anything else is `{ "active": false }`.',
    parameters: ['token', 'token_type_hint?', ...CLIENT],
    answer: [
      'active',
      'iss?',
      'token_type?',
      'client_id?',
      'aud?',
      'sub?',
      'iat?',
      'exp?',
      'jti?',
      'sid?',
      'auth_time?',
      'amr?',
      'roles?',
      'scope?',
    ],
    errors: ['invalid_request', 'invalid_client'],
  },
  'GET /oauth/userinfo': {
    sentence:
      'By `Authorization: Bearer`. The grant must have the scope `openid`; `profile` adds `name`, `email` adds the address. `roles` are those at this site.',
    parameters: [],
    answer: ['sub', 'name?', 'email?', 'email_verified?', 'roles'],
    errors: ['invalid_token', 'insufficient_scope'],
  },
  'POST /oauth/userinfo': {
    sentence: 'As GET; the token may stand in the form instead of the header.',
    parameters: ['access_token?'],
    answer: ['sub', 'name?', 'email?', 'email_verified?', 'roles'],
    errors: ['invalid_request', 'invalid_token', 'insufficient_scope'],
  },
};
