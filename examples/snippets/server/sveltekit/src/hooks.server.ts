import { portico } from '@portico/server/sveltekit';
import { error } from '@sveltejs/kit';

export const handle = portico({
  issuer: process.env['PORTICO_ISSUER'] ?? 'http://localhost:4000',
  audience: 'notes', // the client id of this site
  clientSecret: process.env['PORTICO_CLIENT_SECRET'] ?? '',
  error,
});
