import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Refusal } from '@portico/protocol/errors';
import { boundedMemo } from './bounded-memo.ts';
import { SQLITE_CLOSED } from './closed-database.ts';
import type { Row, Value } from './db.ts';
import { checkValues, inspectStatement } from './portable-sql.ts';

/** One open handle on the file. Everything here is synchronous; a locked file throws at once instead of blocking the event loop. */
export interface SqliteConnection {
  run(sql: string, values?: readonly Value[]): readonly Row[];
  inTransaction(): boolean;
  close(): void;
}

const STATEMENTS_KEPT = 500;
/** https://sqlite.org/rescode.html: trouble of the machine, not of the statement. */
const TROUBLE = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  9, // INTERRUPT
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  26, // NOTADB
]);

/** @param queries refuse every write: the connection that serves plain queries must not be able to change anything. */
export function connectSqlite(path: string, { queries = false }: { readonly queries?: boolean } = {}): SqliteConnection {
  const database = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
  try {
    configure(database, path, queries);
  } catch (error) {
    database.close();
    throw error;
  }
  const prepared = boundedMemo(STATEMENTS_KEPT, (sql) => {
    const { parameters, positional } = inspectStatement(sql);
    return { parameters, places: positional.places, statement: database.prepare(positional.sql) };
  });
  return {
    run(sql, values = []) {
      const { parameters, places, statement } = prepared(sql);
      checkValues(sql, parameters, values);
      return rowsOf(statement.all(...places.map((place) => bindable(values[place - 1]))));
    },
    inTransaction: () => database.isTransaction,
    close: () => database.close(),
  };
}

function configure(database: DatabaseSync, path: string, queries: boolean): void {
  const mode = database.prepare('pragma journal_mode = wal').get()?.['journal_mode'];
  if (path !== ':memory:' && mode !== 'wal') throw new Error(`${path} cannot be opened in WAL mode; is it on a network file system?`);
  // FULL: each commit is synced, so an acknowledged write survives a power cut.
  database.exec('pragma synchronous = full; pragma trusted_schema = off; pragma cache_size = -16384');
  if (queries) database.exec('pragma query_only = on');
}

/**
 * By position, because node:sqlite looks every name up anew: half of what a short statement costs. A JavaScript number would arrive as a
 * float ("5.0" once it is text), a BigInt arrives as an integer.
 */
function bindable(value: Value | undefined): string | bigint | null {
  return typeof value === 'number' ? BigInt(value) : (value ?? null);
}

/** The portable subset knows text and integers only, so no column can be a blob or a BigInt (too large a number throws). */
function rowsOf(rows: ReturnType<StatementSync['all']>): readonly Row[] {
  return rows as readonly Row[];
}

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** Another process holds the lock: worth another try. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === 5 || code === 6 || code === 15;
}

/** What to throw for an error: trouble of the machine is 503, a wrong statement stays what it is. */
export function refusalFor(error: unknown): unknown {
  const code = resultCode(error);
  const isTrouble =
    (code !== undefined && TROUBLE.has(code)) || (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_CLOSED);
  return isTrouble ? new Refusal('unavailable', { cause: error }) : error;
}
