/** Cookies as a browser keeps them, by host and path (RFC 6265 5.3). Ports do not part them. */

interface Kept {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

export interface CookieJar {
  /** Takes in the `Set-Cookie` lines of an answer. */
  take(url: URL, response: Response): void;
  /** The `Cookie` header for this address; empty where there is none. */
  header(url: URL): string;
}

export function newCookieJar(): CookieJar {
  const kept = new Map<string, Kept>();
  return {
    take: (url, response) => {
      for (const line of response.headers.getSetCookie()) {
        const cookie = parseCookie(url, line);
        const key = `${cookie.host} ${cookie.path} ${cookie.name}`;
        if (hasEnded(line)) kept.delete(key);
        else kept.set(key, cookie);
      }
    },
    header: (url) =>
      [...kept.values()]
        .filter(({ host, path }) => host === url.hostname && isBelow(url.pathname, path))
        .sort((a, b) => b.path.length - a.path.length)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; '),
  };
}

function parseCookie(url: URL, line: string): Kept {
  const pair = line.split(';', 1)[0] ?? '';
  const at = pair.indexOf('=');
  const path = /;\s*path=(\/[^;]*)/i.exec(line)?.[1] ?? (url.pathname.slice(0, url.pathname.lastIndexOf('/')) || '/');
  return { host: url.hostname, path: path.trim(), name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
}

function hasEnded(line: string): boolean {
  const maxAge = /;\s*max-age=(-?\d+)/i.exec(line)?.[1];
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = /;\s*expires=([^;]+)/i.exec(line)?.[1];
  return expires !== undefined && Date.parse(expires) <= Date.now();
}

function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}
