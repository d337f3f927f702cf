import { portico } from '@portico/server/fastify';
import Fastify from 'fastify';

const app = Fastify();
await app.register(portico, { issuer: 'http://localhost:4000', audience: 'notes' });
app.get('/api/me', { onRequest: app.requireUser() }, async ({ user }) => ({ id: user.id, roles: user.roles }));
await app.listen({ port: 3001 });
