import { REVOCATIONS } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { OTHER } from '../platform/figures.ts';
import { duringRequest } from '../platform/request-id.ts';
import type { LabelsOf } from '../platform/tally.ts';

/** They last as long as somebody listens, which says nothing about how fast an answer is. */
const LASTING: readonly string[] = [REVOCATIONS.stream, REVOCATIONS.poll];
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/**
 * Gives every request its name in the log, and counts every answer, by the path as it is registered, never as it was sent. Where it is
 * asked for, each answer has its line too.
 */
export function watchRequests(app: FastifyInstance, deps: Deps): void {
  app.addHook('onRequest', (request, _, done) => duringRequest(request.id, done));
  for (const way of Object.keys(deps.config.providers)) deps.tally.admit('way', way);
  app.addHook('onRoute', ({ url }) => deps.tally.admit('route', url));
  app.addHook('onResponse', (request, reply, done) => {
    const { url: route = OTHER } = request.routeOptions;
    const method = methodOf(request);
    deps.tally.count('requests', { method, route, status: CLASSES[Math.floor(reply.statusCode / 100) - 1] ?? OTHER });
    if (!LASTING.includes(route)) deps.tally.observe('requestSeconds', { method, route }, reply.elapsedTime / 1000);
    if (deps.config.accessLog === 'on') deps.log.info(lineOf(request, reply), 'request');
    done();
  });
}

/** Never an address, a name, a query or a body: who asked is in the audit log, where it matters. */
function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const trace = traceOf(request);
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime * 10) / 10,
    ...(trace === null ? {} : { trace }),
  };
}

/** W3C Trace Context 3.2: noted, for whoever looks for it there, and trusted in nothing. */
function traceOf({ headers: { traceparent } }: FastifyRequest): string | null {
  return typeof traceparent === 'string'
    ? (/^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent)?.[1] ?? null)
    : null;
}

/** Whatever else somebody sends as a method becomes `other` in the tally. */
function methodOf(request: FastifyRequest): LabelsOf<'requests'>['method'] {
  return request.method;
}
