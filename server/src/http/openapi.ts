import fastifySwagger from '@fastify/swagger';
import { SYSTEM } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';

/** The OpenAPI document is made from the schemas that validate, so it cannot say anything else than what is true. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Portico', description: 'One sign-in for all your web apps and games.', version: '1' } },
    hideUntagged: false,
  });
  app.get(SYSTEM.openapi, { schema: { hide: true } }, async () => app.swagger());
}
