/** Of `routes.ts` what apps in the browser use, apart: their bundle carries no other path. */

export const AUTH_PREFIX = '/api/v1/auth';
/** Below it. */
export const APP_PATHS = {
  refresh: '/refresh',
  session: '/session',
  signOut: '/signout',
  extendSoft: '/extend-auth-soft',
  extendHard: '/extend-auth-hard',
} as const;
export const VERIFY_SIGN_IN_PAGE = '/auth/verify-signin';
export const AUTHORIZE = '/oauth/authorize';
export const PORTICO_DOCUMENT = '/.well-known/portico';
