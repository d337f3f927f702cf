import { OAUTH } from '@portico/protocol/routes';
import type { OAuthRoute } from '../http/oauth-route.ts';
import { authorize, authorizeByForm } from '../oauth/authorize.ts';
import { logout, logoutByForm } from '../oauth/logout.ts';
import { pushRequest } from '../oauth/push-request.ts';

/** What people open, because a site sent their browser there, and how it may prepare that: rows of the table in `oauth.ts`. */
export const BROWSER_OAUTH_ROUTES: readonly OAuthRoute[] = [
  {
    method: 'GET',
    path: OAUTH.authorize,
    asker: 'browser',
    limit: 'authorize-network',
    summary: 'Sign somebody in to a site',
    crossOrigin: false,
    run: authorize,
  },
  {
    method: 'POST',
    path: OAUTH.authorize,
    asker: 'browser',
    limit: 'authorize-network',
    summary: 'The same, by a form',
    crossOrigin: false,
    run: authorizeByForm,
  },
  {
    method: 'GET',
    path: OAUTH.logout,
    asker: 'browser',
    limit: 'none',
    summary: 'Log somebody out who came from a site',
    crossOrigin: false,
    run: logout,
  },
  {
    method: 'POST',
    path: OAUTH.logout,
    asker: 'browser',
    limit: 'none',
    summary: 'The same, by a form',
    crossOrigin: false,
    run: logoutByForm,
  },
  {
    method: 'POST',
    path: OAUTH.pushed,
    asker: 'client',
    limit: 'authorize-network',
    summary: 'Leave a request to authorize here, and give the browser its name only',
    crossOrigin: true,
    run: pushRequest,
  },
];
