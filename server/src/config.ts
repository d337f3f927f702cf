import { join } from 'node:path';
import type { ProviderAccess } from './auth/auth-providers/definition.ts';
import { type Environment, findGiven, findUnknownNames } from './config/environment.ts';
import { findProviderProblems, offeredOf, PROVIDER_SETTINGS, readProviders, settingsOf } from './config/provider-settings.ts';
import { findRuleProblems, isPlainHttpOffLoopback, isPlainHttpOnLoopback, type Settings } from './config/rules.ts';
import { SETTINGS, type Setting } from './config/settings.ts';
import { isLoopbackHost } from './platform/loopback.ts';
import { findMasterKeyFile, MASTER_KEY_FILE, requireMasterKeyFile } from './platform/master-key.ts';

export type { Settings } from './config/rules.ts';
export { SETTINGS } from './config/settings.ts';

/** Every setting there is, in the order in which they are shown. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = [...Object.values(SETTINGS), ...PROVIDER_SETTINGS.flatMap(settingsOf)];

/** Everything that an operator can set, read once at the start. Lives are milliseconds. */
export interface Config {
  readonly mode: 'development' | 'production' | 'test';
  /** The name people know the service by; issuer of every token. No trailing slash. */
  readonly origin: string;
  /** Where /login and /dashboard are; equal to `origin` on one host. */
  readonly appOrigin: string;
  /** Where /api is; equal to `origin` on one host. All cookies live here. */
  readonly apiOrigin: string;
  /** Prefix of script and style addresses: '' or a CDN's origin. */
  readonly assetBase: string;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** '' = SQLite in the data folder. */
  readonly databaseUrl: string;
  /** To PostgreSQL, at most. */
  readonly databaseConnections: number;
  /** '' = none. */
  readonly redisUrl: string;
  /** '' in development = letters stay in the outbox and are shown at /dev/mail. */
  readonly smtpUrl: string;
  readonly mailFrom: string;
  readonly masterKey: Buffer;
  /** For the command that changes to it; null = none is given. */
  readonly nextMasterKey: Buffer | null;
  /** CIDR list of proxies whose X-Forwarded-For counts. */
  readonly trustedProxies: readonly string[];
  /** CIDR list of networks, beside the public internet, in which client sites are called. */
  readonly outgoingNetworks: readonly string[];
  readonly accessTokenLife: number;
  readonly sessionLife: number;
  readonly sessionIdle: number;
  readonly unverifiedLife: number;
  readonly codeLife: number;
  readonly passwordMin: number;
  /** Events of the audit log are deleted after this. */
  readonly eventLife: number;
  /** Who may create an account: everybody, those with an invitation, nobody. */
  readonly signup: 'open' | 'invite' | 'closed';
  /** Domains of addresses that may have an account, as they are compared; none = all. */
  readonly signupDomains: readonly string[];
  /** '' or a folder of the operator's own, served at / in place of the landing page. */
  readonly staticDir: string;
  /** The providers that are offered, by name: those with credentials. */
  readonly providers: Readonly<Record<string, ProviderAccess>>;
  /** Whether the demo runs beside the server, in a process of its own. */
  readonly demo: 'on' | 'off';
  /** Between being asked to end and taking no more connections. */
  readonly drainDelay: number;
  /** What /metrics asks for. '' = it is not there, or on a developer's machine, open to that machine. */
  readonly metricsToken: string;
  /** Whether each answer has a line in the log. */
  readonly accessLog: 'on' | 'off';
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Everything that is wrong with the settings, at once: nobody should start five times to find five mistakes. */
export class ConfigProblems extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigProblems';
    this.problems = problems;
  }
}

/** Reads the settings; makes the data folder and the master key if they are needed and not there yet. Throws ConfigProblems. */
export function readConfig(env: Environment = process.env): Config {
  const settings = inspectConfig(env);
  return { ...settings, masterKey: settings.masterKey ?? requireGeneratedKey(settings.dataDir) };
}

/** One effective setting, as `portico doctor` prints it: secrets masked, and where it came from. */
export interface ExplainedSetting {
  readonly name: string;
  readonly value: string;
  readonly source: 'environment' | `file ${string}` | `credential ${string}` | 'default' | 'generated';
}

/** Changes nothing, and answers for settings with problems too. */
export function explainConfig(env: Environment = process.env): ExplainedSetting[] {
  return readSettings(env).explained;
}

/** The settings as they would be taken. Changes nothing: a master key that would have to be made is null. Throws ConfigProblems. */
export function inspectConfig(env: Environment = process.env): Settings {
  const { settings, problems } = readSettings(env);
  if (problems.length > 0) throw new ConfigProblems(problems);
  return settings;
}

function requireGeneratedKey(dataDir: string): Buffer {
  try {
    return requireMasterKeyFile(dataDir);
  } catch (cause) {
    throw new ConfigProblems([`the master key cannot be kept in ${dataDir}: ${(cause as Error).message}`]);
  }
}

function readSettings(env: Environment): { settings: Settings; problems: string[]; explained: ExplainedSetting[] } {
  const problems: string[] = [];
  const unreadable = new Set<string>();
  const explained: ExplainedSetting[] = [];

  const read = <T>(field: keyof Config, setting: Setting<T>, standard: string = setting.standard): T => {
    const given = findGiven(env, setting.name);
    const text = given.kind === 'text' ? given.text : standard;
    const parsed = setting.kind.parse(text);
    const problem = given.kind === 'problem' ? given.problem : 'problem' in parsed ? `${setting.name} ${parsed.problem}` : null;
    if (problem !== null) {
      problems.push(problem);
      unreadable.add(field);
    }
    explained.push({
      name: setting.name,
      value: setting.kind.mask?.(text) ?? ('value' in parsed && typeof parsed.value === 'string' ? parsed.value : text),
      source: given.kind === 'text' ? given.source : 'default',
    });
    const fallback = 'value' in parsed ? parsed : setting.kind.parse(standard);
    if ('problem' in fallback) throw new Error(`the default of ${setting.name} ${fallback.problem}`);
    return fallback.value;
  };

  const mode = read('mode', SETTINGS.mode);
  const port = read('port', SETTINGS.port, portOfLocalOrigin(env) ?? '4000');
  const origin = read('origin', SETTINGS.origin, `http://localhost:${port}`);
  const appOrigin = read('appOrigin', SETTINGS.appOrigin, origin);
  const apiOrigin = read('apiOrigin', SETTINGS.apiOrigin, origin);
  const isForTrying = mode === 'development' && [origin, appOrigin, apiOrigin].every(isPlainHttpOnLoopback);
  const givenProviders = readProviders((setting) => read('providers', setting));
  const settings: Settings = {
    mode,
    origin,
    appOrigin,
    apiOrigin,
    assetBase: read('assetBase', SETTINGS.assetBase),
    host: read('host', SETTINGS.host),
    port,
    dataDir: read('dataDir', SETTINGS.dataDir),
    databaseUrl: read('databaseUrl', SETTINGS.databaseUrl),
    databaseConnections: read('databaseConnections', SETTINGS.databaseConnections),
    redisUrl: read('redisUrl', SETTINGS.redisUrl),
    smtpUrl: read('smtpUrl', SETTINGS.smtpUrl),
    mailFrom: read('mailFrom', SETTINGS.mailFrom, `Portico <no-reply@${mailHost(origin)}>`),
    masterKey: read('masterKey', SETTINGS.masterKey, ''),
    nextMasterKey: read('nextMasterKey', SETTINGS.nextMasterKey),
    trustedProxies: read('trustedProxies', SETTINGS.trustedProxies),
    outgoingNetworks: read('outgoingNetworks', SETTINGS.outgoingNetworks),
    accessTokenLife: read('accessTokenLife', SETTINGS.accessTokenLife),
    sessionLife: read('sessionLife', SETTINGS.sessionLife),
    sessionIdle: read('sessionIdle', SETTINGS.sessionIdle),
    unverifiedLife: read('unverifiedLife', SETTINGS.unverifiedLife),
    codeLife: read('codeLife', SETTINGS.codeLife),
    passwordMin: read('passwordMin', SETTINGS.passwordMin),
    eventLife: read('eventLife', SETTINGS.eventLife),
    signup: read('signup', SETTINGS.signup),
    signupDomains: read('signupDomains', SETTINGS.signupDomains),
    staticDir: read('staticDir', SETTINGS.staticDir),
    providers: offeredOf(givenProviders),
    demo: read('demo', SETTINGS.demo, isForTrying ? 'on' : 'off'),
    drainDelay: read('drainDelay', SETTINGS.drainDelay, mode === 'production' ? '2s' : '0s'),
    metricsToken: read('metricsToken', SETTINGS.metricsToken),
    accessLog: read('accessLog', SETTINGS.accessLog, mode === 'production' ? 'on' : 'off'),
    logLevel: read('logLevel', SETTINGS.logLevel, mode === 'production' ? 'info' : 'warn'),
  };
  problems.push(
    ...findUnknownNames(
      env,
      ALL_SETTINGS.map((setting) => setting.name),
    ),
  );
  problems.push(...findRuleProblems(settings, unreadable));
  if (!unreadable.has('providers')) problems.push(...findProviderProblems(givenProviders, mode, isPlainHttpOffLoopback));
  const rows = explained.map((row) => (isGenerated(row) ? generatedKeyRow(settings.dataDir) : row));
  return { settings, problems, explained: inTableOrder(rows) };
}

function inTableOrder(rows: readonly ExplainedSetting[]): ExplainedSetting[] {
  return ALL_SETTINGS.flatMap(({ name }) => rows.filter((row) => row.name === name));
}

/** `PORTICO_ORIGIN=http://localhost:5000` means port 5000: behind no proxy the two must agree. */
function portOfLocalOrigin(env: Environment): string | null {
  const given = findGiven(env, SETTINGS.origin.name);
  const parsed = SETTINGS.origin.kind.parse(given.kind === 'text' ? given.text : '');
  if ('problem' in parsed) return null;
  const { protocol, hostname, port } = new URL(parsed.value);
  return protocol === 'http:' && port !== '' && isLoopbackHost(hostname) ? port : null;
}

function mailHost(origin: string): string {
  const { hostname } = new URL(origin);
  return /[a-z]/.test(hostname) && !hostname.startsWith('[') ? hostname : 'localhost';
}

function isGenerated(row: ExplainedSetting): boolean {
  return row.name === SETTINGS.masterKey.name && row.source === 'default';
}

function generatedKeyRow(dataDir: string): ExplainedSetting {
  const made = findMasterKeyFile(dataDir).kind !== 'absent';
  const path = join(dataDir, MASTER_KEY_FILE);
  return { name: SETTINGS.masterKey.name, value: made ? path : `${path} (made at the first start)`, source: 'generated' };
}
