import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const HOUR = 3_600_000;
const ada = { id: 'u1A4S0aQZkq2m6oT8xvRwg', email: 'ada@example.com', displayName: 'Ada Lovelace' };
const active = {
  id: 'k3JpQ9sVw0cX2bN7hLtYfg',
  status: 'active',
  user: ada,
  kind: 'browser',
  device: 'Firefox on Linux',
  address: '203.0.113.7',
  methods: ['pwd', 'otp'],
  createdAt: NOW - 30 * HOUR,
  lastSeenAt: NOW - HOUR,
  expiresAt: NOW + 700 * HOUR,
  endedAt: null,
  endedReason: null,
  current: true,
  mayEnd: true,
} as const;
const other = {
  ...active,
  current: false,
  user: { id: 'u2A4S0aQZkq2m6oT8xvRwg', email: 'grace.hopper@research.example.org', displayName: '' },
};

export const sessionsSamples: readonly AdminSample<'sessions'>[] = [
  { name: 'sessions-empty', screen: 'sessions', address: '/admin/sessions', content: { items: [], next: null } },
  {
    name: 'sessions',
    screen: 'sessions',
    address: '/admin/sessions?state=&user=',
    content: {
      items: [
        active,
        { ...other, id: 'k4JpQ9sVw0cX2bN7hLtYfg', status: 'held', address: '2001:db8:85a3:8d3:1319:8a2e:370:7348' },
        { ...other, id: 'k5JpQ9sVw0cX2bN7hLtYfg', status: 'unverified', user: null, methods: [], device: 'Unknown device' },
        { ...other, id: 'k6JpQ9sVw0cX2bN7hLtYfg', status: 'active', kind: 'device', methods: ['fed'], mayEnd: false },
      ],
      next: 'cursor',
    },
  },
  {
    name: 'sessions-over',
    screen: 'sessions',
    address: '/admin/sessions?address=203.0.113.7',
    role: 'support',
    done: { act: 'endSession', body: {} },
    content: {
      items: [
        {
          ...other,
          id: 'k7JpQ9sVw0cX2bN7hLtYfg',
          status: 'ended',
          endedAt: NOW - HOUR,
          endedReason: 'ended_by_operator',
          mayEnd: false,
        },
        { ...other, id: 'k8JpQ9sVw0cX2bN7hLtYfg', status: 'expired', expiresAt: NOW - HOUR, mayEnd: false },
      ],
      next: null,
    },
  },
];
