import { lookup as lookUp } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isLoopbackHost } from './loopback.ts';

/**
 * Calls to addresses that somebody registered: a client site says where it wants to be told. Whoever may register one must not reach
 * through us what only we can reach: this machine, the network it stands in, a cloud's own metadata (CWE-918).
 */

/** What may be called beside https on the public internet. */
export interface OutgoingRules {
  readonly plainHttp: boolean;
  readonly loopback: boolean;
  /** CIDR ranges of the operator's own. */
  readonly networks: readonly string[];
}

/** Where nothing is registered: the strictest. */
export const PUBLIC_ONLY: OutgoingRules = { plainHttp: false, loopback: false, networks: [] };

/** One sentence for every reason: what a name leads to inside is nobody's to learn. */
export class OutgoingRefused extends Error {
  constructor() {
    super('the address is not one that may be called');
    this.name = 'OutgoingRefused';
  }
}

/** What of an answer is read at most. */
const ANSWER_MAX = 65_536;

/** Resolves a name, as `dns.lookup` does with `all`. */
export type LookUp = (
  hostname: string,
  options: { readonly all: true; readonly verbatim: true },
  answer: (cause: Error | null, addresses: readonly { readonly address: string; readonly family: number }[]) => void,
) => void;

/** Whether an address may be registered: as far as it can be told without asking anybody who a name is. */
export function mayBeCalled(rules: OutgoingRules, text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !(url.protocol === 'https:' || (rules.plainHttp && url.protocol === 'http:'))) return false;
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) !== 0) return isAllowedAddress(rules, host);
  return !isLoopbackHost(host) || rules.loopback;
}

/** Public, or in a range that the operator allowed. A mapped address is the one inside; what wraps one otherwise (NAT64, 6to4, Teredo) is not public. */
export function isAllowedAddress(rules: OutgoingRules, address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  const kind = parsed.range();
  if (kind === 'loopback' && rules.loopback) return true;
  const listed = rules.networks
    .map((range) => ipaddr.parseCIDR(range))
    .some(([first, bits]) => {
      return first.kind() === parsed.kind() && parsed.match(first, bits);
    });
  return listed || (kind === 'unicast' && isGivenOut(parsed));
}

/** All that was ever given out of IPv6 is 2000::/3. */
function isGivenOut(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.kind() === 'ipv4' || ((address.toByteArray()[0] ?? 0) & 0xe0) === 0x20;
}

/**
 * Posts a form and answers the status. One connection, to an address that was looked up once and looked at (DNS rebinding: a second look
 * could be answered otherwise); a name with one foot inside is not called at all. No redirect is followed. Rejects when nobody answers in time.
 */
export function createPost(
  rules: OutgoingRules,
  within: number,
  resolve: LookUp = lookUp,
): (url: string, form: URLSearchParams) => Promise<number> {
  const lookup = guarded(rules, resolve);
  return (url, form) =>
    new Promise((done, fail) => {
      if (!mayBeCalled(rules, url)) return fail(new OutgoingRefused());
      const body = form.toString();
      const send = url.startsWith('https:') ? requestHttps : requestHttp;
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body), accept: '*/*' };
      const options = {
        method: 'POST',
        headers,
        lookup,
        agent: false,
        maxHeaderSize: 16_384,
        signal: AbortSignal.timeout(within),
      } as const;
      const asked = send(new URL(url), options, (response) => {
        let read = 0;
        response.on('data', (part: Buffer) => {
          read += part.length;
          if (read > ANSWER_MAX) response.destroy();
        });
        response.on('error', () => undefined);
        done(response.statusCode ?? 0);
      });
      asked.on('error', fail);
      asked.end(body);
    });
}

function guarded(rules: OutgoingRules, resolve: LookUp): LookupFunction {
  return (hostname, options, answer) => {
    const give = (addresses: readonly { readonly address: string; readonly family: number }[]) => {
      const first = addresses[0];
      const allowed = first !== undefined && addresses.every(({ address }) => isAllowedAddress(rules, address));
      if (!allowed) return answer(new OutgoingRefused(), '', 0);
      return options.all === true ? answer(null, [...addresses]) : answer(null, first.address, first.family);
    };
    // RFC 6761 6.3: these names are this machine, whatever anybody else says.
    if (isLoopbackHost(hostname)) return give([{ address: '127.0.0.1', family: 4 }]);
    resolve(hostname, { all: true, verbatim: true }, (cause, addresses) => (cause === null ? give(addresses) : answer(cause, '', 0)));
  };
}
