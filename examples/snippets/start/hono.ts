import { serve } from '@hono/node-server';
import { createPorticoSite } from '@portico/server/site';
import { siteForHono } from '@portico/server/site/hono';
import { Hono } from 'hono';

const site = createPorticoSite({
  issuer: 'http://localhost:4000',
  clientId: 'notes',
  clientSecretFile: '.portico/notes.secret',
  baseUrl: 'http://localhost:3000',
});
const { routes, requireUser } = siteForHono(site);

const app = new Hono();
app.use(routes);
app.get('/', (c) => c.html('<a href="/auth/login?returnTo=/me">Sign in</a>'));
app.get('/me', requireUser(), (c) => c.json(c.var.siteUser));
serve({ fetch: app.fetch, port: 3000 });
