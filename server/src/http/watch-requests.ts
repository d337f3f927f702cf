import { REVOCATIONS } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { OTHER } from '../platform/figures.ts';
import type { LabelsOf } from '../platform/tally.ts';

/** They last as long as somebody listens, which says nothing about how fast an answer is. */
const LASTING: readonly string[] = [REVOCATIONS.stream, REVOCATIONS.poll];
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Counts every answer, by the path as it is registered, never as it was sent. */
export function watchRequests(app: FastifyInstance, deps: Deps): void {
  for (const way of Object.keys(deps.config.providers)) deps.tally.admit('way', way);
  app.addHook('onRoute', ({ url }) => deps.tally.admit('route', url));
  app.addHook('onResponse', (request, reply, done) => {
    const { url: route = OTHER } = request.routeOptions;
    const method = methodOf(request);
    deps.tally.count('requests', { method, route, status: CLASSES[Math.floor(reply.statusCode / 100) - 1] ?? OTHER });
    if (!LASTING.includes(route)) deps.tally.observe('requestSeconds', { method, route }, reply.elapsedTime / 1000);
    done();
  });
}

/** Whatever else somebody sends as a method becomes `other` in the tally. */
function methodOf(request: FastifyRequest): LabelsOf<'requests'>['method'] {
  return request.method;
}
