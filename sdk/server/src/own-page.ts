const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a cookie may speak for this request. CSRF: a page of somebody else's can send a request with this browser's cookies, but it cannot
 * write `Sec-Fetch-Site`, nor `Origin` where a browser is too old for the former. What says neither is no browser of ours, and has no cookies.
 */
export function mayUseCookies({ method, headers }: Pick<Request, 'method' | 'headers'>, origin: string): boolean {
  return SAFE_METHODS.has(method) || isOwnPage(headers, origin);
}

export function isOwnPage(headers: Headers, origin: string): boolean {
  const site = headers.get('sec-fetch-site');
  return site === null ? headers.get('origin') === origin : site === 'same-origin';
}
