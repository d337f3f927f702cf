import { createPorticoSite } from '@portico/server/site';
import { siteForSvelteKit } from '@portico/server/site/sveltekit';
import { error } from '@sveltejs/kit';

const site = createPorticoSite({
  issuer: 'http://localhost:4000',
  clientId: 'notes',
  clientSecretFile: '.portico/notes.secret',
  baseUrl: 'http://localhost:3000',
});

export const { handle, requireUser } = siteForSvelteKit(site, error);
