import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Config } from '../config.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { findMasterKeyFile } from '../platform/master-key.ts';
import { SQLITE_FILE } from '../platform/sqlite-file.ts';
import { isSameSite } from './same-site.ts';
import { SETTINGS } from './settings.ts';

/** Every setting read, the key still missing if it must be looked for or made. */
export type Settings = Omit<Config, 'masterKey'> & { readonly masterKey: Buffer | null };

interface Rule {
  /** The settings it looks at: the rule rests while one of them is unreadable, or it would complain about a stand-in. */
  readonly about: readonly (keyof Settings)[];
  readonly check: (settings: Settings) => string | null;
}

const originRules = (['appOrigin', 'apiOrigin'] as const).map(
  (field): Rule => ({
    about: ['origin', field],
    check: (settings) =>
      isSameSite(settings.origin, settings[field])
        ? null
        : `${SETTINGS[field].name} (${settings[field]}) is not on the same site as PORTICO_ORIGIN (${settings.origin}): browsers would not send its cookies`,
  }),
);

// Cookies and codes in clear text over a network are anybody's.
const plainTextRules = (['origin', 'appOrigin', 'apiOrigin', 'assetBase'] as const).map(
  (field): Rule => ({
    about: ['mode', field],
    check: (settings) =>
      settings.mode === 'production' && isPlainHttpOffLoopback(settings[field])
        ? `${SETTINGS[field].name} (${settings[field]}) must be https in production`
        : null,
  }),
);

const RULES: readonly Rule[] = [
  ...originRules,
  ...plainTextRules.map((rule, at) => (at === 0 ? rule : onlyIfOther(rule))),
  {
    about: ['mode', 'smtpUrl'],
    check: ({ mode, smtpUrl }) =>
      mode === 'production' && smtpUrl === ''
        ? 'PORTICO_SMTP_URL is missing: in production codes and notices must reach people by mail'
        : null,
  },
  {
    about: ['mode', 'origin', 'smtpUrl'],
    check: ({ mode, origin, smtpUrl }) =>
      mode !== 'production' && smtpUrl === '' && origin.startsWith('https:') && !isLoopbackHost(new URL(origin).hostname)
        ? `NODE_ENV is ${mode}, but PORTICO_ORIGIN (${origin}) is public: strangers could read codes at /dev/mail; set NODE_ENV=production, or PORTICO_SMTP_URL`
        : null,
  },
  {
    about: ['mode', 'databaseUrl', 'masterKey'],
    check: ({ mode, databaseUrl, masterKey }) =>
      mode === 'production' && databaseUrl !== '' && masterKey === null
        ? 'PORTICO_MASTER_KEY is missing: on PostgreSQL several nodes must share one key (openssl rand -hex 32)'
        : null,
  },
  {
    about: ['mode', 'trustedProxies'],
    check: ({ mode, trustedProxies }) =>
      mode === 'production' && trustedProxies.some((range) => range.endsWith('/0'))
        ? 'PORTICO_TRUSTED_PROXIES trusts the whole internet: then anybody chooses the address that guesses are counted by'
        : null,
  },
  {
    about: ['mode', 'outgoingNetworks'],
    check: ({ mode, outgoingNetworks }) =>
      mode === 'production' && outgoingNetworks.some((range) => range.endsWith('/0'))
        ? 'PORTICO_OUTGOING_NETWORKS allows every address, this machine among them: name the networks in which your sites are'
        : null,
  },
  {
    about: ['codeLife', 'unverifiedLife'],
    check: ({ codeLife, unverifiedLife }) =>
      codeLife > unverifiedLife ? 'PORTICO_CODE_LIFE is longer than PORTICO_UNVERIFIED_LIFE' : null,
  },
  {
    about: ['dataDir', 'staticDir'],
    check: ({ dataDir, staticDir }) =>
      staticDir !== '' && liesIn(dataDir, staticDir)
        ? 'PORTICO_DATA_DIR lies in PORTICO_STATIC_DIR: the master key and the database would be served'
        : null,
  },
  {
    about: ['dataDir'],
    check: ({ dataDir }) =>
      existsSync(dataDir) && !isWritableFolder(dataDir) ? `PORTICO_DATA_DIR (${dataDir}) is not a folder that can be written` : null,
  },
  {
    about: ['mode', 'demo'],
    check: ({ mode, demo }) =>
      mode === 'production' && demo === 'on' ? 'PORTICO_DEMO is on: in production nobody wants five more sites that open accounts' : null,
  },
  {
    about: ['mode', 'demo', 'origin', 'appOrigin', 'apiOrigin'],
    check: ({ mode, demo, origin, appOrigin, apiOrigin }) =>
      mode !== 'production' && demo === 'on' && ![origin, appOrigin, apiOrigin].every(isPlainHttpOnLoopback)
        ? `PORTICO_DEMO is on, but its apps are http addresses of this machine, and PORTICO_ORIGIN (${origin}), the pages or the API are not`
        : null,
  },
  { about: ['dataDir', 'databaseUrl', 'masterKey'], check: generatedKeyProblem },
];

/** Everything that is wrong between settings that are right one by one. */
export function findRuleProblems(settings: Settings, unreadable: ReadonlySet<string>): string[] {
  return RULES.filter((rule) => rule.about.every((field) => !unreadable.has(field)))
    .map((rule) => rule.check(settings))
    .filter((problem) => problem !== null);
}

function generatedKeyProblem({ dataDir, databaseUrl, masterKey }: Settings): string | null {
  if (masterKey !== null) return null;
  const file = findMasterKeyFile(dataDir);
  if (file.kind === 'unusable') return file.problem;
  // A new key would not open what the database holds, and would look like success until the first sign-in.
  const orphan = file.kind === 'absent' && databaseUrl === '' && existsSync(join(dataDir, SQLITE_FILE));
  return orphan ? `${file.path} is missing, but its database is there: restore the key, or hand it in as PORTICO_MASTER_KEY` : null;
}

/** An origin that only repeats PORTICO_ORIGIN is complained about once. */
function onlyIfOther(rule: Rule): Rule {
  const field = rule.about.find((name) => name !== 'mode');
  return { ...rule, check: (settings) => (field !== undefined && settings[field] === settings.origin ? null : rule.check(settings)) };
}

export function isPlainHttpOffLoopback(address: string): boolean {
  return address.startsWith('http:') && !isLoopbackHost(new URL(address).hostname);
}

export function isPlainHttpOnLoopback(address: string): boolean {
  return address.startsWith('http:') && isLoopbackHost(new URL(address).hostname);
}

function liesIn(path: string, parent: string): boolean {
  const real = existsSync(path) ? realpathSync(path) : path;
  const way = relative(realpathSync(parent), real);
  return way === '' || !/^\.\.(?:[/\\]|$)/.test(way);
}

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
