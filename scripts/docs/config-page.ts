import { AUTH_PATHS, AUTH_PREFIX, fillPath, PAGES } from '@portico/protocol/routes';
import { AUTH_PROVIDERS } from '../../server/src/auth/auth-providers/registry.ts';
import { ALL_SETTINGS, ConfigProblems, inspectConfig } from '../../server/src/config.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

/** An environment as somebody's first try in production: its problems are shown as the program tells them. */
const FIRST_TRY = {
  NODE_ENV: 'production',
  PORTICO_ORIGIN: 'http://auth.example.com',
  PORTICO_DATA_DIR: '/nonexistent/portico',
  PORTICO_DATABASE_URL: 'postgres://portico@db.internal/portico',
  PORTICO_TRUSTED_PROXIES: '0.0.0.0/0',
  PORTICO_DEMO: 'on',
  PORTICO_SESION_LIFE: '30d',
  PORTICO_CODE_LIFE: 'ten minutes',
};

/** They stand above the table once. */
const DURATION_EXAMPLES = ', such as 90s, 15m, 12h or 30d';

/** docs/config.md: every setting, from the table that reads them. */
export function configPage(): string {
  return page([
    generatedFrom('server/src/config/settings.ts'),
    '# Settings',
    'Portico is set by environment variables, read once at the start. With none at all it runs for trying out, on SQLite, at `http://localhost:4000`.',
    [
      '- **Files.** Every `PORTICO_NAME` may be given as `PORTICO_NAME_FILE`, the path of a file that holds the value (secrets of Docker, Kubernetes and',
      '  systemd). One line break at its end is cut off. Giving both is a problem.',
      '- **Credentials** of systemd need no path: `LoadCredential=portico-master-key:…` is `PORTICO_MASTER_KEY`, and so is any setting in lower case with',
      '  hyphens. What is given as `PORTICO_NAME` or `PORTICO_NAME_FILE` comes first.',
      '- **Empty** is the same as not given.',
      '- **Durations** are written `90s`, `15m`, `12h`, `30d`.',
      '- **Misspelled names** that begin with `PORTICO_` are problems, not silence.',
      '- `portico doctor` prints each effective value and where it came from, secrets masked, and checks what they lead to ([cli.md](cli.md)).',
    ].join('\n'),
    '## All settings',
    table(
      ['Name', 'Default', 'Form', 'Meaning'],
      ALL_SETTINGS.map(({ name, kind, standard, sentence }) => [
        code(name),
        standard === '' ? 'empty' : asWritten(standard),
        asWritten(kind.form.replace(DURATION_EXAMPLES, '')),
        sentence,
      ]),
    ),
    '## Providers',
    [
      'A provider is offered as soon as it has a client id and a client secret. Register the application there with both redirect addresses, for the two ways through it:',
      '',
      ...AUTH_PROVIDERS.map(({ name, label }) => `- ${label}: ${redirectAddresses(name).map(code).join(' and ')}`),
      '',
      'with `PORTICO_APP_ORIGIN` and `PORTICO_API_ORIGIN` filled in; on one host both are `PORTICO_ORIGIN`. An OAuth app of GitHub takes one address and everything below it: give it the',
      'origin that both have in common. A GitHub Enterprise Server, a GitLab of your own and any issuer in place of Google are a matter of `_URL`, `_API_URL` and `_ISSUER`.',
    ].join('\n'),
    '## What is refused',
    'Settings that do not fit together stop the start, all of them at once. This first try in production',
    `\`\`\`sh\n${Object.entries(FIRST_TRY)
      .map(([name, value]) => `${name}=${/\s/.test(value) ? `'${value}'` : value}`)
      .join('\n')}\n\`\`\``,
    'is answered with',
    `\`\`\`text\n${problemsOf(FIRST_TRY)
      .map((problem) => `- ${problem}`)
      .join('\n')}\n\`\`\``,
    '## The master key',
    [
      'At the first start a key of 32 random bytes is written to `master.key` in the data folder, readable by its owner alone. It seals the private keys and the',
      'waiting letters in the database, so a copy of the database alone opens nothing. Keep a copy of it apart from the copies of the database: without it the',
      'database cannot be used. Several nodes on one PostgreSQL share one key, given to each as `PORTICO_MASTER_KEY_FILE` or `PORTICO_MASTER_KEY`.',
    ].join('\n'),
  ]);
}

/** Where a provider sends browsers back to. */
function redirectAddresses(name: string): readonly string[] {
  return [
    `PORTICO_APP_ORIGIN${fillPath(PAGES.authCallback, { authProvider: name })}`,
    `PORTICO_API_ORIGIN${AUTH_PREFIX}${fillPath(AUTH_PATHS.providerCallback, { authProvider: name })}`,
  ];
}

/** Choices and examples as code; sentences as they are. */
function asWritten(text: string): string {
  return /\s/.test(text) && !text.includes(' | ') ? text.replaceAll('<', '\\<') : code(text);
}

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    inspectConfig(environment);
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems;
    throw error;
  }
  throw new Error('this environment was meant to be refused');
}
