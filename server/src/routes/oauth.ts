import type { OAuthRoute } from '../http/oauth-route.ts';

/** OAuth 2.1 and OpenID Connect, each call with who may ask and the counters before it. */
export const OAUTH_ROUTES: readonly OAuthRoute[] = [];
