import type { SiteContent } from '../../src/admin/views/index.ts';
import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const DAY = 86_400_000;
const address = '/admin/sites/notes-5f2c';
const content: SiteContent = {
  site: {
    id: 'notes-5f2c',
    name: 'Notes',
    kind: 'web',
    authentication: 'secret',
    redirectUris: [
      'https://notes.example.net/auth/callback',
      'https://notes.example.net/a/rather/long/address/that/has/to/be/broken/somewhere',
    ],
    postLogoutUris: ['https://notes.example.net/'],
    origins: [],
    backchannelLogoutUri: 'https://notes.example.net/auth/backchannel-logout',
    logoUri: null,
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    roles: ['author', 'editor'],
    audiences: [],
    accessAlg: 'HS256',
    idAlg: 'ES256',
    accessMinutes: 5,
    idleMinutes: null,
    confirmation: 'once',
    reuseEnds: 'grant',
    pkce: 'required',
    disabledAt: null,
    createdAt: NOW - 90 * DAY,
  },
  version: 'A'.repeat(22),
  connection: {
    issuer: 'https://auth.example.com',
    discovery: 'https://auth.example.com/.well-known/openid-configuration',
    clientId: 'notes-5f2c',
    kind: 'web',
    secretFile: '.portico/notes-5f2c.secret',
    curl: "curl -u 'notes-5f2c:SECRET' -d token=none https://auth.example.com/oauth/introspect",
    lines: [{ framework: 'express', files: [{ put: 'server.ts', text: "import express from 'express';\n\nconst app = express();\n" }] }],
  },
  secrets: [
    { id: 'c3Nuo1a2b3c4d5e6', purpose: 'authentication', createdAt: NOW, currentFrom: NOW, expiresAt: null },
    { id: 'b2Nuo1a2b3c4d5e6', purpose: 'authentication', createdAt: NOW - 90 * DAY, currentFrom: NOW - 90 * DAY, expiresAt: NOW + DAY },
    { id: 'a1Nuo1a2b3c4d5e6', purpose: 'signing', createdAt: NOW - 90 * DAY, currentFrom: NOW - 90 * DAY, expiresAt: null },
  ],
  keys: [],
  open: { sessions: 1284, isMore: false },
  items: [
    { userId: 'u'.repeat(22), email: 'ada@example.com', displayName: 'Ada Lovelace', roles: ['author', 'editor'] },
    { userId: 'v'.repeat(22), email: 'someone.with.a.long.address@department.example.com', displayName: '', roles: ['author'] },
  ],
  next: 'cursor',
  events: [
    { id: 'a', at: NOW, action: 'client.secret_rotated', actorId: 'o'.repeat(22) },
    { id: 'b', at: NOW - DAY, action: 'client.added', actorId: null },
  ],
  now: NOW,
};
const site = (changes: Partial<SiteContent['site']>): SiteContent => ({ ...content, site: { ...content.site, ...changes } });
const bare = { secrets: [], items: [], next: null, events: [] } as const;

export const siteSamples: readonly AdminSample<'site'>[] = [
  { name: 'site', screen: 'site', address, content },
  {
    name: 'site-secret',
    screen: 'site',
    address,
    role: 'admin',
    content,
    done: {
      act: 'rotateSecret',
      body: {
        shown: { purpose: 'authentication', id: 'c3Nuo1a2b3c4d5e6', secret: `pts_${'x'.repeat(43)}`, overlapsUntil: NOW + DAY },
      },
    },
  },
  {
    name: 'site-tested',
    screen: 'site',
    address,
    content,
    done: {
      act: 'testLogout',
      body: {
        tested: { uri: content.site.backchannelLogoutUri, outcome: 'answered', status: 404, reason: null, milliseconds: 83 },
      },
    },
  },
  {
    name: 'site-refused',
    screen: 'site',
    address,
    content,
    form: {
      act: 'changeSite',
      at: '/admin/do/clients/notes-5f2c/change',
      state: {
        values: { name: 'Notes', redirectUris: 'http://notes.example.net/cb', 'scopes.openid': 'yes', roles: 'author' },
        error: 'invalid_fields',
        fields: { redirectUris: 'address_plain' },
        about: { redirectUris: 'http://notes.example.net/cb' },
        retryAfter: null,
      },
    },
  },
  {
    name: 'site-disabled',
    screen: 'site',
    address,
    content: { ...site({ disabledAt: NOW - DAY, roles: [], accessAlg: 'ES256', backchannelLogoutUri: null }), ...bare },
  },
  { name: 'site-support', screen: 'site', address, role: 'support', content },
  {
    name: 'site-machine',
    screen: 'site',
    address,
    content: {
      ...site({
        kind: 'machine',
        authentication: 'private_key_jwt',
        redirectUris: [],
        postLogoutUris: [],
        scopes: ['reports:read'],
        roles: [],
      }),
      ...bare,
      keys: [{ kid: 'robot-2026', alg: 'ES256' }],
      connection: { ...content.connection, kind: 'machine', secretFile: null, lines: [] },
    },
  },
];
