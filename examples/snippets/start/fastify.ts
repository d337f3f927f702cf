import { porticoSite } from '@portico/server/site/fastify';
import Fastify from 'fastify';

const app = Fastify();
await app.register(porticoSite, {
  issuer: 'http://localhost:4000',
  clientId: 'notes',
  clientSecretFile: '.portico/notes.secret',
  baseUrl: 'http://localhost:3000',
});
app.get('/', (_, reply) => reply.type('text/html').send('<a href="/auth/login?returnTo=/me">Sign in</a>'));
app.get('/me', { preHandler: app.porticoSite.requireUser() }, async ({ siteUser }) => siteUser);
await app.listen({ port: 3000 });
