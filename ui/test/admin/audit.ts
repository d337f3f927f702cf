import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const MINUTE = 60_000;
const boss = { id: 'u0A4S0aQZkq2m6oT8xvRwg', email: 'grace.hopper@research.example.org' };
const ada = { id: 'u1A4S0aQZkq2m6oT8xvRwg', email: 'ada@example.com' };
const signIn = {
  id: 'e1A4S0aQZkq2m6oT8xvRwg',
  at: NOW - MINUTE,
  action: 'signin.succeeded',
  actor: ada,
  user: ada,
  sessionId: 'k3JpQ9sVw0cX2bN7hLtYfg',
  client: null,
  target: null,
  reason: 'pwd otp',
  address: '203.0.113.7',
  device: 'Firefox on Linux',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  requestId: 'q1A4S0aQZkq2m6oT8xvRwg',
  before: null,
  after: null,
  seal: null,
} as const;
const change = {
  ...signIn,
  id: 'e2A4S0aQZkq2m6oT8xvRwg',
  at: NOW - 90 * MINUTE,
  action: 'user.role_changed',
  actor: boss,
  reason: null,
  target: { kind: 'user', id: ada.id },
  before: { role: 'user' },
  after: { role: 'admin', note: 'a-name-that-is-written-without-any-blank-and-goes-on-for-longer-than-a-phone-is-wide' },
  seal: 4711,
} as const;

export const auditSamples: readonly AdminSample<'audit'>[] = [
  { name: 'audit-empty', screen: 'audit', address: '/admin/audit', content: { items: [], next: null } },
  {
    name: 'audit',
    screen: 'audit',
    address: '/admin/audit?action=&user=',
    content: {
      items: [
        signIn,
        change,
        {
          ...signIn,
          id: 'e3A4S0aQZkq2m6oT8xvRwg',
          action: 'client.secret_rotated',
          actor: { id: boss.id, email: null },
          user: null,
          client: { id: 'space-snake', name: 'Space Snake' },
          address: '',
          device: '',
          userAgent: 'portico command line',
          seal: 4711,
        },
        {
          ...signIn,
          id: 'e4A4S0aQZkq2m6oT8xvRwg',
          action: 'network.suspended',
          actor: null,
          user: null,
          reason: '2001:db8:85a3:8d3::/64',
          seal: 4710,
        },
        { ...signIn, id: 'e5A4S0aQZkq2m6oT8xvRwg', action: 'client.removed', user: null, client: { id: 'notes', name: null }, seal: 4709 },
      ],
      next: 'cursor',
    },
  },
  {
    name: 'audit-one',
    screen: 'audit',
    address: `/admin/audit?event=${change.id}`,
    role: 'support',
    content: { items: [change], next: null },
  },
];
