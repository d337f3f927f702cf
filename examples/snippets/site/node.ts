import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createPorticoSite, type SiteOptions } from '@portico/server/site';
import { siteForNode } from '@portico/server/site/node';

const NEEDS = { GET: {}, POST: {}, DELETE: { role: 'editor', fresh: '5m' } };

export function createApp(options: SiteOptions) {
  const site = createPorticoSite(options);
  const own = siteForNode(site);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (await own.handle(request, response)) return;
    const method = request.method as keyof typeof NEEDS;
    if (request.url !== '/notes' || NEEDS[method] === undefined) return void response.writeHead(404).end();
    const user = await own.requireUser(request, response, NEEDS[method]);
    if (user === null) return;
    const body = { GET: { of: user.displayName }, POST: { addedBy: user.id }, DELETE: { deleted: true } }[method];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const app = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  return { app, site };
}
