import { inspectConfig, type Settings } from '../config.ts';
import { listChainKeys } from '../keys/chain-key.ts';
import { lookIntoVault } from '../keys/open-vault.ts';
import { readLines } from '../moving/backup-file.ts';
import { endSessions } from '../moving/end-sessions.ts';
import { fillDatabase, inOneTransaction, requireRoom } from '../moving/fill-database.ts';
import { MoveRefused } from '../moving/move-refused.ts';
import { openBackup } from '../moving/read-backup.ts';
import { asDb, type BulkConnection } from '../platform/bulk-connection.ts';
import { findMasterKeyFile } from '../platform/master-key.ts';
import { createRandom } from '../platform/random.ts';
import { explain, withBulk } from './moving-connection.ts';
import { showProgress } from './moving-progress.ts';
import type { MovingCommand } from './moving-words.ts';

/** Fills an empty database from a backup, whole or not at all. */
export async function restore({ file, endSessions: ending, json }: Extract<MovingCommand, { kind: 'restore' }>): Promise<number> {
  const settings = inspectConfig();
  const { onProgress, end } = showProgress(process.stderr);
  const masterKey = masterKeyOf(settings);
  const work = async (into: BulkConnection) => {
    await requireRoom(into);
    const lines = readLines(file === '-' ? process.stdin : file);
    const backup = await openBackup(lines, onProgress);
    const filled = await inOneTransaction(into, async () => {
      const { migrated } = await fillDatabase(into, backup, { now: Date.now(), onProgress });
      return { migrated, ended: ending ? await endAll(into, settings, masterKey) : 0 };
    });
    const keys = await tryKeys(into, masterKey);
    return { ...filled, rows: backup.rows, madeAt: backup.head.madeAt, version: backup.head.version, keys };
  };
  const done = await withBulk(settings, { make: true }, work).finally(end).catch(explain('nothing was restored'));
  if (json) console.log(JSON.stringify({ file, ...done }));
  else {
    console.log(`restored ${done.rows} rows of ${done.madeAt}, made by Portico ${done.version}`);
    if (done.migrated.length > 0) console.log(`applied ${done.migrated.join(', ')}`);
    if (ending) console.log(`ended ${done.ended} sign-ins`);
    if (done.keys !== 'open') console.log(ADVICE[done.keys]);
  }
  return 0;
}

const ADVICE = {
  missing: 'before you start the server, put the master key of that time in its place: without it nobody stays signed in',
  closed: 'the master key here is not the one of that time: put that one in its place before you start the server',
} as const;

async function tryKeys(into: BulkConnection, masterKey: Buffer | null): Promise<'open' | 'closed' | 'missing'> {
  if (masterKey === null) return 'missing';
  const db = asDb(into);
  return lookIntoVault({ db, now: Date.now, config: { masterKey } })
    .then((vault) => listChainKeys(db, vault))
    .then(
      () => 'open',
      () => 'closed',
    );
}

/** Never made here: a new key would open nothing of what was restored. */
function masterKeyOf({ masterKey, dataDir }: Settings): Buffer | null {
  if (masterKey !== null) return masterKey;
  const file = findMasterKeyFile(dataDir);
  return file.kind === 'present' ? file.key : null;
}

async function endAll(into: BulkConnection, settings: Settings, masterKey: Buffer | null): Promise<number> {
  if (masterKey === null) throw new MoveRefused('--end-sessions needs the master key in its place');
  return endSessions(into, { now: Date.now, random: createRandom(), config: { ...settings, masterKey } });
}
