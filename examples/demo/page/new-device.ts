import type { PageSettings } from '../src/settings.ts';
import { element } from './element.ts';

const FORGOTTEN = 'forgotten';

/** No script can take an HttpOnly cookie away: a form goes to the server that can, which leads back here. */
export function forgetDevice({ newDevice }: Pick<PageSettings, 'newDevice'>): void {
  const form = element('form', { method: 'post', action: newDevice, hidden: '' });
  form.append(element('input', { type: 'hidden', name: 'returnTo', value: `${location.origin}/?${FORGOTTEN}` }));
  document.body.append(form);
  form.submit();
}

/** Once: a reload is no news. */
export function wasForgotten(): boolean {
  if (location.search !== `?${FORGOTTEN}`) return false;
  history.replaceState(null, '', '/');
  return true;
}
