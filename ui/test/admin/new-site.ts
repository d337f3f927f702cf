import type { ClientKind } from '@portico/protocol/clients';
import type { NewSiteContent, SiteAdded } from '../../src/admin/views/index.ts';
import type { AdminSample } from './samples.ts';

const content = (kind: ClientKind | null, proveFirst = false): NewSiteContent => ({
  kind,
  issuer: 'https://auth.example.com',
  attempt: 'AAAAAAAAAAAAAAAAAAAAAA',
  proveFirst,
});

const added: SiteAdded = {
  clientId: 'notes-0a1b2c3d4e',
  name: 'Notes',
  secret: 'pts_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  signingSecret: { id: 'BBBBBBBBBBBBBBBB', secret: 'ptj_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  connection: {
    issuer: 'https://auth.example.com',
    discovery: 'https://auth.example.com/.well-known/openid-configuration',
    clientId: 'notes-0a1b2c3d4e',
    kind: 'web',
    secretFile: '.portico/notes-0a1b2c3d4e.secret',
    curl: "curl -u 'notes-0a1b2c3d4e:pts_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' -d token=none https://auth.example.com/oauth/introspect",
    lines: [
      { framework: 'express', files: [{ put: 'server.ts', text: "import express from 'express';\n\nconst app = express();\n" }] },
      { framework: 'node', files: [{ put: 'server.ts', text: "import { createServer } from 'node:http';\n" }] },
    ],
  },
};

export const newSiteSamples: readonly AdminSample<'newSite'>[] = [
  { name: 'new-site', screen: 'newSite', address: '/admin/sites/new', content: content(null) },
  { name: 'new-site-spa', screen: 'newSite', address: '/admin/sites/new?kind=spa', content: content('spa', true) },
  { name: 'new-site-machine', screen: 'newSite', address: '/admin/sites/new?kind=machine', content: content('machine') },
  {
    name: 'new-site-refused',
    screen: 'newSite',
    address: '/admin/sites/new?kind=web',
    content: content('web'),
    form: {
      act: 'addSite',
      at: '/admin/do/clients',
      state: {
        values: {
          name: 'Notes',
          redirectUris: 'https://notes.example.com/cb\nhttps://notes.example.com/cb#x',
          origins: 'https://a.example',
        },
        error: 'invalid_fields',
        fields: { redirectUris: 'address_fragment', origins: 'origin_taken', scopes: 'scope_unknown' },
        about: { redirectUris: 'https://notes.example.com/cb#x', origins: 'https://a.example (shop)' },
        retryAfter: null,
      },
    },
  },
  {
    name: 'new-site-added',
    screen: 'newSite',
    address: '/admin/sites/new?kind=web',
    content: content('web'),
    done: { act: 'addSite', body: added },
  },
  {
    name: 'new-site-added-game',
    screen: 'newSite',
    address: '/admin/sites/new?kind=native',
    content: content('native'),
    done: {
      act: 'addSite',
      body: {
        ...added,
        secret: null,
        signingSecret: null,
        connection: { ...added.connection, kind: 'native', secretFile: null, lines: [] },
      },
    },
  },
];
