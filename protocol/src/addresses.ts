/** Addresses that a client site registers: the same rules where they are typed and where they are kept. No imports: a page carries it. */

export type AddressFlaw =
  | 'address_long'
  | 'address_characters'
  | 'address_fragment'
  | 'address_wildcard'
  | 'address_dots'
  | 'address_relative'
  | 'address_respelled'
  | 'address_scheme'
  | 'address_native_scheme'
  | 'address_credentials'
  | 'address_plain'
  | 'address_origin';

export interface AddressProblem {
  readonly flaw: AddressFlaw;
  /** Of `address_respelled`: how browsers write it. */
  readonly written: string | null;
}

export const ADDRESS_MAX = 2000;
/** RFC 8252 7.1: the name of a domain that the app's maker has, written backwards; so it has a dot, which `javascript` and `data` have not. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/[\x21-\x7e]*$/;

/** Where people are sent back to, after signing in or out. */
export function findRedirectProblem(kind: string, uri: string): AddressProblem | null {
  const flaw = findFlaw(uri);
  if (flaw !== null) return flaw;
  if (/^https?:/.test(uri)) return findWebProblem(uri);
  if (kind !== 'native') return problem('address_scheme');
  return PRIVATE_SCHEME.test(uri) ? null : problem('address_native_scheme');
}

/** What Portico itself calls, or a page shows. */
export function findWebProblem(uri: string): AddressProblem | null {
  const flaw = findFlaw(uri);
  if (flaw !== null) return flaw;
  if (!/^https?:\/\//.test(uri)) return problem('address_scheme');
  const url = new URL(uri);
  // `@` before the host is a name and a password, and a way to make a host look like another one.
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?]*@/.test(uri)) return problem('address_credentials');
  return url.protocol === 'https:' || isLoopbackHost(url.hostname) ? null : problem('address_plain');
}

export function findOriginProblem(origin: string): AddressProblem | null {
  const found = findWebProblem(`${origin}/`);
  if (found !== null) return found.flaw === 'address_respelled' ? problem('address_origin') : found;
  return new URL(origin).origin === origin ? null : problem('address_origin');
}

/** Whether a host name can only mean this machine (RFC 6761 6.3: every name under `localhost` does). As in URLs, IPv6 stands in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/**
 * What no address may have. It must be written as browsers write it: what is compared character by character later must mean to a
 * browser what it says, so no dot segments, no backslash, no other spelling of a host.
 */
function findFlaw(uri: string): AddressProblem | null {
  if (uri.length > ADDRESS_MAX) return problem('address_long');
  if (!/^[\x21-\x7e]+$/.test(uri)) return problem('address_characters');
  if (uri.includes('#')) return problem('address_fragment');
  if (uri.includes('*')) return problem('address_wildcard');
  if (/(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\?]|%2f|%5c|$)/i.test(uri.replace(/^[^:]*:\/*/, '/'))) return problem('address_dots');
  if (!URL.canParse(uri)) return problem('address_relative');
  const { href } = new URL(uri);
  return href === uri ? null : { flaw: 'address_respelled', written: href };
}

function problem(flaw: AddressFlaw): AddressProblem {
  return { flaw, written: null };
}
