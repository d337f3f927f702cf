import { ADMIN_PAGES } from '@portico/protocol/admin';
import { PAGES, SYSTEM } from '@portico/protocol/routes';
import { type Config, explainConfig, SETTINGS } from '../config.ts';
import { databasePlace } from '../wire.ts';

interface Started {
  readonly version: string;
  /** How long the start took. */
  readonly milliseconds: number;
  /** The link that makes the first owner; null where there is one. */
  readonly setup: string | null;
}

/** Where to go and where things lie, on one screen. */
export function startScreen(config: Config, { version, milliseconds, setup }: Started): string {
  const { appOrigin, apiOrigin, origin } = config;
  const masterKey = explainConfig().find(({ name }) => name === SETTINGS.masterKey.name);
  const rows: readonly (readonly [string, string] | null)[] = [
    ['Start here', origin + PAGES.landing],
    ['Sign in', appOrigin + PAGES.signIn],
    ['Sign up', appOrigin + PAGES.signUp],
    ['Dashboard', appOrigin + PAGES.dashboard],
    ['Admin page', appOrigin + ADMIN_PAGES.home],
    setup === null ? null : ['First owner', `${setup} (works once, for 30 minutes)`],
    config.mode !== 'production' && config.smtpUrl === '' ? ['Mail inbox', appOrigin + PAGES.devMail] : null,
    ['OpenAPI', apiOrigin + SYSTEM.openapi],
    ['Database', databasePlace(config)],
    [
      'Master key',
      masterKey?.source === 'generated' ? `${masterKey.value} (keep a copy apart from the database)` : `from the ${masterKey?.source}`,
    ],
  ];
  const width = Math.max(...rows.map((row) => row?.[0].length ?? 0));
  return [
    '',
    `  Portico ${version} on Node ${process.versions.node}, ${config.mode}, ready in ${milliseconds} ms`,
    '',
    ...rows.filter((row) => row !== null).map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
    '',
    '  Ctrl-C ends it.',
    '',
    '',
  ].join('\n');
}
