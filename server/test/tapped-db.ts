import type { TestContext } from 'node:test';
import type { Database, Db } from '../src/platform/db.ts';
import { forEachDatabase } from './databases.ts';
import { heldClock, openWorld, type World, type WorldOptions } from './world.ts';

/** What may happen around a statement: a pause in which something else runs, or an error in its place. */
export type Hook = () => void | Promise<void>;

/** A database with an open ear: sees every statement, counts what was written, and can stop the world at one of them. */
export interface Tap {
  /** The text of every statement since the last `forget`. */
  statements(): readonly string[];
  /** How many statements have written something since the last `forget`. */
  writes(): number;
  forget(): void;
  /** Runs `hook` once, before the next statement whose text contains `part`. If it throws, the statement never runs. */
  before(part: string, hook: Hook): void;
  /** Runs `hook` once, after the next statement whose text contains `part` was committed. If it throws, the caller never learns of it. */
  after(part: string, hook: Hook): void;
}

/** What every node reads by its own clock is no statement of a test's making. */
const EACH_SECOND = 'from revocations where inserted_at';

export function tapDatabase(database: Database): { db: Database; tap: Tap } {
  let statements: string[] = [];
  let writes = 0;
  const hooks = { before: new Map<string, Hook>(), after: new Map<string, Hook>() };
  const run = async (when: 'before' | 'after', sql: string): Promise<void> => {
    for (const [part, hook] of Array.from(hooks[when])) {
      if (!sql.includes(part)) continue;
      hooks[when].delete(part);
      await hook();
    }
  };
  const tapped = (inner: Db): Db => ({
    all: async (sql, values = []) => {
      if (sql.includes(EACH_SECOND)) return inner.all(sql, values);
      await run('before', sql);
      statements.push(sql);
      const rows = await inner.all(sql, values);
      const reads = /^\s*select\b/.test(sql);
      // An update that says what it changed, and changed nothing, has written nothing.
      if (!reads && (rows.length > 0 || !/\breturning\b/.test(sql))) writes += 1;
      await run('after', sql);
      return rows;
    },
    transaction: (work) => inner.transaction((tx) => work(tapped(tx))),
    close: () => inner.close(),
  });
  return {
    db: {
      ...tapped(database),
      dialect: database.dialect,
      exclusively: (work) => database.exclusively(work),
      figures: () => database.figures(),
    },
    tap: {
      statements: () => statements,
      writes: () => writes,
      forget: () => {
        statements = [];
        writes = 0;
      },
      before: (part, hook) => void hooks.before.set(part, hook),
      after: (part, hook) => void hooks.after.set(part, hook),
    },
  };
}

/** As `inWorld`, on a tapped database. */
export function inTappedWorld(
  name: string,
  body: (world: World, tap: Tap, t: TestContext) => Promise<void>,
  options: WorldOptions = {},
): void {
  forEachDatabase(name, async (open, t) => {
    const { db, tap } = tapDatabase(await open());
    const world = await openWorld(db, { ...options, clock: options.clock ?? heldClock() });
    try {
      await body(world, tap, t);
    } finally {
      await world.close();
    }
  });
}
