import { createPorticoSite, type SiteOptions } from '@portico/server/site';
import { siteForExpress } from '@portico/server/site/express';
import express from 'express';

export function createApp(options: SiteOptions) {
  const site = createPorticoSite(options);
  const { routes, requireUser } = siteForExpress(site);
  const app = express();
  app.use(routes);
  app.get('/notes', requireUser(), (request, response) => void response.json({ of: request.siteUser?.displayName }));
  app.post('/notes', requireUser(), (request, response) => void response.json({ addedBy: request.siteUser?.id }));
  app.delete('/notes', requireUser({ role: 'editor', fresh: '5m' }), (_, response) => void response.json({ deleted: true }));
  return { app, site };
}
