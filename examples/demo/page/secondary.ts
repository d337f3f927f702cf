import type { PorticoSession } from '@portico/client';
import { find } from './element.ts';
import { mountPanel } from './panel.ts';
import { createOwnSession } from './secondary-session.ts';
import { startPage } from './start.ts';

const settings = startPage();
const session = createOwnSession();
const shown = (next: PorticoSession) => next.status !== 'loading' && (document.documentElement.dataset['alive'] = '');

mountPanel(find('#session'), {
  source: session,
  settings,
  holds: 'A session of its own, asked about at Portico each second',
  call: async () => {
    const answer = await session.ask('/me');
    const { user } = answer.ok ? ((await answer.json()) as { readonly user: { readonly id: string } }) : { user: null };
    return `GET /me: ${answer.status} ${JSON.stringify(user)}`;
  },
});
session.subscribe(shown);
await session.restore();
