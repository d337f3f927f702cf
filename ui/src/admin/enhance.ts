import './style/index.css';
import { momentText } from '../wording.ts';
import { checkAddresses } from './check-addresses.ts';

/** What a document cannot do by itself. Everything here may fail, and the page still works. */

const root = document.documentElement;

/** A second click on a slow line must not act twice. The page comes back from the browser's memory as it was before. */
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== 'post') return;
  if (form.dataset['sent'] !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset['sent'] = '';
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-busy', 'true');
});
// A page from the browser's memory may belong to somebody who signed out since.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof Element && event.target.closest('input, textarea, select') !== null) return;
  const search = document.querySelector<HTMLInputElement>('[data-search]');
  if (search === null) return;
  event.preventDefault();
  search.focus();
  search.select();
});

if (window.isSecureContext) {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', () => void copy(button));
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(button.dataset['copy'] ?? '');
    button.textContent = button.dataset['copied'] ?? '';
  } catch {
    button.hidden = true;
  }
}

for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-moment]')) {
  time.textContent = momentText(root.lang, Date.parse(time.dateTime), undefined);
}

checkAddresses();
const clock = new Intl.DateTimeFormat(root.lang, { hour: '2-digit', minute: '2-digit' });
for (const label of document.querySelectorAll<SVGTextElement>('text[data-hour]')) {
  label.textContent = clock.format(Number(label.dataset['hour']));
}

// Whoever drives the page from outside waits for it.
root.dataset['alive'] = '';
