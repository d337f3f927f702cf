import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createPorticoSite, type SiteOptions } from '@portico/server/site';
import { siteForNode } from '@portico/server/site/node';

/** A site with a backend of its own: it keeps the user's tokens in its own cookies, and never sees a password. */
export function createSite(options: SiteOptions): { readonly server: Server; readonly ready: Promise<void> } {
  const site = createPorticoSite(options);
  const { handle, requireUser } = siteForNode(site);
  const send = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await handle(request, response)) return;
    switch (`${request.method} ${request.url?.split('?')[0]}`) {
      case 'GET /':
        return void send(response, 200, { site: options.clientId, signIn: site.signInPath(), page: '/notes' });
      case 'GET /notes': {
        const user = await requireUser(request, response);
        return user === null ? undefined : void send(response, 200, { of: user.displayName, notes: [] });
      }
      default:
        return void send(response, 404, { error: 'not_found' });
    }
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.on('close', () => site.close());
  return { server, ready: site.ready };
}
