import { portico, userOf } from '@portico/server/express';
import express from 'express';

const { requireUser } = portico({
  issuer: process.env['PORTICO_ISSUER'] ?? 'http://localhost:4000',
  audience: 'notes', // the client id of this site
  clientSecret: process.env['PORTICO_CLIENT_SECRET'] ?? '',
});

const app = express();

app.get('/me', requireUser(), (request, response) => {
  response.json({ id: userOf(request).id });
});

app.delete('/notes/:id', requireUser({ role: 'editor', fresh: '5m', revocation: 'reject' }), (request, response) => {
  response.json({ deletedBy: userOf(request).id });
});

app.listen(Number(process.env['PORT'] ?? 3000));
