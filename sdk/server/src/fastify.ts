import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PorticoError } from './errors.ts';
import type { Needs } from './needs.ts';
import type { VerifierOptions } from './options.ts';
import type { VerifiedUser } from './user.ts';
import { createVerifier, type Verifier } from './verifier.ts';

declare module 'fastify' {
  interface FastifyInstance {
    portico: Verifier;
    /**
     * A hook that lets only such users through; then `request.user` is one. As `onRequest` it refuses before a body is read, as `preHandler` after.
     * Throws TypeError for needs that make no sense.
     */
    requireUser(needs?: Needs): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;
  }
  interface FastifyRequest {
    user: VerifiedUser;
  }
}

/** Fastify plugin: `await app.register(portico, { issuer, audience, clientSecret })`. The verifier closes with the app. */
export async function portico(app: FastifyInstance, options: VerifierOptions): Promise<void> {
  const verifier = createVerifier(options);
  app.decorate('portico', verifier);
  app.decorateRequest('user');
  app.decorate('requireUser', (needs?: Needs) => {
    const check = verifier.guard(needs);
    return async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        request.user = await check(request);
        return;
      } catch (error) {
        if (!(error instanceof PorticoError)) throw error;
        return reply.code(error.status).headers(error.headers).send(error.body);
      }
    };
  });
  app.addHook('onClose', async () => verifier.close());
}

// As fastify-plugin does: what is decorated here belongs to the app that registers it, not to a scope of its own.
Object.assign(portico, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: '@portico/server' });
