import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '@portico/protocol/errors';
import pg from 'pg';
import type { Database, Db, Row } from './db.ts';
import { giveUp, isGivenUp, whileNobodyWaits } from './deadline.ts';
import { createGathering } from './gathering.ts';
import { type Bound, checkValues } from './portable-sql.ts';
import {
  connectionSettings,
  createQuery,
  isConflict,
  REQUEST_LIMITS,
  refusalFor,
  STATEMENT_LIMIT,
  spoilsConnection,
} from './postgres-connection.ts';
import { openScope, type Run } from './transaction-scope.ts';

export interface PostgresOptions {
  /** Connections at most; 10 unless given. */
  readonly max?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
}

/** As `Run`; a statement for many callers takes arrays. */
type RunBound = (sql: string, values?: readonly Bound[]) => Promise<readonly Row[]>;

/** From the call to the answer, connecting, waiting for a connection and retries included. */
const PATIENCE = 2_700;
/** Callers that wait for a connection, at most: while the server is silent each of them would hold its request for seconds. */
const QUEUE_MAX = 1_000;
const RETRIES = 3;
const CLOSE_PATIENCE = 1_000;
const SCHEMA_PATIENCE = 600_000;
/** The letters of 'portico', read as one number. */
const SCHEMA_LOCK = '31647734761612143';

/**
 * PostgreSQL through a pool. Whatever is wrong with the server or the way to it, the caller hears Refusal 'unavailable' within 3 seconds, and a
 * connection that did not answer is ended, never used again.
 */
export function openPostgres(url: string, { max = 10, applicationName = 'portico' }: PostgresOptions = {}): Database {
  const query = createQuery();
  const pool = new pg.Pool({ ...connectionSettings(url, applicationName), ...REQUEST_LIMITS, max, idleTimeoutMillis: 30_000 });
  const born = new Map<pg.PoolClient, number>();
  let trustedSince = 0;
  const running = new Set<Promise<unknown>>();
  let closed = false;

  pool.on('connect', (client) => {
    born.set(client, performance.now());
    // A lent connection that dies between two statements emits this; without a listener the process would end. The next statement fails.
    client.on('error', () => {});
  });
  pool.on('remove', (client) => born.delete(client));
  // An idle connection died; the pool has dropped it already.
  pool.on('error', () => {});

  /** When one connection has gone silent its idle siblings probably have too (a fail-over, a firewall): trying each would cost 3 seconds. */
  async function checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect();
      if ((born.get(client) ?? 0) >= trustedSince) return client;
      client.release(true);
      client.connection.stream.destroy();
    }
  }

  /** Lends a connection to `use` for `limit` milliseconds, waiting for one included. */
  async function lend<T>(limit: number, use: (run: RunBound) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    let over = false;
    let spoiled = false;
    let askedAt = Number.POSITIVE_INFINITY;
    let last: Promise<unknown> = Promise.resolve();

    const giveBack = (): void => {
      const lent = client;
      client = undefined;
      if (lent === undefined) return;
      const healthy = !spoiled && lent.getTransactionStatus() === 'I';
      lent.release(!healthy);
      if (!healthy) lent.connection.stream.destroy();
    };
    const run: RunBound = (sql, values = []) => {
      const ask = async () => {
        if (client === undefined) throw new Refusal('unavailable', { cause: new Error('The time for this transaction is over') });
        askedAt = performance.now();
        try {
          return await query(client, sql, values);
        } catch (error) {
          spoiled ||= spoilsConnection(error);
          throw error;
        } finally {
          askedAt = Number.POSITIVE_INFINITY;
        }
      };
      // One statement after the other: pg's own queue for that is deprecated.
      const rows = last.then(ask);
      last = rows.catch(() => {});
      return rows;
    };
    const session = async (): Promise<T> => {
      try {
        const lent = await checkOut().catch((error: unknown) => {
          throw error instanceof pg.DatabaseError ? error : new Refusal('unavailable', { cause: error });
        });
        client = lent;
        // The caller has been refused meanwhile: nothing may happen behind its back.
        if (over) throw new Refusal('unavailable');
        return await use(run);
      } finally {
        giveBack();
      }
    };

    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      over = true;
      spoiled = client !== undefined;
      // The server itself would have given up by now, so it is gone or out of reach.
      if (performance.now() - askedAt > STATEMENT_LIMIT) trustedSince = performance.now();
      giveBack();
      late.reject(new Refusal('unavailable', { cause: new Error(`PostgreSQL did not answer within ${Math.round(limit)} ms`) }));
    }, limit);
    try {
      return await Promise.race([session(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function whileOpen<T>(ask: () => Promise<T>): Promise<T> {
    if (closed) throw new Error('The database has been closed');
    const result = ask();
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  }

  async function patiently<T>(use: (run: RunBound) => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE;
    for (let attempt = 0; ; attempt++) {
      try {
        if (pool.waitingCount >= QUEUE_MAX || isGivenUp()) throw new Refusal('unavailable');
        return await lend(deadline - performance.now(), use);
      } catch (error) {
        if (!isConflict(error) || attempt === RETRIES) return noteTrouble(refusalFor(error));
        await sleep(Math.random() * 20 * 2 ** attempt);
      }
    }
  }

  const gather = createGathering({
    // For many at once, so not within what is left to whoever was the first of them.
    alone: (sql, values) => whileNobodyWaits(() => patiently((run) => run(sql, values))),
    together: (sql, columns) => whileNobodyWaits(() => patiently((run) => run(sql, columns))),
  });

  return {
    dialect: 'postgres',
    all: (sql, values = [], together) =>
      whileOpen(async () => {
        if (together === undefined) return patiently((run) => run(sql, values));
        // Before others depend on it: what cannot be stored harms only its own caller.
        checkValues(sql, values.length, values);
        if (isGivenUp()) throw new Refusal('unavailable');
        return await gather(sql, values, together).catch(noteTrouble);
      }),
    transaction: (work) => whileOpen(() => patiently((run) => inTransaction(run, work))),
    exclusively: (work) => whileOpen(() => exclusively(url, applicationName, work)),
    figures: () => {
      const { totalCount, idleCount, waitingCount } = pool;
      return { dialect: 'postgres', busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
    },
    async close() {
      if (closed) return;
      closed = true;
      // An ending pool forgets those who wait for a connection.
      await Promise.allSettled(running);
      await Promise.race([pool.end(), sleep(CLOSE_PATIENCE, undefined, { ref: false })]);
      // A server that has gone silent does not close its end either.
      for (const client of born.keys()) client.connection.stream.destroy();
    },
  };
}

/** Rethrows; whoever asks again on behalf of the same request is refused at once. */
function noteTrouble(error: unknown): never {
  if (error instanceof Refusal && error.code === 'unavailable') giveUp();
  throw error;
}

async function inTransaction<T>(run: Run, work: (tx: Db) => Promise<T>, prepare: (run: Run) => Promise<void> = async () => {}): Promise<T> {
  await run('begin isolation level read committed');
  const scope = openScope(run);
  try {
    await prepare(run);
    const result = await work(scope.tx);
    await scope.end();
    await run('commit');
    return result;
  } catch (error) {
    // A deadlock that the work caught, or dressed as an error of its own, still is a deadlock.
    const first = await scope.end().then(
      () => error,
      (failure: unknown) => failure,
    );
    await run('rollback').catch(() => {});
    throw isConflict(first) ? first : error;
  }
}

/** On a connection of its own, because changes to the schema may take longer than any request is allowed to. */
async function exclusively<T>(url: string, applicationName: string, work: (tx: Db) => Promise<T>): Promise<T> {
  const query = createQuery();
  const client = new pg.Client({ ...connectionSettings(url, applicationName), query_timeout: SCHEMA_PATIENCE });
  client.on('error', () => {});
  const run: Run = (sql, values = []) => query(client, sql, values);
  try {
    await client.connect().catch((error: unknown) => {
      throw error instanceof pg.DatabaseError ? error : new Refusal('unavailable', { cause: error });
    });
    return await inTransaction(run, work, async () => {
      await run("set local lock_timeout = '60s'");
      await run(`select pg_advisory_xact_lock(${SCHEMA_LOCK})`);
      // Behind a lock that `alter table` waits for, every request would queue up.
      await run("set local lock_timeout = '10s'");
    });
  } catch (error) {
    throw refusalFor(error);
  } finally {
    await Promise.race([client.end(), sleep(1_000, undefined, { ref: false })]);
    client.connection.stream.destroy();
  }
}
