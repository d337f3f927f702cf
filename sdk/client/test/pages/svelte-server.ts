import { render } from 'svelte/server';
import { fakePortico } from '../fake-portico.ts';
import Who from './who.svelte';

const portico = fakePortico();
portico.signedIn('ada');

export const html: string = render(Who, { props: { portico } }).body;
export const listeners: number = portico.listeners();
