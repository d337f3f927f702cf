import { createPorticoSite, type SiteOptions } from '@portico/server/site';
import { siteForHono } from '@portico/server/site/hono';
import { Hono } from 'hono';

export function createApp(options: SiteOptions) {
  const site = createPorticoSite(options);
  const { routes, requireUser } = siteForHono(site);
  const app = new Hono();
  app.use(routes);
  app.get('/notes', requireUser(), (c) => c.json({ of: c.var.siteUser.displayName }));
  app.post('/notes', requireUser(), (c) => c.json({ addedBy: c.var.siteUser.id }));
  app.delete('/notes', requireUser({ role: 'editor', fresh: '5m' }), (c) => c.json({ deleted: true }));
  return { app, site };
}
