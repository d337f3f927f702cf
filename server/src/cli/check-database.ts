import { countWaitingLogouts, oldestWaitingLogout } from '../clients/logout-list.ts';
import type { Settings } from '../config.ts';
import { JOBS } from '../jobs/index.ts';
import { type Lease, listLeases } from '../jobs/lease.ts';
import { listChainKeys } from '../keys/chain-key.ts';
import { lookIntoVault } from '../keys/open-vault.ts';
import { listSigningKeys } from '../keys/signing-key.ts';
import { countLetters, oldestWaitingLetter } from '../mail/outbox.ts';
import { findClosing } from '../moving/closing.ts';
import { listLiveNodes } from '../nodes/node.ts';
import { clockAhead } from '../platform/database-clock.ts';
import type { Database } from '../platform/db.ts';
import { findMasterKeyFile } from '../platform/master-key.ts';
import { pendingMigrations } from '../platform/migrate.ts';
import { createFirstVault } from '../platform/vault.ts';
import { databasePlace, messageOf } from '../wire.ts';
import type { Check, Examination } from './check.ts';
import { checkAuditLog } from './check-audit-log.ts';
import { checkSecrets } from './check-secrets.ts';

/** Nodes whose clocks differ by more than this disagree about what has expired. In milliseconds. */
const CLOCK_LIMIT = 5000;
const CLOCK_WORTH_A_WORD = 1000;
/** A job that was not done for this many of its own pauses has stopped. */
const MISSED_RUNS = 10;
/** A mail server, or a site, that is away for longer than this is worth a word, in milliseconds. */
const WAITING_LIMIT = 15 * 60_000;
const LOGOUTS_COUNTED = 10_000;

export async function checkDatabase({ settings, reached, outside }: Examination): Promise<readonly Check[]> {
  const place = databasePlace(settings);
  const opened = await reached;
  if (opened.kind === 'absent') return [{ name: 'database', state: 'ok', finding: `${place}, made at the first start` }];
  if (opened.kind === 'unreachable') {
    return [{ name: 'database', state: 'fail', finding: opened.problem, fix: 'start it, or check PORTICO_DATABASE_URL' }];
  }
  const { database } = opened;
  return [
    { name: 'database', state: 'ok', finding: place },
    ...(await checkWrites(database)),
    ...(await checkClock(database)),
    ...(await checkContents(database, settings, outside.now())),
  ];
}

async function checkWrites(database: Database): Promise<Check[]> {
  const closing = await findClosing({ dialect: database.dialect, run: (sql, values = []) => database.all(sql, values) });
  if (closing === null) return [];
  const finding = `closed for writes since ${new Date(closing.closedAt).toISOString()}: its rows went to ${closing.destination}`;
  return [{ name: 'database', state: 'fail', finding, fix: 'use the copy; if there is none, portico db reopen' }];
}

async function checkClock(database: Database): Promise<Check[]> {
  const ahead = await clockAhead(database, Date.now);
  if (ahead === null) return [];
  const off = Math.abs(ahead);
  const finding = `this machine's clock is ${off} ms ${ahead < 0 ? 'behind' : 'ahead of'} the database's`;
  if (off <= CLOCK_WORTH_A_WORD) return [{ name: 'clock', state: 'ok', finding }];
  return [{ name: 'clock', state: off > CLOCK_LIMIT ? 'fail' : 'warn', finding, fix: 'let a time service set both clocks' }];
}

async function checkContents(database: Database, settings: Settings, now: number): Promise<Check[]> {
  const pending = await pendingMigrations(database).catch((cause: unknown) => messageOf(cause));
  if (typeof pending === 'string')
    return [{ name: 'migrations', state: 'fail', finding: pending, fix: 'start the program that fits this database' }];
  if (pending.length > 0) {
    return [{ name: 'migrations', state: 'warn', finding: `waiting: ${pending.join(', ')}`, fix: 'portico migrate (a start does it too)' }];
  }
  return [
    { name: 'migrations', state: 'ok', finding: 'all applied' },
    await checkKeys(database, settings),
    ...(await checkSecrets(database, settings, masterKeyOf(settings), now)),
    await checkNodes(database, now),
    ...(await checkAudit(database, settings)),
    await checkOutbox(database, now),
    await checkLogouts(database, now),
    ...checkJobs(await listLeases(database), now),
  ];
}

/** Two releases side by side are an upgrade; nobody means to stay there. */
async function checkNodes(database: Database, now: number): Promise<Check> {
  const nodes = await listLiveNodes(database, now);
  const versions = [...new Set(nodes.map(({ version }) => version))].toSorted();
  const name = 'nodes';
  if (nodes.length === 0) return { name, state: 'ok', finding: 'none serves now' };
  const finding = `${nodes.length} serve, of version ${versions.join(' and ')}: ${nodes.map(({ id, host }) => `${id} on ${host}`).join(', ')}`;
  if (versions.length === 1) return { name, state: 'ok', finding };
  return { name, state: 'warn', finding, fix: 'bring all of them to one version' };
}

function masterKeyOf({ masterKey, dataDir }: Settings): Buffer | null {
  if (masterKey !== null) return masterKey;
  const file = findMasterKeyFile(dataDir);
  return file.kind === 'present' ? file.key : null;
}

async function checkAudit(database: Database, settings: Settings): Promise<Check[]> {
  const masterKey = masterKeyOf(settings);
  if (masterKey === null) return [];
  const vault = await lookIntoVault({ db: database, now: Date.now, config: { masterKey } }).catch(() =>
    createFirstVault(masterKey, Date.now),
  );
  return checkAuditLog({ db: database, vault, now: Date.now, config: { eventLife: settings.eventLife } });
}

async function checkKeys(database: Database, settings: Settings): Promise<Check> {
  const key = masterKeyOf(settings);
  if (key === null) return { name: 'keys', state: 'ok', finding: 'made at the first start' };
  try {
    const vault = await lookIntoVault({ db: database, now: Date.now, config: { masterKey: key } });
    const [chains, signing] = [await listChainKeys(database, vault), await listSigningKeys(database, vault)];
    const now = Date.now();
    const named = (id: string | number, currentFrom: number) => (currentFrom > now ? `${id} (next)` : `${id}`);
    const lists = [chains.map((each) => named(each.id, each.currentFrom)), signing.map((each) => named(each.kid, each.currentFrom))];
    return { name: 'keys', state: 'ok', finding: `chain keys ${lists[0]?.join(', ')}; signing keys ${lists[1]?.join(', ')}` };
  } catch {
    const finding = 'the master key does not open the keys in the database';
    return { name: 'keys', state: 'fail', finding, fix: 'restore the master key that sealed them' };
  }
}

async function checkOutbox(database: Database, now: number): Promise<Check> {
  const { waiting, givenUp } = await countLetters(database);
  const oldest = await oldestWaitingLetter(database);
  const age = oldest === null ? 0 : now - oldest;
  const finding = `${waiting} letters wait${waiting === 0 ? '' : `, the oldest for ${inWords(age)}`}; ${givenUp} were given up in the last week`;
  if (givenUp > 0) return { name: 'outbox', state: 'warn', finding, fix: 'the log says why: look for "a letter was given up"' };
  if (age <= WAITING_LIMIT) return { name: 'outbox', state: 'ok', finding };
  return { name: 'outbox', state: 'warn', finding, fix: 'is a server running? look for "a letter could not be sent" in its log' };
}

async function checkLogouts(database: Database, now: number): Promise<Check> {
  const { waiting, givenUp } = await countWaitingLogouts(database, LOGOUTS_COUNTED);
  const oldest = await oldestWaitingLogout(database);
  const age = oldest === null ? 0 : now - oldest;
  const finding = `${waiting} sites wait to hear of a sign-out${waiting === 0 ? '' : `, the oldest for ${inWords(age)}`}; ${givenUp} were given up`;
  if (givenUp === 0 && age <= WAITING_LIMIT) return { name: 'logouts', state: 'ok', finding };
  return { name: 'logouts', state: 'warn', finding, fix: 'the admin page names them under "Sign-outs that wait"' };
}

function inWords(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

function checkJobs(leases: readonly Lease[], now: number): Check[] {
  return Object.entries(JOBS).map(([job, { every }]): Check => {
    const name = `job ${job}`;
    const lastRunAt = leases.find((lease) => lease.name === job)?.lastRunAt ?? null;
    const fix = 'is a server running? look for "a job failed" in its log';
    if (lastRunAt === null) return { name, state: 'warn', finding: 'never done', fix };
    const finding = `last done ${new Date(lastRunAt).toISOString()}`;
    return now - lastRunAt > MISSED_RUNS * every ? { name, state: 'warn', finding, fix } : { name, state: 'ok', finding };
  });
}
