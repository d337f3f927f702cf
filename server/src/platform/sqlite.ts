import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '@portico/protocol/errors';
import { boundedMemo } from './bounded-memo.ts';
import type { Database, Row, Value } from './db.ts';
import { giveUp, isGivenUp } from './deadline.ts';
import { inspectStatement } from './portable-sql.ts';
import { connectSqlite, isBusy, refusalFor, type SqliteConnection } from './sqlite-connection.ts';
import { PATIENCE, startSqliteWriter } from './sqlite-writer.ts';

export interface SqliteOptions {
  /** Called after each COMMIT with the number of writes and transactions that shared it. */
  readonly onCommit?: (jobs: number) => void;
}

const SCHEMA_PATIENCE = 60_000;

/**
 * SQLite in WAL mode, durable at each commit. The file is opened at first use, may be shared by several processes, and a lock held by another
 * one is waited for without blocking the event loop; after 2.5 seconds the caller gets a Refusal 'unavailable'.
 * `:memory:` is a database of its own for each call.
 */
export function openSqlite(path: string, options: SqliteOptions = {}): Database {
  let writing: SqliteConnection | undefined;
  let reading: SqliteConnection | undefined;
  let closed = false;
  let commits = 0;
  let committed = 0;
  const onCommit = (jobs: number): void => {
    commits += 1;
    committed += jobs;
    options.onCommit?.(jobs);
  };

  const writingConnection = (): SqliteConnection => (writing ??= connectSqlite(path));
  /** Of its own, so that a query outside a transaction sees committed rows only. The writer goes first: it creates the file. */
  const readingConnection = (): SqliteConnection => {
    writingConnection();
    return (reading ??= connectSqlite(path, { queries: true }));
  };
  const writer = startSqliteWriter(path, writingConnection, onCommit);
  // A second connection would open another, empty memory: there, queries queue with the writes.
  const servedByReader = path === ':memory:' ? () => false : boundedMemo(500, (sql) => inspectStatement(sql).reads);

  async function read(sql: string, values: readonly Value[]): Promise<readonly Row[]> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      try {
        return readingConnection().run(sql, values);
      } catch (error) {
        if (!isBusy(error)) throw refusalFor(error);
        if (performance.now() > deadline) throw new Refusal('unavailable', { cause: error });
        await sleep(1 + Math.random() * 6);
      }
    }
  }

  function requireOpen(): void {
    if (closed) throw new Error('The database has been closed');
    if (isGivenUp()) throw new Refusal('unavailable');
  }

  /** Whoever asks again on behalf of the same request is refused at once. */
  async function noteTrouble<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'unavailable') giveUp();
      throw error;
    }
  }

  return {
    dialect: 'sqlite',
    async all(sql, values = []) {
      requireOpen();
      return noteTrouble(servedByReader(sql) ? read(sql, values) : writer.statement(sql, values));
    },
    async transaction(work) {
      requireOpen();
      return noteTrouble(writer.transaction(work));
    },
    async exclusively(work) {
      requireOpen();
      return writer.transaction(work, SCHEMA_PATIENCE);
    },
    figures: () => ({ dialect: 'sqlite', waiting: writer.waiting(), commits, committed }),
    async close() {
      if (closed) return;
      closed = true;
      await writer.idle();
      reading?.close();
      // Last, because the last connection to close folds the log into the file.
      writing?.close();
    },
  };
}
