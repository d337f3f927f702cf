import { Refusal } from '@portico/protocol/errors';
import { SYSTEM } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { isLoopbackAddress } from '../guessing/network-address.ts';
import { sameBytes, sha256 } from '../platform/crypto.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { createMetricsPage } from './metrics-page.ts';

/**
 * GET /metrics, in the text form of Prometheus. How many sign in here, and how many fail, is nobody's business but the operator's: it takes
 * PORTICO_METRICS_TOKEN. Without that setting it is not there; only a developer's own machine may look.
 */
export function registerMetrics(app: FastifyInstance, deps: Deps): void {
  const page = createMetricsPage(deps);
  app.get(SYSTEM.metrics, { exposeHeadRoute: false, schema: { hide: true } }, async (request, reply) => {
    if (!isOperator(deps, request)) {
      // Without the setting there is nothing that a token could open.
      if (deps.config.metricsToken === '') throw new Refusal('not_found');
      reply.header('www-authenticate', 'Bearer realm="portico metrics"');
      throw new Refusal('client_refused');
    }
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await page());
  });
}

function isOperator({ config }: Deps, request: FastifyRequest): boolean {
  if (config.metricsToken === '') return config.mode !== 'production' && isFromHere(request);
  const shown = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  // Hashes have one length: neither it nor the first difference shows in the time.
  return sameBytes(sha256(shown), sha256(config.metricsToken));
}

/** Both: a stranger's name that points at this machine (DNS rebinding) is no name of it. */
function isFromHere(request: FastifyRequest): boolean {
  const named = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? '';
  return isLoopbackHost(named) && isLoopbackAddress(request.socket.remoteAddress ?? '');
}
