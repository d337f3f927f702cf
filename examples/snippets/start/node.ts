import { createServer } from 'node:http';
import { createPorticoSite } from '@portico/server/site';
import { siteForNode } from '@portico/server/site/node';

const site = createPorticoSite({
  issuer: 'http://localhost:4000',
  clientId: 'notes',
  clientSecretFile: '.portico/notes.secret',
  baseUrl: 'http://localhost:3000',
});
const { handle, requireUser } = siteForNode(site);

const server = createServer((request, response) => {
  void handle(request, response).then(async (answered) => {
    if (answered) return;
    if (request.url === '/me') {
      const user = await requireUser(request, response);
      if (user !== null) response.end(JSON.stringify(user));
      return;
    }
    response.setHeader('content-type', 'text/html').end('<a href="/auth/login?returnTo=/me">Sign in</a>');
  });
});
server.listen(3000);
