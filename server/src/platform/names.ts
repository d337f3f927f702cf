import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackHost } from './loopback.ts';
import type { LookUp } from './outgoing.ts';

/** What names lead to, as this machine sees it. */
export interface Names {
  readonly lookUp: LookUp;
  /** TXT records, each as one text; none where there is no such name. Rejects when no name server answers. */
  readonly textsOf: (name: string) => Promise<readonly string[]>;
}

/** A name server gets this long, in milliseconds. */
const ANSWER_WITHIN = 2000;

export function createNames(): Names {
  return {
    // The system's own way, hosts file and all: that is how Portico itself will connect.
    lookUp: (hostname, options, answer) => lookup(hostname, options, answer),
    textsOf: async (name) => {
      const resolver = new Resolver({ timeout: ANSWER_WITHIN, tries: 1 });
      try {
        return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOTFOUND' || cause.code === 'ENODATA')) return [];
        throw cause;
      }
    },
  };
}

/** An address stands for itself, and the names of this machine for this machine (RFC 6761 6.3). Rejects with the resolver's error. */
export function addressesOf({ lookUp }: Pick<Names, 'lookUp'>, host: string): Promise<readonly string[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0) return Promise.resolve([bare]);
  if (isLoopbackHost(bare)) return Promise.resolve(['127.0.0.1']);
  return new Promise((resolve, reject) => {
    lookUp(bare, { all: true, verbatim: true }, (cause, addresses) =>
      cause === null ? resolve(addresses.map(({ address }) => address)) : reject(cause),
    );
  });
}

/** For connections. */
export function lookupWith(names: Pick<Names, 'lookUp'>): LookupFunction {
  return (hostname, options, answer) => {
    addressesOf(names, hostname).then(
      (found) => {
        const addresses = found.map((address) => ({ address, family: isIP(address) }));
        const [first] = addresses;
        if (first === undefined) return answer(Object.assign(new Error('the name leads nowhere'), { code: 'ENODATA' }), '', 0);
        return options.all === true ? answer(null, addresses) : answer(null, first.address, first.family);
      },
      (cause: NodeJS.ErrnoException) => answer(cause, '', 0),
    );
  };
}
