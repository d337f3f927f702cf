import type { PageSettings } from '../src/settings.ts';
import { element, find } from './element.ts';

/** Fills in what the server told this page. */
export function startPage(): PageSettings {
  const settings = JSON.parse(document.documentElement.dataset['settings'] ?? '') as PageSettings;
  document.title = `${settings.name}: demo of Portico`;
  for (const place of document.querySelectorAll<HTMLElement>('[data-text]'))
    place.textContent = place.dataset['text'] === 'lead' ? settings.lead : settings.name;
  find('#links').append(...settings.links.map(({ text, address }) => element('li', {}, element('a', { href: address }, text))));
  return settings;
}
