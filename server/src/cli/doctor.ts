import { existsSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { type Client, listClients } from '../clients/client.ts';
import type { Environment } from '../config/environment.ts';
import { ALL_SETTINGS, ConfigProblems, explainConfig, inspectConfig, type Settings } from '../config.ts';
import { createNames } from '../platform/names.ts';
import { SQLITE_FILE } from '../platform/sqlite-file.ts';
import { StartProblem } from '../start-problem.ts';
import { connect } from '../wire.ts';
import { type Check, type Examination, type Outside, PATIENCE, type PrintedCheck, patiently, type Reached } from './check.ts';
import { checkCookies } from './check-cookies.ts';
import { checkDatabase } from './check-database.ts';
import { checkDns } from './check-dns.ts';
import { checkMachine } from './check-machine.ts';
import { checkMail } from './check-mail.ts';
import { CHECK_NAMES, type CheckName } from './check-names.ts';
import { checkProviders } from './check-providers.ts';
import { checkProxies } from './check-proxies.ts';
import { checkRedis } from './check-redis.ts';
import { checkSites } from './check-sites.ts';
import { checkTls } from './check-tls.ts';

/** Shows every setting with its source, and checks what they lead to. Changes nothing. Exit code 1 if a check fails. */
export async function doctor({ json, only }: { json: boolean; only: CheckName | null }): Promise<number> {
  const settings = explainConfig();
  const outside = thisMachine(process.env);
  const checks = await runChecks(outside, only);
  if (json) console.log(JSON.stringify({ settings, checks }, null, 2));
  else {
    const rows = settings.map(({ name, value, source }) => [name, value === '' ? '(empty)' : value, source]);
    process.stdout.write(`${only === null ? `${table(rows)}\n` : ''}${checks.map(line).join('')}`);
  }
  const code = checks.some(({ state }) => state === 'fail') ? 1 : 0;
  // What hung has been told of; nobody waits for it to end by itself.
  setTimeout(() => process.exit(code), 500).unref();
  return code;
}

/** What `doctor` looks at when nothing else is handed in. */
export function thisMachine(env: Environment): Outside {
  const limit = process.constrainedMemory();
  return {
    now: Date.now,
    names: createNames(),
    patience: PATIENCE,
    plainPort: 80,
    // Without a limit of its own the process is told 0, or more than there is.
    memory: limit > 0 && limit < totalmem() ? limit : totalmem(),
    freeBytes: (folder) => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    },
    secretFiles: ALL_SETTINGS.filter(({ kind }) => kind.mask !== undefined)
      .map(({ name }) => ({ setting: name, path: env[`${name}_FILE`] ?? '' }))
      .filter(({ path }) => path !== ''),
  };
}

async function runChecks(outside: Outside, only: CheckName | null): Promise<PrintedCheck[]> {
  try {
    return await examine(inspectConfig(), outside, only);
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    const fix = 'correct it and ask again: the rest was not checked';
    return error.problems.map((finding) => ({ part: 'settings', name: 'settings', state: 'fail', finding, fix }));
  }
}

/** Reads the log from its first entry on, however long that takes; each of its statements ends by itself. */
const UNHURRIED: readonly CheckName[] = ['database'];

/** The checks in a part end by themselves, and name what hung; this net is under them. */
const NET = 1.2;

const PARTS: Readonly<Record<CheckName, (examination: Examination) => Promise<readonly Check[]>>> = {
  settings: async ({ settings }) => [{ name: 'settings', state: 'ok', finding: `good for ${settings.mode}` }],
  machine: checkMachine,
  dns: checkDns,
  tls: checkTls,
  cookies: checkCookies,
  proxies: checkProxies,
  mail: checkMail,
  database: checkDatabase,
  redis: checkRedis,
  sites: checkSites,
  providers: checkProviders,
};

/** All parts side by side, or one; told in the order of their names. */
export async function examine(settings: Settings, outside: Outside, only: CheckName | null = null): Promise<PrintedCheck[]> {
  const reached = reach(settings);
  const examination: Examination = { settings, outside, reached, sites: reached.then(listSites) };
  const asked = CHECK_NAMES.filter((part) => only === null || part === only);
  try {
    const found = await Promise.all(asked.map((part) => examinePart(examination, part)));
    return found.flat();
  } finally {
    const opened = await reached;
    if (opened.kind === 'open') await opened.database.close();
  }
}

async function examinePart(examination: Examination, part: CheckName): Promise<PrintedCheck[]> {
  const look = () => PARTS[part](examination);
  const { outside } = examination;
  // The sites are in the database: how long it takes to say that it is dead is its own affair.
  await examination.sites;
  const fix = 'ask again; if it stays so, this is the part to look at';
  const checks = UNHURRIED.includes(part)
    ? await look()
    : await patiently({ ...outside, patience: outside.patience * NET }, part, fix, look);
  return checks.map((check) => ({ part, ...check }));
}

/** A database that is not there is not made. */
async function reach(settings: Settings): Promise<Reached> {
  if (settings.databaseUrl === '' && !existsSync(join(settings.dataDir, SQLITE_FILE))) return { kind: 'absent' };
  try {
    return { kind: 'open', database: await connect(settings) };
  } catch (cause) {
    if (!(cause instanceof StartProblem)) throw cause;
    return { kind: 'unreachable', problem: cause.message };
  }
}

async function listSites(reached: Reached): Promise<readonly Client[] | null> {
  if (reached.kind === 'absent') return [];
  if (reached.kind === 'unreachable') return null;
  const sites = await listClients(reached.database).catch(() => null);
  return sites === null ? null : sites.filter(({ disabledAt }) => disabledAt === null);
}

function line({ name, state, finding, fix }: Check): string {
  return `${state.padEnd(4)}  ${name}: ${finding}\n${fix === undefined ? '' : `      -> ${fix}\n`}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
