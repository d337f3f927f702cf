import { porticoSite, type SiteOptions } from '@portico/server/site/fastify';
import Fastify, { type FastifyInstance } from 'fastify';

export async function createApp(options: SiteOptions): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(porticoSite, options);
  const { requireUser } = app.porticoSite;
  app.get('/notes', { preHandler: requireUser() }, async ({ siteUser }) => ({ of: siteUser.displayName }));
  app.post('/notes', { preHandler: requireUser() }, async ({ siteUser }) => ({ addedBy: siteUser.id }));
  app.delete('/notes', { preHandler: requireUser({ role: 'editor', fresh: '5m' }) }, async () => ({ deleted: true }));
  return app;
}
