import { portico } from '@portico/server/fastify';
import Fastify from 'fastify';

const app = Fastify();
await app.register(portico, {
  issuer: process.env['PORTICO_ISSUER'] ?? 'http://localhost:4000',
  audience: 'notes', // the client id of this site
  clientSecret: process.env['PORTICO_CLIENT_SECRET'] ?? '',
});

app.get('/me', { onRequest: app.requireUser() }, (request) => ({ id: request.user.id }));

const mayDelete = app.requireUser({ role: 'editor', fresh: '5m', revocation: 'reject' });
app.delete('/notes/:id', { onRequest: mayDelete }, (request) => ({ deletedBy: request.user.id }));

await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
