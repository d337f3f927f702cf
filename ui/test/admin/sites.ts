import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const DAY = 86_400_000;

export const sitesSamples: readonly AdminSample<'sites'>[] = [
  { name: 'sites-empty', screen: 'sites', address: '/admin/sites', content: { items: [], next: null } },
  {
    name: 'sites',
    screen: 'sites',
    address: '/admin/sites?kind=',
    content: {
      items: [
        { clientId: 'notes-0a1b2c3d4e', name: 'Notes', kind: 'web', disabledAt: null, createdAt: NOW - 90 * DAY },
        { clientId: 'second', name: 'Second sign-in of the company', kind: 'secondary', disabledAt: NOW - DAY, createdAt: NOW - 40 * DAY },
        { clientId: 'space-snake-5f6a7b8c9d', name: 'Space Snake', kind: 'spa', disabledAt: null, createdAt: NOW - 3 * DAY },
      ],
      next: 'cursor',
    },
  },
  {
    name: 'sites-support',
    screen: 'sites',
    role: 'support',
    address: '/admin/sites?search=nobody',
    content: { items: [], next: null },
  },
];
