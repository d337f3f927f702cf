import { serve } from '@hono/node-server';
import { portico } from '@portico/server/hono';
import { Hono } from 'hono';

const { requireUser } = portico({
  issuer: process.env['PORTICO_ISSUER'] ?? 'http://localhost:4000',
  audience: 'notes', // the client id of this site
  clientSecret: process.env['PORTICO_CLIENT_SECRET'] ?? '',
});

const app = new Hono();

app.get('/me', requireUser(), (c) => c.json({ id: c.var.user.id }));

app.delete('/notes/:id', requireUser({ role: 'editor', fresh: '5m', revocation: 'reject' }), (c) => c.json({ deletedBy: c.var.user.id }));

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) });
