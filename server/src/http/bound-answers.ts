import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answered, during, type Wait } from '../platform/deadline.ts';
import { defaultRetryAfter } from './errors.ts';

/** What a request waits for, it waits for once: trouble behind us is told within three seconds. */
export function boundAnswers(app: FastifyInstance): void {
  const waits = new WeakMap<FastifyRequest, Wait>();
  app.addHook('onRequest', (request, _, done) => {
    const wait = { isOver: false };
    waits.set(request, wait);
    during(wait, done);
  });
  // Once more: what runs after a body was read runs on behalf of the socket that brought it.
  app.addHook('preValidation', (request, _, done) => {
    const wait = waits.get(request);
    if (wait === undefined) done();
    else during(wait, done);
  });
  app.addHook('onSend', (_, reply, __, done) => {
    answered();
    // Whichever page or call says it: whoever is sent away hears when to come back.
    const retryAfter = defaultRetryAfter(reply.statusCode);
    if (retryAfter !== null && !reply.hasHeader('retry-after')) reply.header('retry-after', String(retryAfter));
    done();
  });
}
