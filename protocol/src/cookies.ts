/** Every cookie, header and form-field name, once. */

export const COOKIES = {
  refresh: 'portico_rt',
  access: 'portico_at',
  waiting: 'portico_waiting',
  device: 'portico_device',
  csrf: 'portico_csrf',
  generation: 'portico_g',
  transaction: 'portico_tx',
  lastWay: 'portico_way',
} as const;

/** The refresh token of an app in the browser, on the host of the API: no two clients share a cookie. */
export type AppRefreshCookie = `${typeof COOKIES.refresh}_${string}`;

export function appRefreshCookie(clientId: string): AppRefreshCookie {
  return `${COOKIES.refresh}_${clientId}`;
}

export type CookieName = (typeof COOKIES)[keyof typeof COOKIES] | AppRefreshCookie;

/**
 * `__Host-` makes the browser refuse the cookie unless it is Secure, has Path=/ and no Domain, so that no sibling
 * subdomain can plant one. Plain names only where the origin is http on loopback.
 */
export const SECURE_COOKIE_PREFIX = '__Host-';

export const HEADERS = {
  attempt: 'portico-attempt',
  csrf: 'portico-csrf',
  dpop: 'dpop',
  requestId: 'x-request-id',
} as const;

export const FORM_FIELDS = {
  csrf: 'csrf_token',
  form: 'form_token',
} as const;
