import { createPorticoSite } from '@portico/server/site';
import { siteForExpress } from '@portico/server/site/express';
import express from 'express';

const site = createPorticoSite({
  issuer: 'http://localhost:4000',
  clientId: 'notes',
  clientSecretFile: '.portico/notes.secret',
  baseUrl: 'http://localhost:3000',
});
const { routes, requireUser } = siteForExpress(site);

const app = express();
app.use(routes);
app.get('/', (_, response) => void response.send('<a href="/auth/login?returnTo=/me">Sign in</a>'));
app.get('/me', requireUser(), (request, response) => void response.json(request.siteUser));
app.listen(3000);
