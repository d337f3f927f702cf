import { type Component, hydrate } from 'svelte';
import { DATA_ID, ROOT_ID } from './document-ids.ts';
import type { PageProps } from './page-props.ts';
import type { PageName } from './views.ts';
import './style/index.css';

/** Brings a page that the server rendered to life. */
export function start<P extends PageName>(page: Component<PageProps<P>>): void {
  const target = document.getElementById(ROOT_ID);
  const data = document.getElementById(DATA_ID)?.textContent;
  if (target === null || data === undefined) return;
  hydrate(page, { target, props: JSON.parse(data) as PageProps<P> });
  // Whoever drives the page from outside waits for it.
  document.documentElement.dataset['alive'] = '';
}
