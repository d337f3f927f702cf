import { OAUTH } from '@portico/protocol/routes';
import type { OAuthRoute } from '../http/oauth-route.ts';
import { authorizeDevice } from '../oauth/device-authorization.ts';
import { introspect } from '../oauth/introspect.ts';
import { revokeToken } from '../oauth/revoke.ts';
import { token } from '../oauth/token.ts';
import { userinfo } from '../oauth/userinfo.ts';
import { BROWSER_OAUTH_ROUTES } from './browser-oauth.ts';

/** OAuth 2.1 and OpenID Connect, each call with who may ask and the counters before it. */
export const OAUTH_ROUTES: readonly OAuthRoute[] = [
  ...BROWSER_OAUTH_ROUTES,
  {
    method: 'POST',
    path: OAUTH.token,
    asker: 'client',
    limit: 'none',
    summary: 'Tokens for a code, a refresh token, a device code, or for the client itself',
    crossOrigin: true,
    run: token,
  },
  {
    method: 'POST',
    path: OAUTH.deviceAuthorization,
    asker: 'client',
    limit: 'device-network',
    summary: 'A code for a device without a browser',
    crossOrigin: false,
    run: authorizeDevice,
  },
  {
    method: 'POST',
    path: OAUTH.revoke,
    asker: 'client',
    limit: 'none',
    summary: 'Give a token back',
    crossOrigin: true,
    run: revokeToken,
  },
  {
    method: 'POST',
    path: OAUTH.introspect,
    asker: 'client',
    limit: 'none',
    summary: 'Whether a token is good now, and what it stands for',
    crossOrigin: false,
    run: introspect,
  },
  {
    method: 'GET',
    path: OAUTH.userinfo,
    asker: 'bearer',
    limit: 'none',
    summary: 'Who is signed in',
    crossOrigin: true,
    run: (deps, caller) => userinfo(deps, caller, {}),
  },
  {
    method: 'POST',
    path: OAUTH.userinfo,
    asker: 'bearer',
    limit: 'none',
    summary: 'Who is signed in, for clients that send a form',
    crossOrigin: true,
    run: userinfo,
  },
];
