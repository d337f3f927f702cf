/** Longer ones are nobody's address, and do not fit into a cookie. */
const LONGEST = 1000;

/** Where a sign-in leads: a path of this site, whatever was asked for. */
export function safeReturnTo(wish: unknown, origin: string): string {
  if (typeof wish !== 'string' || wish.length > LONGEST || !wish.startsWith('/')) return '/';
  // Open redirect: `//evil.example`, `/\evil.example` and `/<tab>/evil.example` are other hosts to a browser, whose own parser is asked.
  const url = URL.parse(wish, origin);
  if (url === null || url.origin !== origin || /[\\\u0000-\u001f]/.test(wish)) return '/';
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search + url.hash;
}
