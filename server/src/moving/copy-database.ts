import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkConnection } from '../platform/bulk-connection.ts';
import { isLockTrouble } from '../platform/postgres-bulk.ts';
import { tablesOf } from '../platform/tables.ts';
import { type Closing, closeForWrites, findClosing, markCopied, openForWrites } from './closing.ts';
import { knownMigrations, type OnProgress } from './content.ts';
import { clearRoom, type Filled, fillDatabase, inOneTransaction, requireRoom } from './fill-database.ts';
import { MoveRefused } from './move-refused.ts';
import { withSnapshot } from './read-database.ts';
import { requireMigrations } from './require-migrations.ts';

export interface Copying {
  readonly source: BulkConnection;
  readonly target: BulkConnection;
  /** The target's place, for whoever finds the source closed. Without a password. */
  readonly destination: string;
  /** A rehearsal: the source stays open, and what is written to it meanwhile is not in the copy. */
  readonly keepOpen: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Copied extends Filled {
  /** Since when the source takes no writes, epoch milliseconds; null in a rehearsal. */
  readonly closedAt: number | null;
}

/** Writers that hold a table keep it for milliseconds; while we wait others queue behind us, so we wait in short turns. */
const LOCK_TURN = 1_000;
const LOCK_TURNS = 30;

/**
 * Copies every row to an empty database. First the source is closed for writes, then it is read: what was acknowledged before is in the
 * copy, and afterwards nothing is acknowledged. When the copy fails, the source is opened again and the target is as it was.
 */
export async function copyDatabase(copying: Copying): Promise<Copied> {
  const { source, target, destination, keepOpen, now } = copying;
  // Before anybody is kept from writing.
  await requireRoom(target, { replace: true });
  if (keepOpen) return { ...(await fill(copying)), closedAt: null };
  const earlier = await findClosing(source);
  if (earlier !== null) requireUnfinished(earlier);
  const closedAt = earlier?.closedAt ?? now();
  if (earlier === null) await locking(source, async () => closeForWrites(source, await tableNames(source), { closedAt, destination }));
  let filled: Filled;
  try {
    filled = await fill(copying);
  } catch (error) {
    // Somebody else closed it, or the rows may stand at the other place: then it stays as it is.
    if (earlier === null && !(error instanceof MoveRefused && error.isOpen)) await locking(source, () => openForWrites(source));
    throw error;
  }
  await inOneTransaction(source, () => markCopied(source, now()));
  return { ...filled, closedAt };
}

/** Takes writes again at a database that was closed by a copy. Null: it was not closed. */
export async function reopenDatabase(database: BulkConnection): Promise<Closing | null> {
  const closing = await findClosing(database);
  if (closing !== null) await locking(database, () => openForWrites(database));
  return closing;
}

async function fill({ source, target, now, onProgress, signal }: Copying): Promise<Filled> {
  const options = { now: now(), ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return withSnapshot(
    source,
    (content) =>
      inOneTransaction(target, async () => {
        await clearRoom(target);
        return fillDatabase(target, content, options);
      }),
    onProgress,
  );
}

function requireUnfinished({ copiedAt, destination }: Closing): void {
  if (copiedAt === null) return;
  throw new MoveRefused(
    `this database was copied to ${destination} at ${new Date(copiedAt).toISOString()} and has taken no writes since: the rows there are newer. ` +
      'If that copy is not in use, portico db reopen opens this one',
  );
}

async function tableNames(source: BulkConnection): Promise<readonly string[]> {
  return tablesOf(knownMigrations(await requireMigrations(source))).map(({ name }) => name);
}

async function locking(database: BulkConnection, work: () => Promise<void>): Promise<void> {
  for (let turn = 1; ; turn += 1) {
    try {
      await inOneTransaction(database, async () => {
        if (database.dialect === 'postgres') await database.run(`set local lock_timeout = ${LOCK_TURN}`);
        await work();
      });
      return;
    } catch (error) {
      if (!isLockTrouble(error) || turn === LOCK_TURNS) throw error;
      await sleep(LOCK_TURN / 2);
    }
  }
}
