import { statSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '@portico/protocol/errors';
import type { Db, Row, Value } from './db.ts';
import { isBusy, refusalFor, type SqliteConnection } from './sqlite-connection.ts';
import { inSavepoint, type Run } from './transaction-scope.ts';

/** How long a job waits for the file before it is refused. */
export const PATIENCE = 2_500;
/** A job that got the file late still gets this long: `PATIENCE` + this stay under 3 seconds. */
const SHORTEST_WORK = 400;
const GROUP_JOBS = 256;
/** Jobs that wait, at most: while another process holds the file each of them would hold its request for seconds. */
const QUEUE_MAX = 2_000;
const GROUP_TIME = 50;
const WAL_LIMIT = 16 * 1024 * 1024;
const WAL_EFFORT = 50;
const WAL_PAUSE = 500;

export interface SqliteWriter {
  statement(sql: string, values: readonly Value[]): Promise<readonly Row[]>;
  transaction<T>(work: (tx: Db) => Promise<T>, patience?: number): Promise<T>;
  /** How many jobs wait. */
  waiting(): number;
  /** Resolves when nothing is queued or running any more. */
  idle(): Promise<void>;
}

interface Job {
  readonly deadline: number;
  /** Inside a savepoint of its own; synchronous where it can be. */
  readonly perform: (connection: SqliteConnection) => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one queue through which a process writes. All jobs that wait when the file is ours are committed together, so one sync answers them all;
 * each has its own savepoint, so a failing one harms no other; and nobody hears anything, good or bad, before COMMIT.
 */
export function startSqliteWriter(
  path: string,
  connect: () => SqliteConnection,
  onCommit: (jobs: number) => void = () => {},
): SqliteWriter {
  let queue: Job[] = [];
  let pumping: Promise<void> | undefined;
  let walCheckedAfter = 0;

  function enqueue<T>(patience: number, perform: (connection: SqliteConnection, deadline: number) => unknown): Promise<T> {
    if (queue.length >= QUEUE_MAX) return Promise.reject(new Refusal('unavailable', { cause: new Error('too many writes wait') }));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const deadline = performance.now() + patience;
    queue.push({ deadline, perform: (connection) => perform(connection, deadline), resolve: resolve as Job['resolve'], reject });
    // Not at once: requests that arrive in the same turn of the event loop shall share the commit.
    pumping ??= nextTurn().then(pump);
    return promise;
  }

  async function pump(): Promise<void> {
    while (queue.length > 0) {
      const connection = await begin();
      if (connection === null) continue;
      await runGroup(connection);
      await keepWalSmall(connection);
      // Lets requests in, and gives other processes their chance at the file.
      await nextTurn();
    }
    pumping = undefined;
  }

  /** Gets the write lock; null when there is nobody left who waits for it. */
  async function begin(): Promise<SqliteConnection | null> {
    while (queue.length > 0) {
      try {
        const connection = connect();
        connection.run('begin immediate');
        refuseExpired(undefined);
        return connection;
      } catch (error) {
        if (!isBusy(error)) {
          for (const job of queue.splice(0)) job.reject(refusalFor(error));
          return null;
        }
        refuseExpired(error);
        await sleep(1 + Math.random() * 6);
      }
    }
    return null;
  }

  function refuseExpired(cause: unknown): void {
    const now = performance.now();
    const expired = queue.filter((job) => job.deadline < now);
    if (expired.length === 0) return;
    queue = queue.filter((job) => job.deadline >= now);
    for (const job of expired) job.reject(new Refusal('unavailable', { cause }));
  }

  async function runGroup(connection: SqliteConnection): Promise<void> {
    const jobs: Job[] = [];
    const answers: (() => void)[] = [];
    const full = performance.now() + GROUP_TIME;
    try {
      do {
        const job = queue.shift();
        if (job === undefined) break;
        jobs.push(job);
        const answer = answerOf(job, connection);
        answers.push(answer instanceof Promise ? await answer : answer);
        if (!connection.inTransaction()) throw new Error('SQLite rolled the whole transaction back');
      } while (jobs.length < GROUP_JOBS && performance.now() < full);
      connection.run('commit');
    } catch (error) {
      giveUp(connection);
      for (const job of jobs) job.reject(new Refusal('unavailable', { cause: error }));
      return;
    }
    onCommit(jobs.length);
    for (const answer of answers) answer();
  }

  /** Under constant reading by other processes SQLite's own checkpoints never get to reset the log, and it would grow without bound. */
  async function keepWalSmall(connection: SqliteConnection): Promise<void> {
    try {
      if (performance.now() < walCheckedAfter || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) < WAL_LIMIT) return;
      for (const enough = performance.now() + WAL_EFFORT; performance.now() < enough; ) {
        if (connection.run('pragma wal_checkpoint(truncate)')[0]?.['busy'] === 0) return;
        await sleep(2);
      }
    } catch {
      // A checkpoint is no one's request; trouble that matters shows at the next commit.
    }
    walCheckedAfter = performance.now() + WAL_PAUSE;
  }

  return {
    statement: (sql, values) => enqueue(PATIENCE, (connection) => statementInSavepoint(connection, sql, values)),
    transaction: (work, patience = PATIENCE) =>
      enqueue(patience, (connection, deadline) => {
        const run: Run = async (sql, values) => connection.run(sql, values);
        return inSavepoint(run, (tx) => within(Math.max(deadline - performance.now(), SHORTEST_WORK), work(tx)));
      }),
    waiting: () => queue.length,
    async idle() {
      while (pumping) await pumping;
    },
  };
}

/** What to tell the caller once it is committed; a promise only where the job itself waits for something. */
function answerOf(job: Job, connection: SqliteConnection): (() => void) | Promise<() => void> {
  const good = (result: unknown) => () => job.resolve(result);
  const bad = (error: unknown) => {
    const reason = refusalFor(error);
    return () => job.reject(reason);
  };
  try {
    const result = job.perform(connection);
    return result instanceof Promise ? result.then(good, bad) : good(result);
  } catch (error) {
    return bad(error);
  }
}

function statementInSavepoint(connection: SqliteConnection, sql: string, values: readonly Value[]): readonly Row[] {
  connection.run('savepoint single');
  try {
    const rows = connection.run(sql, values);
    connection.run('release single');
    return rows;
  } catch (error) {
    if (connection.inTransaction()) {
      connection.run('rollback to single');
      connection.run('release single');
    }
    throw error;
  }
}

function giveUp(connection: SqliteConnection): void {
  try {
    if (connection.inTransaction()) connection.run('rollback');
  } catch {
    // Nothing of it was committed; the next `begin` shows whether the file is still usable.
  }
}

/** A transaction holds the file, so one that waits for something else than its own statements must not hold it for ever. */
async function within<T>(limit: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Refusal('unavailable', { cause: new Error(`A transaction took over ${limit} ms`) })),
    limit,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
