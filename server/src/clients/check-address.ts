import { isLoopbackHost } from '../platform/loopback.ts';

/** Addresses that a client registers. Each check answers what is wrong, or null. */

const ADDRESS_MAX = 2000;
/** RFC 8252 7.1: the name of a domain that the app's maker has, written backwards; so it has a dot, which `javascript` and `data` have not. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/[\x21-\x7e]*$/;

/** Where people are sent back to, after signing in or out. */
export function findRedirectProblem(kind: string, uri: string): string | null {
  const flaw = findFlaw(uri);
  if (flaw !== null) return flaw;
  if (/^https?:/.test(uri)) return findWebProblem(uri);
  if (kind !== 'native') return 'must begin with https://, or with http:// on this machine';
  return PRIVATE_SCHEME.test(uri)
    ? null
    : 'must begin with https://, with http:// on this machine, or with a scheme of your own that has a dot, such as com.example.game:/cb';
}

/** What Portico itself calls, or a page shows. */
export function findWebProblem(uri: string): string | null {
  const flaw = findFlaw(uri);
  if (flaw !== null) return flaw;
  if (!/^https?:\/\//.test(uri)) return 'must begin with https://, or with http:// on this machine';
  const url = new URL(uri);
  // `@` before the host is a name and a password, and a way to make a host look like another one.
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?]*@/.test(uri))
    return 'must not have a name or a password before the host';
  return url.protocol === 'https:' || isLoopbackHost(url.hostname)
    ? null
    : 'must use https: http is for this machine only (localhost, 127.0.0.1, [::1])';
}

export function findOriginProblem(origin: string): string | null {
  const problem = findWebProblem(`${origin}/`);
  if (problem !== null)
    return problem.startsWith('must be written') ? 'must be an origin such as https://app.example.com, without a path' : problem;
  return new URL(origin).origin === origin ? null : 'must be an origin such as https://app.example.com, without a path';
}

/**
 * What no address may have. It must be written as browsers write it: what is compared character by character later must mean to a
 * browser what it says, so no dot segments, no backslash, no other spelling of a host.
 */
function findFlaw(uri: string): string | null {
  if (uri.length > ADDRESS_MAX) return `must have at most ${ADDRESS_MAX} characters`;
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'must consist of visible ASCII characters';
  if (uri.includes('#')) return 'must have no fragment (#)';
  if (uri.includes('*')) return 'must have no wildcard (*): register each address';
  if (/(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\?]|%2f|%5c|$)/i.test(uri.replace(/^[^:]*:\/*/, '/')))
    return 'must have no dot segments (..)';
  if (!URL.canParse(uri)) return 'must be an absolute address such as https://app.example.com/callback';
  const { href } = new URL(uri);
  return href === uri ? null : `must be written as browsers write it: ${href}`;
}
