import { OAUTH } from '@portico/protocol/routes';
import type { OAuthRoute } from '../http/oauth-route.ts';
import { token } from '../oauth/token.ts';

/** OAuth 2.1 and OpenID Connect, each call with who may ask and the counters before it. */
export const OAUTH_ROUTES: readonly OAuthRoute[] = [
  {
    method: 'POST',
    path: OAUTH.token,
    asker: 'client',
    limit: 'none',
    summary: 'Tokens for a code, a refresh token, a device code, or for the client itself',
    crossOrigin: true,
    run: token,
  },
];
