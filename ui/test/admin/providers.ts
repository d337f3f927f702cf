import type { ProviderItem, ProviderTestResult } from '../../src/admin/views/index.ts';
import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const provider = (name: string, label: string, more: Partial<ProviderItem> = {}): ProviderItem => ({
  name,
  label,
  protocol: 'oauth',
  scope: 'openid email profile',
  offered: true,
  clientId: '0123456789abcdef0123456789abcdef',
  missing: [],
  addresses: [{ name: 'PORTICO_GITHUB_URL', value: 'https://github.com' }],
  callbacks: [`https://auth.example.com/auth/callback/${name}`, `https://auth.example.com/api/v1/auth/${name}/callback`],
  ...more,
});
const items = [
  provider('github', 'GitHub'),
  provider('discord', 'Discord', {
    offered: false,
    clientId: null,
    missing: ['PORTICO_DISCORD_CLIENT_ID', 'PORTICO_DISCORD_CLIENT_SECRET'],
  }),
];
const sample = (name: string, result: ProviderTestResult | null): AdminSample<'providers'> => ({
  name,
  screen: 'providers',
  address: '/admin/providers',
  content: { items, result },
});
const said = {
  kind: 'said',
  authProvider: 'github',
  at: NOW,
  subject: '583231',
  label: 'octocat',
  displayName: 'Mona Lisa Octocat',
  email: 'mona@example.com',
  emailVerified: true,
  scope: 'user:email',
} as const;

export const providersSamples: readonly AdminSample<'providers'>[] = [
  { ...sample('providers', null), role: 'support' },
  sample('providers-tested', said),
  sample('providers-unverified', { ...said, emailVerified: false, scope: null }),
  sample('providers-refused', { kind: 'refused', error: 'provider_refused', authProvider: 'github', at: NOW }),
  {
    ...sample('providers-leaving', { kind: 'declined', authProvider: 'github', at: NOW }),
    done: { act: 'testProvider', body: { oAuthUrl: 'https://github.com/login/oauth/authorize?client_id=1' } },
  },
];
