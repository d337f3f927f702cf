import { createPortico } from '@portico/client';
import { element, find } from './element.ts';
import { mountPanel } from './panel.ts';
import { startPage } from './start.ts';

/** The page of both sites with a backend: a note is its writer's own, a line of the wiki everybody's. */

interface Line {
  readonly text: string;
  readonly by?: string;
}

const settings = startPage();
const { issuer, clientId, app } = settings;
const portico = createPortico({ issuer, clientId, mode: 'site' });

mountPanel(find('#session'), {
  source: portico,
  settings,
  holds: 'In HttpOnly cookies of its own backend',
  call: async () => {
    const answer = await portico.fetch('/api/me');
    return `GET /api/me: ${answer.status} ${await answer.text()}`;
  },
});

const list = element('ul', { class: 'lines' });
const field = element('input', { id: 'text', name: 'text', maxlength: '200', required: '', autocomplete: 'off' });
const form = element(
  'form',
  {},
  element('div', { class: 'field' }, element('label', { for: 'text' }, 'New line'), field),
  element('button', { type: 'submit', 'data-look': 'primary' }, 'Add'),
);
const place = find('#lines');
const hint = element('p', {}, app === 'notes' ? 'Only you see them.' : 'Everybody reads it; who is signed in may add to it.');
place.append(element('h2', { id: 'lines-title' }, app === 'notes' ? 'Your notes' : 'The page'), hint, list, form);

async function read(): Promise<void> {
  const answer = await portico.fetch('/api/lines');
  const lines = answer.ok ? ((await answer.json()) as readonly Line[]) : [];
  list.replaceChildren(...lines.map(({ text, by }) => element('li', {}, by === undefined ? text : `${by}: ${text}`)));
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void portico
    .fetch('/api/lines', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: field.value }),
    })
    .then((answer) => {
      if (answer.ok) field.value = '';
      return read();
    });
});

const show = () => {
  const known = portico.session.user !== null;
  form.hidden = !known;
  place.hidden = app === 'notes' && !known;
  void read();
};
await portico.ready;
portico.subscribe(show);
show();
document.documentElement.dataset['alive'] = '';
