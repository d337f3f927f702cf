import type { Db, Dialect, Row } from './db.ts';
import type { Bound } from './portable-sql.ts';

/**
 * A connection of its own for moving whole databases: none of the limits of a request apply to it, and rows come a few at a time, so that
 * memory stays flat however many there are. Begin and end of transactions are plain statements.
 */
export interface BulkConnection {
  readonly dialect: Dialect;
  run(sql: string, values?: readonly Bound[]): Promise<readonly Row[]>;
  /** Several statements without values, as they are. */
  script(sql: string): Promise<void>;
  /** The rows of a query, some at a time. Only inside a transaction, and one after the other. */
  read(sql: string): AsyncIterable<readonly Row[]>;
  close(): Promise<void>;
}

/** Rows that are in memory at a time. */
export const CHUNK = 500;

/** The connection as nouns know it. A transaction inside is a part of the one around it: whatever fails is to end it all. */
export function asDb(connection: BulkConnection): Db {
  const db: Db = {
    all: (sql, values = []) => connection.run(sql, values),
    transaction: (work) => work(db),
    close: async () => {
      throw new Error('The connection is closed by whoever opened it');
    },
  };
  return db;
}
