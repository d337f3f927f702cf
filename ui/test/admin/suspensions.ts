import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const HOUR = 3_600_000;
const own = { address: '203.0.113.7', network: '203.0.113.7', suspended: false };
const guesser = {
  network: '198.51.100.23',
  reason: 'password',
  times: 3,
  tries: 50,
  suspendedAt: NOW - HOUR,
  until: NOW + 3 * HOUR,
} as const;

export const suspensionsSamples: readonly AdminSample<'suspensions'>[] = [
  {
    name: 'suspensions-empty',
    screen: 'suspensions',
    address: '/admin/suspensions',
    content: { items: [], next: null, allowed: [], own },
  },
  {
    name: 'suspensions',
    screen: 'suspensions',
    address: '/admin/suspensions?status=suspended',
    content: {
      items: [
        { ...guesser, status: 'suspended' },
        { ...guesser, network: own.network, status: 'suspended', reason: 'code' },
        { ...guesser, network: '2001:db8:85a3:8d3::/64', status: 'over', until: NOW - HOUR },
      ],
      next: 'cursor',
      allowed: [{ network: '192.0.2.0/24', note: 'The office in Lyon', createdAt: NOW - 40 * HOUR }],
      own: { ...own, suspended: true },
    },
    form: {
      act: 'allowNetwork',
      at: '/admin/do/suspensions/allow',
      state: { values: { network: '192.0.2.0/40', note: '' }, error: 'invalid_fields', fields: { network: 'malformed' }, retryAfter: null },
    },
  },
  {
    name: 'suspensions-support',
    screen: 'suspensions',
    address: '/admin/suspensions',
    role: 'support',
    done: { act: 'liftSuspension', body: {} },
    content: { items: [{ ...guesser, status: 'lifted' }], next: null, allowed: [], own },
  },
];
