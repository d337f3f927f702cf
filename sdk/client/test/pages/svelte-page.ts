import { hydrate, unmount } from 'svelte';
import { fakePortico } from '../fake-portico.ts';
import Who from './who.svelte';

const portico = fakePortico();
const target = document.getElementById('root');
portico.signedIn('ada');
if (target !== null) {
  const shown = hydrate(Who, { target, props: { portico } });
  Object.assign(globalThis, { portico, close: () => unmount(shown) });
}
