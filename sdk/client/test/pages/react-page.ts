import { createElement } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { fakePortico } from '../fake-portico.ts';
import { App } from './react-app.ts';

const portico = fakePortico();
// Known before the page is taken over: what the server wrote is already old.
portico.signedIn('ada');
const root = document.getElementById('root');
if (root !== null)
  hydrateRoot(root, createElement(App, { portico }), { onRecoverableError: (error) => console.error('not as the server wrote it', error) });
Object.assign(globalThis, { portico });
