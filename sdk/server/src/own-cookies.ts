import { SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';

/** A site's own cookies: HttpOnly, so that no script of a page ever reads one. */
export interface OwnCookies {
  read(headers: Headers, name: string): string | null;
  /** What comes after `prefix` in the names that were sent, with their values. */
  readAll(headers: Headers, prefix: string): ReadonlyMap<string, string>;
  /** The line that sets one for so many seconds; null: until the browser is closed. */
  set(name: string, value: string, seconds: number | null): string;
  remove(name: string): string;
}

/**
 * Named for the client, because sites on one host share a jar whatever their ports. On https with `__Host-`: then the browser refuses what a
 * sibling host, or a page over http, would plant.
 */
export function createOwnCookies(origin: string, clientId: string): OwnCookies {
  const secure = origin.startsWith('https:');
  const start = `${secure ? SECURE_COOKIE_PREFIX : ''}${clientId}_`;
  const line = (name: string, value: string, seconds: number | null) =>
    `${start}${name}=${value}; Path=/; HttpOnly; SameSite=Lax${seconds === null ? '' : `; Max-Age=${seconds}`}${secure ? '; Secure' : ''}`;
  const readAll = (headers: Headers, prefix: string) => {
    const found = new Map<string, string>();
    for (const pair of (headers.get('cookie') ?? '').split(/; */)) {
      const at = pair.indexOf('=');
      const name = pair.slice(0, Math.max(at, 0));
      const rest = name.slice(start.length + prefix.length);
      if (name.startsWith(start + prefix) && !found.has(rest)) found.set(rest, pair.slice(at + 1));
    }
    return found;
  };
  return {
    read: (headers, name) => readAll(headers, name).get('') || null,
    readAll,
    // Rounded up: the last second of a sign-in is part of it.
    set: (name, value, seconds) => line(name, value, seconds === null ? null : Math.max(1, Math.ceil(seconds))),
    remove: (name) => line(name, '', 0),
  };
}
