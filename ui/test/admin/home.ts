import type { HomeContent } from '../../src/admin/views/index.ts';
import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const HOUR = 3_600_000;
const none = { count: 0, more: false };
const first = Math.floor(NOW / HOUR) * HOUR - 23 * HOUR;
/** A night, a morning, and an attack at its end. */
const hours = Array.from({ length: 24 }, (_, n) => ({
  at: first + n * HOUR,
  succeeded: n < 7 ? n % 3 : 40 + ((n * 37) % 90),
  failed: n === 20 ? 180 : n % 5,
  held: n === 20 ? 24 : n % 4 === 0 ? 1 : 0,
}));

const content: HomeContent = {
  now: NOW,
  hours,
  people: { day: { count: 1834, more: false }, week: { count: 9120, more: true } },
  accounts: { day: { count: 12, more: false }, week: { count: 96, more: false } },
  sessions: { active: { count: 50_000, more: true }, held: { count: 2, more: false }, waiting: { count: 7, more: false } },
  networks: { count: 1, more: false },
  unsealed: { count: 14, more: false, oldestAt: NOW - 4000 },
  letters: { waiting: 3, givenUp: 1 },
  logouts: { waiting: 2, givenUp: 0 },
  reasons: [
    { kind: 'failed', reason: 'wrong_credentials', count: 204 },
    { kind: 'throttled', reason: 'wrong-network', count: 31 },
    { kind: 'held', reason: 'new_device', count: 24 },
  ],
  setUp: [
    { name: 'owner', done: true },
    { name: 'https', done: true },
    { name: 'mail', done: false },
    { name: 'site', done: false },
    { name: 'backups', done: null },
  ],
};

export const homeSamples: readonly AdminSample<'home'>[] = [
  { name: 'home', screen: 'home', address: '/admin', content },
  {
    name: 'home-new',
    screen: 'home',
    address: '/admin',
    content: {
      ...content,
      hours: hours.map(({ at }) => ({ at, succeeded: 0, failed: 0, held: 0 })),
      people: { day: none, week: none },
      accounts: { day: none, week: none },
      sessions: { active: none, held: none, waiting: none },
      networks: none,
      unsealed: { count: 2, more: false, oldestAt: NOW - 2 * HOUR },
      reasons: [],
      setUp: content.setUp.map(({ name }) => ({ name, done: true })),
    },
  },
];
