import assert from 'node:assert/strict';
import pg from 'pg';
import type { Db } from '../server/src/platform/db.ts';
import { ASKED, fillDatabase } from '../server/test/admin/filled.ts';
import { staff } from '../server/test/admin/staff.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../server/test/databases.ts';
import { heldClock, openWorld } from '../server/test/world.ts';

/**
 * How long each list of the admin page takes where there are 100,000 users, 300,000 sessions and 1,000,000 events: the whole call, from the
 * request to its JSON. Only `npm run prove` runs it: a machine's noise must not fail a change.
 */

const AMOUNTS = { users: 100_000, sessions: 300_000, events: 1_000_000 };
const ROUNDS = 21;
/** Milliseconds, at the median. */
const LIMIT = 100;

forEachFreshDatabase(
  'first pages and searches of the admin page are answered within 100 ms at 1,000,000 events',
  async (open, t, dialect) => {
    const fresh = await open();
    const { db: database } = fresh;
    const world = await openWorld(database, { clock: heldClock() });
    try {
      const began = performance.now();
      await unhurried(fresh, (db) => fillDatabase(db, dialect, AMOUNTS));
      t.diagnostic(`${dialect}: filled in ${Math.round((performance.now() - began) / 1000)} s`);
      const owner = await staff(world, 'owner');
      const slow: string[] = [];
      for (const { screen, query = {}, params = {} } of ASKED) {
        const times: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const start = performance.now();
          const { status } = await owner.read(screen, { query, params });
          times.push(performance.now() - start);
          assert.equal(status, 200, screen);
        }
        times.sort((a, b) => a - b);
        const [median = 0, worst = 0] = [times[Math.floor(ROUNDS / 2)], times.at(-1)];
        const asked = `${screen}${JSON.stringify({ ...query, ...params }).replace('{}', '')}`;
        t.diagnostic(
          `${dialect.padEnd(8)} ${asked.padEnd(60)} median ${median.toFixed(1).padStart(6)} ms   worst ${worst.toFixed(1).padStart(6)} ms`,
        );
        if (median > LIMIT) slow.push(asked);
      }
      assert.deepEqual(slow, []);
    } finally {
      await world.close();
    }
  },
);

/** Statements that take longer than any of the product's may: on a connection without its limits. */
async function unhurried({ dialect, db, where }: FreshDatabase, work: (db: Pick<Db, 'all'>) => Promise<void>): Promise<void> {
  if (dialect === 'sqlite') return work(db);
  const client = new pg.Client({ connectionString: where.databaseUrl });
  await client.connect();
  try {
    await work({ all: async (sql, values = []) => (await client.query(sql, [...values])).rows });
  } finally {
    await client.end();
  }
}
