import type { UserContent } from '../../src/admin/views/index.ts';
import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const DAY = 86_400_000;
const id = 'AAAAAAAAAAAAAAAAAAAAAA';
const address = `/admin/users/${id}`;
const ada: UserContent = {
  user: {
    id,
    email: 'ada@example.com',
    displayName: 'Ada Lovelace',
    role: 'user',
    verifiedAt: NOW - 90 * DAY,
    suspendedAt: null,
    createdAt: NOW - 90 * DAY,
    lastSignInAt: NOW - DAY,
    recoveredAt: NOW - 20 * DAY,
    previousEmail: 'countess@example.com',
    previousEmailUntil: NOW + 3 * DAY,
    passwordChangedAt: NOW - 20 * DAY,
  },
  own: false,
  may: { act: true, decide: true },
  sessions: [
    {
      id: 'SAAAAAAAAAAAAAAAAAAAAA',
      state: 'active',
      device: 'Firefox on Windows',
      address: '203.0.113.7',
      createdAt: NOW - DAY,
      lastSeenAt: NOW - 60_000,
      expiresAt: NOW + 29 * DAY,
      sites: ['Notes', 'Space Snake'],
      current: false,
    },
    {
      id: 'TAAAAAAAAAAAAAAAAAAAAA',
      state: 'held',
      device: 'Unknown device',
      address: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
      createdAt: NOW - 2 * DAY,
      lastSeenAt: NOW - DAY,
      expiresAt: NOW + 28 * DAY,
      sites: [],
      current: false,
    },
  ],
  identities: [
    { authProvider: 'github', service: 'GitHub', label: 'ada', linkedAt: NOW - 80 * DAY, lastUsedAt: NOW - 3 * DAY },
    { authProvider: 'discord', service: 'Discord', label: 'ada#1815', linkedAt: NOW - 8 * DAY, lastUsedAt: NOW - 8 * DAY },
  ],
  sites: [
    { clientId: 'notes', name: 'Notes', defined: ['reader', 'editor'], roles: ['reader'] },
    { clientId: 'space-snake', name: 'Space Snake', defined: [], roles: [] },
  ],
  otherSites: [{ clientId: 'shop', name: 'The shop' }],
  events: [
    { id: 'E1', at: NOW - 60_000, action: 'signin.succeeded', reason: 'pwd', address: '203.0.113.7', own: true },
    { id: 'E2', at: NOW - DAY, action: 'user.reinstated', reason: null, address: '', own: false },
  ],
};

export const userSamples: readonly AdminSample<'user'>[] = [
  {
    name: 'user',
    screen: 'user',
    address,
    content: ada,
    form: {
      act: 'forceReset',
      at: `/admin/do/users/${id}/force-reset`,
      state: { values: {}, error: 'invalid_fields', fields: { confirm: 'confirm_differs' }, retryAfter: null },
    },
  },
  {
    name: 'user-suspended',
    screen: 'user',
    address,
    role: 'admin',
    done: { act: 'suspendUser', body: {} },
    content: {
      ...ada,
      user: { ...ada.user, displayName: '', suspendedAt: NOW - DAY, recoveredAt: null, previousEmail: null, passwordChangedAt: null },
      may: { act: true, decide: false },
      sessions: [],
      identities: [],
      sites: [],
      otherSites: [],
      events: [],
    },
  },
  {
    name: 'user-own',
    screen: 'user',
    address,
    content: { ...ada, own: true, user: { ...ada.user, role: 'owner' } },
    form: {
      act: 'setRole',
      at: `/admin/do/users/${id}/role`,
      state: { values: { role: 'user' }, error: 'last_owner', fields: { role: 'last_owner' }, retryAfter: null },
    },
  },
  { name: 'user-support', screen: 'user', address, role: 'support', content: { ...ada, may: { act: false, decide: false } } },
];
