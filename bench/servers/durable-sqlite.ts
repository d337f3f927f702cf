import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { DURABILITY_OF, describeDurability } from './durability.ts';

export type Row = Record<string, SQLOutputValue>;
/** Runs one write and answers its rows once they are on the disk. */
export type Write = (statement: StatementSync, values: Record<string, SQLInputValue>) => Promise<readonly Row[]>;

/** In WAL with synchronous=FULL a commit returns only after fsync; NORMAL would lose acknowledged refreshes with the power. */
export function openDurable(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec('pragma journal_mode = wal; pragma synchronous = full');
  return db;
}

export function durabilityOf(db: DatabaseSync): string {
  return describeDurability(db.prepare(DURABILITY_OF.sqlite).get());
}

interface Waiting {
  readonly statement: StatementSync;
  readonly values: Record<string, SQLInputValue>;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** Group commit: all writes of one event-loop turn share one transaction, so one fsync answers them all. */
export function groupCommit(db: DatabaseSync): Write {
  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  let turn: Waiting[] = [];

  const flush = (): void => {
    const batch = turn;
    turn = [];
    const results: (readonly Row[])[] = [];
    try {
      begin.run();
      for (const { statement, values } of batch) results.push(statement.all(values));
      commit.run();
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] ?? []);
  };

  return (statement, values) =>
    new Promise((resolve, reject) => {
      if (turn.length === 0) setImmediate(flush);
      turn.push({ statement, values, resolve, reject });
    });
}
