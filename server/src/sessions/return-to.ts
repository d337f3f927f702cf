import type { Config } from '../config.ts';

/** Where a sign-in leads: only a path of our own app, whatever was asked for. */
export function safeReturnTo(config: Pick<Config, 'appOrigin'>, wish: unknown, otherwise: string): string {
  if (typeof wish !== 'string' || wish.length > 2000 || !wish.startsWith('/')) return otherwise;
  // `//evil.example`, `/\evil.example` and `/%0d…` are other hosts to some parser; the URL standard's parser is the browser's own.
  const url = URL.parse(wish, config.appOrigin);
  if (url === null || url.origin !== new URL(config.appOrigin).origin || /[\\\u0000-\u001f]/.test(wish)) return otherwise;
  return url.pathname.startsWith('//') ? otherwise : url.pathname + url.search + url.hash;
}
