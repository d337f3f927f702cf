import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const DAY = 86_400_000;
const open = { email: 'grace@example.org', status: 'open', invitedAt: NOW - DAY, expiresAt: NOW + 6 * DAY, usedAt: null } as const;

export const invitationsSamples: readonly AdminSample<'invitations'>[] = [
  {
    name: 'invitations-empty',
    screen: 'invitations',
    address: '/admin/invitations',
    content: { items: [], next: null, signup: 'open', domains: [], mailServer: false },
  },
  {
    name: 'invitations',
    screen: 'invitations',
    address: '/admin/invitations',
    content: {
      items: [
        open,
        { ...open, email: 'a-rather-long-name.with.dots@subdomain.of.a.long.example.com', status: 'used', usedAt: NOW - 3_600_000 },
        { ...open, email: 'late@example.com', status: 'expired', expiresAt: NOW - DAY },
      ],
      next: 'cursor',
      signup: 'invite',
      domains: ['example.org', 'example.com'],
      mailServer: true,
    },
    form: {
      act: 'invite',
      at: '/admin/do/invitations',
      state: { values: { email: 'eve@elsewhere.example' }, error: 'invalid_fields', fields: { email: 'domain_refused' }, retryAfter: null },
    },
  },
  {
    name: 'invitations-closed',
    screen: 'invitations',
    address: '/admin/invitations?status=open',
    role: 'admin',
    done: { act: 'withdrawInvitation', body: {} },
    content: { items: [open], next: null, signup: 'closed', domains: [], mailServer: true },
  },
  {
    name: 'invitations-support',
    screen: 'invitations',
    address: '/admin/invitations',
    role: 'support',
    content: { items: [open], next: null, signup: 'invite', domains: [], mailServer: true },
  },
];
