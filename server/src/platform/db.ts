/**
 * The storage seam: the same `$1`-style SQL text runs on SQLite and on PostgreSQL.
 *
 * Portable subset, as law: `text`, `bigint` (epoch milliseconds, arrives as number), no booleans, JSON as text,
 * `on conflict`, `returning`, CTEs. All SQL about a table lives in the file that is named for the table.
 */
export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** How PostgreSQL may run the calls of many callers as one statement; SQLite, which commits them together anyway, runs each by itself. */
export interface Together {
  /**
   * Every `$n` is an array with one value a caller, for `unnest`; `$1` holds the keys, each once, and an answered row says in its column
   * `id` whose it is. It must not wait for a lock (`skip locked`), or one caller's row would hold up all, and two such statements each
   * other: a caller without a row is asked alone.
   */
  readonly together: string;
}

export interface Db {
  /**
   * Runs one statement and returns its rows. A write has been committed durably when the promise resolves. With `together`, PostgreSQL may
   * run it as one statement with the same ones of other callers; never inside a transaction.
   */
  all(sql: string, values?: readonly Value[], together?: Together): Promise<readonly Row[]>;
  /**
   * Runs `work` in one transaction (read committed). Whatever `work` returns leaves only after COMMIT; if it throws, nothing was written.
   * `work` may run again after a deadlock, so it must touch nothing but `tx`.
   */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type Dialect = 'sqlite' | 'postgres';

/** An opened database. Verbs and nouns ask for a `Db`; only start-up, `migrate` and the tests need the rest. */
export interface Database extends Db {
  readonly dialect: Dialect;
  /**
   * Runs `work` in one transaction while every other process that calls `exclusively` waits, up to a minute.
   * For changes to the schema: it knows no 2.5-second limits, and the lock is taken before anything is read or created.
   */
  exclusively<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /** How busy this process keeps it, for the metrics. Asks nobody. */
  figures(): DatabaseFigures;
}

export type DatabaseFigures =
  | {
      readonly dialect: 'postgres';
      /** Connections: lent out, idle, and callers that wait for one. */
      readonly busy: number;
      readonly idle: number;
      readonly waiting: number;
    }
  | {
      readonly dialect: 'sqlite';
      /** Writes that wait for their turn. */
      readonly waiting: number;
      /** Since the start: commits, and the writes and transactions that shared them. */
      readonly commits: number;
      readonly committed: number;
    };

/** The opened database behind a seam. Null where there is another one in between, such as a transaction. */
export function asDatabase(db: Db): Database | null {
  return 'dialect' in db && 'exclusively' in db ? (db as Database) : null;
}

/** The first row, or null. */
export async function one(db: Db, sql: string, values: readonly Value[] = [], together?: Together): Promise<Row | null> {
  const rows = await db.all(sql, values, together);
  return rows[0] ?? null;
}
