import type { Db, Row, Value } from './db.ts';

/** Runs one statement on the connection that carries the transaction; calls are answered in order. */
export type Run = (sql: string, values?: readonly Value[]) => Promise<readonly Row[]>;

export interface Scope {
  readonly tx: Db;
  /** From here on `tx` throws. Resolves when its statements have ended; throws the first failure among them. */
  end(): Promise<void>;
}

/**
 * The inside of a transaction, with the same rules on both databases. PostgreSQL gives up a transaction in which one statement failed, SQLite
 * would carry on; so here it has failed on both, even if the error was caught. What may fail belongs into a nested transaction.
 */
export function openScope(run: Run, requireOuter: () => void = () => {}, depth = 1): Scope {
  let over = false;
  let nestedRuns = false;
  let failure: { readonly cause: unknown } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const requireOpen = (): void => {
    requireOuter();
    if (over) throw new Error('This transaction is over: its work has returned, failed or run out of time');
  };
  const requireUsable = (): void => {
    requireOpen();
    if (nestedRuns) throw new Error('A nested transaction is running: use its own `tx`, or await it first');
    if (failure) throw new Error('A statement of this transaction has failed, so it can only be rolled back', failure);
  };

  const tx: Db = {
    async all(sql, values = []) {
      requireUsable();
      const rows = run(sql, values);
      last = rows.catch((cause: unknown) => {
        failure ??= { cause };
      });
      return rows;
    },
    async transaction(work) {
      requireUsable();
      nestedRuns = true;
      try {
        return await inSavepoint(run, work, requireOpen, depth);
      } finally {
        nestedRuns = false;
      }
    },
    async close() {
      throw new Error('A transaction ends with its work; only the database can be closed');
    },
  };

  return {
    tx,
    async end() {
      const abandoned = nestedRuns;
      over = true;
      await last;
      if (failure) throw failure.cause;
      if (abandoned) throw new Error('The work of a transaction returned before its nested transaction had ended');
    },
  };
}

/** Runs `work` in a savepoint: all of it stays, or none of it. `requireOuter` throws once the transaction around it is over. */
export async function inSavepoint<T>(run: Run, work: (tx: Db) => Promise<T>, requireOuter: () => void = () => {}, depth = 0): Promise<T> {
  const savepoint = `level_${depth}`;
  await run(`savepoint ${savepoint}`);
  const scope = openScope(run, requireOuter, depth + 1);
  try {
    const result = await work(scope.tx);
    await scope.end();
    requireOuter();
    await run(`release ${savepoint}`);
    return result;
  } catch (error) {
    await scope.end().catch(() => {});
    try {
      requireOuter();
    } catch {
      // An outer transaction that is over has rolled this one back already, and the connection may belong to someone else by now.
      throw error;
    }
    await run(`rollback to ${savepoint}`);
    await run(`release ${savepoint}`);
    throw error;
  }
}
