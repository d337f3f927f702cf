import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachFreshDatabase } from '../../test/databases.ts';
import type { Database } from './db.ts';
import { createSteadyClock } from './steady-clock.ts';

const HOUR = 3_600_000;
/** What a busy machine may take between two readings, in milliseconds. */
const ROOM = 60_000;

/** Of a machine that somebody sets. */
function settable(): { now: () => number; by: number } {
  const clock = { by: 0, now: () => Date.now() + clock.by };
  return clock;
}

const isRight = (now: number) => Math.abs(now - Date.now()) < ROOM;

forEachFreshDatabase(
  'a machine that believes to be an hour off, from the start or suddenly, does not put a node out of time',
  async (fresh) => {
    const { db, dialect } = await fresh({ folder: null });
    if (dialect === 'sqlite') return;
    for (const by of [HOUR, -HOUR]) {
      const machine = settable();
      machine.by = by;
      const clock = createSteadyClock(db, machine.now);
      assert.ok(!isRight(clock.now()), 'nobody has told it yet');
      await clock.follow();
      assert.ok(isRight(clock.now()), 'it believes the database');
      machine.by = -by;
      assert.ok(isRight(clock.now()), 'and not the machine');
      await clock.follow();
      assert.ok(isRight(clock.now()));
    }
  },
);

forEachFreshDatabase('readings that are asked for at once make up for a difference once', async (fresh) => {
  const { db, dialect } = await fresh({ folder: null });
  if (dialect === 'sqlite') return;
  const clock = createSteadyClock(db, () => Date.now() + HOUR);
  await Promise.all(Array.from({ length: 20 }, () => clock.follow()));
  assert.ok(isRight(clock.now()));
});

forEachFreshDatabase('an answer that took too long to say when it was given moves nothing', async (fresh) => {
  const { db, dialect } = await fresh({ folder: null });
  if (dialect === 'sqlite') return;
  const slow: Database = {
    ...db,
    all: async (...asked) => {
      const rows = await db.all(...asked);
      await sleep(1100);
      return rows;
    },
  };
  const clock = createSteadyClock(slow, () => Date.now() + HOUR);
  await clock.follow();
  assert.ok(!isRight(clock.now()));
});

forEachFreshDatabase('on SQLite time is what the machine says, as soon as it says so', async (fresh) => {
  const { db, dialect } = await fresh({ folder: null });
  if (dialect === 'postgres') return;
  const machine = settable();
  const clock = createSteadyClock(db, machine.now);
  await clock.follow();
  machine.by = HOUR;
  assert.ok(!isRight(clock.now()));
});
