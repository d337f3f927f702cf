import type { SettingItem } from '../../src/admin/views/index.ts';
import type { AdminSample } from './samples.ts';

const setting = (name: string, value: string | null, more: Partial<SettingItem> = {}): SettingItem => ({
  name,
  value,
  secret: value === null,
  isSet: value !== '',
  source: 'environment',
  sentence: 'The address people know the service by; it stands as issuer in every token and must not change later.',
  standard: '',
  form: 'an origin such as https://auth.example.com: http or https, no path, no query, no password',
  ...more,
});

export const settingsSamples: readonly AdminSample<'settings'>[] = [
  {
    name: 'settings',
    screen: 'settings',
    address: '/admin/settings',
    content: {
      items: [
        setting('PORTICO_ORIGIN', 'https://auth.example.com'),
        setting('PORTICO_DATABASE_URL', 'postgres://portico:***@db.internal.example.com:5432/portico_production', {
          source: 'file PORTICO_DATABASE_URL_FILE',
        }),
        setting('PORTICO_MASTER_KEY', '/var/lib/portico/master.key', { secret: true, source: 'generated' }),
        setting('PORTICO_ASSET_BASE', '', { source: 'default' }),
        setting('PORTICO_GITHUB_CLIENT_SECRET', null),
        setting('PORTICO_DISCORD_CLIENT_SECRET', null, { isSet: false, source: 'default' }),
      ],
    },
  },
];
