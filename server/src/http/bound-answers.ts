import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answered, during, newWait, type Wait } from '../platform/deadline.ts';
import { defaultRetryAfter } from './errors.ts';

/** Trouble behind us is told within three seconds: what a request waits for has to be there a little before. In milliseconds. */
const ANSWER_WITHIN = 2850;

/** Gives every request its end. How long its body was under way is the caller's own time. */
export function boundAnswers(app: FastifyInstance): void {
  const waits = new WeakMap<FastifyRequest, Wait>();
  app.addHook('onRequest', (request, _, done) => {
    const wait = newWait(ANSWER_WITHIN);
    waits.set(request, wait);
    during(wait, done);
  });
  app.addHook('preParsing', (request, _, __, done) => {
    waits.get(request)?.pause();
    done();
  });
  // Once more: what runs after a body was read runs on behalf of the socket that brought it.
  app.addHook('preValidation', (request, _, done) => {
    const wait = waits.get(request);
    wait?.resume();
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
