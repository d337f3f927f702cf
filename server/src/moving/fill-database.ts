import { asDb, type BulkConnection } from '../platform/bulk-connection.ts';
import { applyMigration, MIGRATION_TABLES, makeMigrationTables, readMigrations } from '../platform/migrate.ts';
import { isAnswer } from '../platform/postgres-bulk.ts';
import { type Table, tablesOf } from '../platform/tables.ts';
import { findClosing, openForWrites } from './closing.ts';
import { type Content, createTally, knownMigrations, type OnProgress, type Sum } from './content.ts';
import { MoveRefused } from './move-refused.ts';
import { requireMigrations } from './require-migrations.ts';
import { dropTables, emptyTables, findTables, insertRows, readRows } from './table-rows.ts';

export interface Filling {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Filled {
  readonly sums: ReadonlyMap<string, Sum>;
  /** Migrations that the content did not have yet. */
  readonly migrated: readonly string[];
}

const UNKNOWN = 'the connection broke at the very end, so it is not known whether the rows are there: look with portico doctor';

/** All of it in one transaction, or nothing: whoever ends before COMMIT, killed ones too, leaves the database as it was. */
export async function inOneTransaction<T>(into: BulkConnection, work: () => Promise<T>): Promise<T> {
  await into.run(into.dialect === 'sqlite' ? 'begin immediate' : 'begin');
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await into.run('rollback').catch(() => undefined);
    throw error;
  }
  try {
    await into.run('commit');
  } catch (cause) {
    // An answer of the server, or SQLite itself, says that it was rolled back; a connection that broke says nothing.
    if (into.dialect === 'sqlite' || isAnswer(cause)) throw cause;
    throw new MoveRefused(UNKNOWN, { cause, isOpen: true });
  }
  return result;
}

/**
 * Throws MoveRefused unless the database is empty. With `replace`, one that was closed because its rows stand elsewhere will do; it is not
 * touched before `clearRoom`.
 */
export async function requireRoom(into: BulkConnection, { replace = false }: { readonly replace?: boolean } = {}): Promise<void> {
  const [found] = await findTables(into, [...MIGRATION_TABLES, ...tablesOf(readMigrations()).map(({ name }) => name)]);
  if (found === undefined || (replace && (await isLeftBehind(into)))) return;
  throw new MoveRefused(`the database is not empty: it has the table ${found}. Take an empty one, or move this one out of the way first`);
}

/** In a transaction of the caller's: takes away what `requireRoom` let pass. */
export async function clearRoom(into: BulkConnection): Promise<void> {
  if (!(await isLeftBehind(into))) return;
  const tables = tablesOf(knownMigrations(await requireMigrations(into)));
  await openForWrites(into);
  const lists = await findTables(into, MIGRATION_TABLES);
  await dropTables(into, [...lists.map((name) => ({ name })), ...tables]);
}

async function isLeftBehind(into: BulkConnection): Promise<boolean> {
  const closing = await findClosing(into);
  return closing !== null && closing.copiedAt !== null;
}

/** In a transaction of the caller's, in an empty database: the schema of the content, its rows, a look at what has arrived, the newest schema. */
export async function fillDatabase(into: BulkConnection, content: Content, { now, onProgress, signal }: Filling): Promise<Filled> {
  const before = knownMigrations(content.migrations);
  const db = asDb(into);
  await makeMigrationTables(db, into.dialect);
  for (const [index, migration] of before.entries()) await applyMigration(db, migration, content.migrations[index]?.appliedAt ?? now);
  await emptyTables(into, content.tables);
  const tally = createTally(content.tables);
  for await (const chunk of content.chunks()) {
    signal?.throwIfAborted();
    await insertRows(into, chunk.table, chunk.rows);
    tally.add(chunk);
  }
  const sums = tally.sums();
  await requireSame(into, content, sums, { now, ...(onProgress && { onProgress }), ...(signal && { signal }) });
  const migrated = readMigrations().slice(before.length);
  for (const migration of migrated) await applyMigration(db, migration, now);
  return { sums, migrated: migrated.map(({ name }) => name) };
}

/** Reads back what was written: counts and hashes of both sides must be the same. */
async function requireSame(
  into: BulkConnection,
  { tables, rows }: Content,
  sums: ReadonlyMap<string, Sum>,
  { onProgress, signal }: Filling,
): Promise<void> {
  const arrived = createTally(tables);
  let done = 0;
  for (const table of tables) {
    for await (const some of readRows(into, table)) {
      signal?.throwIfAborted();
      arrived.add({ table, rows: some });
      done += some.length;
      onProgress?.({ step: 'checked', table: table.name, done, rows });
    }
  }
  const found = arrived.sums();
  for (const { name } of tables) requireEqual(name, sums.get(name), found.get(name));
}

function requireEqual(name: Table['name'], sent: Sum | undefined, found: Sum | undefined): void {
  if (sent?.rows === found?.rows && sent?.hash === found?.hash) return;
  throw new MoveRefused(`what arrived in ${name} is not what was sent: ${found?.rows} rows of ${sent?.rows}. Nothing was kept`);
}
