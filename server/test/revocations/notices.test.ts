import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../src/platform/db.ts';
import { silentLog } from '../../src/platform/log.ts';
import type { Notices } from '../../src/platform/notices.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { openNotices } from '../../src/platform/open-notices.ts';
import { createRevokedSet } from '../../src/platform/revoked-set.ts';
import { watchRevocations } from '../../src/revocations/watch.ts';
import { insertRevocation } from '../../src/sessions/revocation.ts';
import { DIALECTS, forEachFreshDatabase, freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { inWorld, type World } from '../world.ts';

async function until(what: string, done: () => boolean): Promise<void> {
  for (let tries = 0; !done(); tries += 1) {
    assert.ok(tries < 1200, what);
    await sleep(25);
  }
}

const DEPS = { now: Date.now, random: (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))) };
const gone = (db: Db, subject: string) => insertRevocation(db, DEPS, { kind: 'sid', subject, minimumUv: null });

forEachFreshDatabase('what another connection commits and announces is heard at once, and what nobody writes is not', async (fresh) => {
  const { db, where } = await fresh();
  const ear = openNotices(where, db, silentLog);
  const other = openDatabase(where);
  const mouth = openNotices(where, other, silentLog);
  let heard = 0;
  const stop = ear.listen(
    () => (heard += 1),
    () => undefined,
  );
  try {
    await until('it listens', () => {
      mouth.announce({ kind: 'sid', subject: 'a', minimumUv: null, expiresAt: 0 });
      return heard > 0;
    });
    await sleep(600);
    const before = heard;
    await sleep(600);
    assert.equal(heard, before, 'nothing was written');
    const entry = await gone(other, 'a');
    mouth.announce(entry);
    await mouth.close();
    await until('heard', () => heard > before);
    stop();
    const after = heard;
    mouth.announce(await gone(other, 'b'));
    await mouth.close();
    await sleep(500);
    assert.equal(heard, after, 'whoever stopped hears no more');
  } finally {
    stop();
    await other.close();
  }
});

test('a LISTEN whose connection was cut listens again, and says that something may have been missed [postgres]', async (t) => {
  if (!DIALECTS.includes('postgres') || (await skippedWithoutPostgres(t))) return;
  const { db, where, drop } = await freshDatabase('postgres');
  t.after(drop);
  const notices = openNotices(where, db, silentLog);
  let [heard, missed] = [0, 0];
  const stop = notices.listen(
    () => (heard += 1),
    () => (missed += 1),
  );
  const announceUntilHeard = async () => {
    const before = heard;
    await until('heard', () => {
      notices.announce({ kind: 'sid', subject: 'a', minimumUv: null, expiresAt: 0 });
      return heard > before;
    });
  };
  try {
    await announceUntilHeard();
    assert.equal(missed, 0);
    await db.all(
      "select pg_terminate_backend(pid) as cut from pg_stat_activity where application_name = 'portico-notices' and datname = current_database()",
    );
    await until('missed', () => missed === 1);
    await announceUntilHeard();
  } finally {
    stop();
    await notices.close();
  }
});

/** A hand that calls when it is told to. */
function bell(): Notices & { ring: () => void; miss: () => void } {
  const made = {
    ring: () => undefined as void,
    miss: () => undefined as void,
    announce: () => undefined,
    close: async () => undefined,
    listen: (hear: () => void, missed: () => void) => {
      [made.ring, made.miss] = [hear, missed];
      return () => {
        made.ring = () => undefined;
      };
    },
  };
  return made;
}

inWorld('a notice makes a node read before the second is over; one that comes while it reads makes it read again', async (world) => {
  const { node, reads } = nodeBeside(world);
  const notices = bell();
  const watch = await watchRevocations(node, [notices]);
  try {
    const began = reads.count;
    let release: () => void = () => undefined;
    reads.hold = new Promise((resolve) => (release = resolve));
    notices.ring();
    // It has read; what is committed now is in no answer that it has.
    await until('reading', () => reads.count > began);
    await gone(world.deps.db, 'late');
    notices.ring();
    reads.hold = null;
    release();
    await until('read again', () => node.revoked.isRevoked({ sid: 'late', aud: 'x', sub: 'y' }));
  } finally {
    watch.stop();
  }
});

inWorld('rows of a clock that is far behind are found by the whole reading that follows a gap in the notices', async (world) => {
  const { node } = nodeBeside(world);
  const notices = bell();
  const now = world.clock.now();
  await insertRevocation(world.deps.db, { ...world.deps, now: () => now }, { kind: 'sid', subject: 'newest', minimumUv: null });
  const watch = await watchRevocations(node, [notices]);
  try {
    await insertRevocation(world.deps.db, { ...world.deps, now: () => now - 60_000 }, { kind: 'sid', subject: 'behind', minimumUv: null });
    const known = () => node.revoked.isRevoked({ sid: 'behind', aud: 'x', sub: 'y' });
    notices.ring();
    await sleep(300);
    assert.equal(known(), false);
    notices.miss();
    await until('known', known);
  } finally {
    watch.stop();
  }
});

/** A second node on the world's database, whose readings are counted and can be held after the rows were fetched. */
function nodeBeside(world: World) {
  const reads: { count: number; hold: Promise<void> | null } = { count: 0, hold: null };
  const db: Db = {
    ...world.deps.db,
    all: async (sql, ...rest) => {
      const rows = await world.deps.db.all(sql, ...rest);
      if (sql.includes('from revocations')) {
        reads.count += 1;
        await reads.hold;
      }
      return rows;
    },
  };
  return { node: { ...world.deps, db, revoked: createRevokedSet() }, reads };
}
