import { createPortico } from '@portico/client';

const portico = createPortico({ issuer: 'http://localhost:4000', clientId: 'notes' });
await portico.ready; // portico.session says who is signed in, portico.subscribe tells of changes
export const signIn = () => portico.signIn(); // leaves for the sign-in page, and comes back here
export const signOut = () => portico.signOut(); // at all sites; { everywhere: true }: on all devices
export const notes = await portico.fetch('/api/notes'); // with the access token, renewed where needed
