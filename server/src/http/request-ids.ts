import { HEADERS } from '@portico/protocol/cookies';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import type { Deps } from '../deps.ts';
import { boundedMemo } from '../platform/bounded-memo.ts';

/** What a proxy may call a request: long enough to be one of a kind, and nothing that could break a line or a page. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._-]{15,63}$/;
/** Proxies whose addresses are remembered as such. */
const PEERS_MAX = 500;

/**
 * A name for each request: this process's own random part, and a number. Names a line in the log, and opens nothing. A declared proxy may
 * have named it before, so that its log and ours speak of the same; a stranger's word for it would let them forge one in our log.
 */
export function requestIds({
  config,
  random,
}: Pick<Deps, 'config' | 'random'>): (request: Pick<FastifyRequest['raw'], 'headers' | 'socket'>) => string {
  const process = random(6).toString('base64url');
  let count = 0;
  const ranges = config.trustedProxies.map((range) => ipaddr.parseCIDR(range));
  const isProxy = boundedMemo(PEERS_MAX, (address) => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([first, bits]) => first.kind() === parsed.kind() && parsed.match(first, bits));
  });
  return ({ headers, socket }) => {
    const given = ranges.length === 0 ? undefined : headers[HEADERS.requestId];
    if (typeof given === 'string' && WELL_FORMED.test(given) && isProxy(socket.remoteAddress ?? '')) return given;
    return `${process}${(count++).toString(36).padStart(4, '0')}`;
  };
}
