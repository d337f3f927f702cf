/** Where a client's users may be sent back to. */

/** The part of a client that decides. */
export interface RedirectTargets {
  readonly kind: string;
  readonly redirectUris: readonly string[];
}

/**
 * Whether this client may be answered at this address. Character by character (RFC 9700 2.1.1): nothing is parsed, decoded or made
 * canonical, because every such step is one that a browser may take differently.
 *
 * One exception, which RFC 8252 7.3 demands: a native app listens on whatever port the system gives it, so the port of a loopback IP
 * address is free. Of `localhost` it is not: a name goes where a resolver says, and on a shared machine to whoever listens there first
 * (RFC 8252 8.3). An app that cannot know its port registers http://127.0.0.1/… and http://[::1]/….
 */
export function isRedirectAllowed({ kind, redirectUris }: RedirectTargets, uri: string): boolean {
  if (redirectUris.includes(uri)) return true;
  if (kind !== 'native') return false;
  const asked = withoutPort(uri);
  return asked !== null && redirectUris.some((registered) => withoutPort(registered) === asked);
}

/** A port, if there is one, ends where the path or the query begins: `http://127.0.0.1:80@evil.example` has none. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::([1-9]\d{0,4}))?(?=[/?]|$)/;

/** An address on a loopback IP without its port; null for every other one. */
function withoutPort(uri: string): string | null {
  const found = LOOPBACK.exec(uri);
  if (found === null || Number(found[2] ?? 0) > 65_535) return null;
  return `${found[1]}${uri.slice(found[0].length)}`;
}
