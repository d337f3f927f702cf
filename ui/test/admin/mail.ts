import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const HOUR = 3_600_000;
const none = { waiting: 0, givenUp: 0 };
const letter = {
  id: '01767614400000000-AbCdEfGhIjKl',
  to: 'ada@example.com',
  kind: 'verifyAddress',
  createdAt: NOW - HOUR,
  tries: 6,
  nextTryAt: NOW + HOUR / 4,
  givenUpAt: null,
  problem: 'ECONNREFUSED',
} as const;
const logout = {
  id: 'o3JpQ9sVw0cX2bN7hLtYfg',
  site: { id: 'notes', name: 'Notes' },
  uri: 'https://notes.example.net/auth/backchannel-logout',
  userId: 'u1A4S0aQZkq2m6oT8xvRwg',
  sessionId: 'k3JpQ9sVw0cX2bN7hLtYfg',
  createdAt: NOW - HOUR,
  tries: 5,
  nextTryAt: null,
  givenUpAt: NOW - HOUR / 2,
  problem: 'status 404',
} as const;

export const mailSamples: readonly AdminSample<'mail'>[] = [
  {
    name: 'mail-empty',
    screen: 'mail',
    address: '/admin/mail',
    content: {
      list: 'letters',
      state: 'waiting',
      letters: { items: [], next: null },
      logouts: null,
      counts: { letters: none, logouts: none },
      mailServer: false,
    },
  },
  {
    name: 'mail-letters',
    screen: 'mail',
    address: '/admin/mail?list=letters&state=waiting',
    content: {
      list: 'letters',
      state: 'waiting',
      letters: {
        items: [letter, { ...letter, id: '01767614400000001-AbCdEfGhIjKl', to: null, kind: null, tries: 0, problem: null }],
        next: 'cursor',
      },
      logouts: null,
      counts: { letters: { waiting: 1000, givenUp: 2 }, logouts: { waiting: 0, givenUp: 1 } },
      mailServer: true,
    },
    form: {
      act: 'dropMail',
      at: `/admin/do/mail/letters/${letter.id}/drop`,
      state: { values: {}, error: 'invalid_fields', fields: { confirm: 'confirm_differs' }, retryAfter: null },
    },
  },
  {
    name: 'mail-letters-given-up',
    screen: 'mail',
    address: '/admin/mail?list=letters&state=given_up',
    content: {
      list: 'letters',
      state: 'given_up',
      letters: { items: [{ ...letter, to: null, kind: null, nextTryAt: null, givenUpAt: NOW }], next: null },
      logouts: null,
      counts: { letters: { waiting: 0, givenUp: 1 }, logouts: none },
      mailServer: true,
    },
  },
  {
    name: 'mail-logouts',
    screen: 'mail',
    address: '/admin/mail?list=logouts&state=given_up',
    done: { act: 'retryLogout', body: {} },
    content: {
      list: 'logouts',
      state: 'given_up',
      letters: null,
      logouts: { items: [logout, { ...logout, id: 'o4JpQ9sVw0cX2bN7hLtYfg', site: { id: 'gone', name: null } }], next: null },
      counts: { letters: none, logouts: { waiting: 0, givenUp: 2 } },
      mailServer: true,
    },
  },
];
