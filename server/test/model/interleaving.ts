import type { Db } from '../../src/platform/db.ts';
import { inspectStatement } from '../../src/platform/portable-sql.ts';

/** Runs several requests at once, statement by statement, in an order that the test chooses: any race can be written down and repeated. */

export interface Statement {
  readonly sql: string;
  /** What the request's own clock showed when it asked. */
  readonly askedAt: number;
  /** Place among the statements of all requests of this batch. */
  readonly place: number;
  /** It changed at least one row, or may have. */
  readonly wrote: boolean;
}

export interface Task<T> {
  readonly now: () => number;
  readonly run: (db: Db) => Promise<T>;
  /** Its process is killed after so many statements: those are committed, and nobody hears of them. */
  readonly diesAfter?: number;
}

export interface Ran<T> {
  /** Null: its process was killed. */
  readonly outcome: { readonly result: T } | { readonly thrown: unknown } | null;
  readonly statements: readonly Statement[];
}

/** `order` picks, again and again, which of the waiting requests goes on. `between` runs before every statement. */
export async function interleave<T>(
  db: Db,
  tasks: readonly Task<T>[],
  order: readonly number[],
  between: () => void = () => undefined,
): Promise<readonly Ran<T>[]> {
  let place = 0;
  const strands = tasks.map((task) => startStrand(db, task, () => (place += 1)));
  let waiting = strands.filter((strand) => !strand.ended());
  for (let turn = 0; waiting.length > 0; turn += 1) {
    between();
    await waiting[(order[turn % Math.max(1, order.length)] ?? 0) % waiting.length]?.step();
    waiting = waiting.filter((strand) => !strand.ended());
  }
  return strands.map((strand) => strand.ran());
}

interface Strand<T> {
  /** Goes on until the next statement is asked for, or to the end. */
  step(): Promise<void>;
  ended(): boolean;
  ran(): Ran<T>;
}

function startStrand<T>(db: Db, task: Task<T>, nextPlace: () => number): Strand<T> {
  const statements: Statement[] = [];
  let outcome: Ran<T>['outcome'] = null;
  let ended = false;
  let goOn: () => void = () => undefined;
  let stopped: () => void = () => undefined;

  const gate = async (): Promise<void> => {
    const opened = Promise.withResolvers<void>();
    goOn = opened.resolve;
    // A killed process does not come back: its promise stays open for ever.
    if (statements.length >= (task.diesAfter ?? Number.POSITIVE_INFINITY)) ended = true;
    stopped();
    await opened.promise;
  };
  const gated: Db = {
    async all(sql, values) {
      const askedAt = task.now();
      await gate();
      const rows = await db.all(sql, values);
      const { reads } = inspectStatement(sql);
      statements.push({ sql, askedAt, place: nextPlace(), wrote: !reads && (rows.length > 0 || !/\breturning\b/.test(sql)) });
      return rows;
    },
    // One step: inside, its locks keep the others out anyway.
    async transaction(work) {
      const askedAt = task.now();
      await gate();
      const result = await db.transaction(work);
      statements.push({ sql: 'transaction', askedAt, place: nextPlace(), wrote: true });
      return result;
    },
    close: async () => undefined,
  };
  const run = async (): Promise<void> => {
    await gate();
    try {
      outcome = { result: await task.run(gated) };
    } catch (thrown) {
      outcome = { thrown };
    }
    ended = true;
    stopped();
  };
  void run();
  return {
    async step() {
      const stop = Promise.withResolvers<void>();
      stopped = stop.resolve;
      goOn();
      await stop.promise;
    },
    ended: () => ended,
    ran: () => ({ outcome, statements }),
  };
}
