import { createPorticoSite } from '@portico/server/site';

export const site = createPorticoSite({
  issuer: 'http://localhost:4000',
  clientId: 'notes',
  clientSecretFile: '.portico/notes.secret',
  baseUrl: 'http://localhost:3000',
});
