import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../test/counts.ts';
import { startJob } from '../../test/database-jobs.ts';
import { forEachFreshDatabase } from '../../test/databases.ts';
import { type Db, one } from './db.ts';

const EMPTY = { folder: null };
const INSERT = 'insert into notes (id, body) values ($1, $2)';

async function withNotes(fresh: (options: { folder: null }) => Promise<{ readonly db: Db }>): Promise<Db> {
  const { db } = await fresh(EMPTY);
  await db.all('create table notes (id bigint primary key, body text)');
  return db;
}

async function ids(db: Db): Promise<readonly unknown[]> {
  return (await db.all('select id from notes order by id')).map((row) => row['id']);
}

/** A promise and the function that keeps it: lets a test hold a transaction open. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

forEachFreshDatabase('numbers, text and null come back as they were written', async (fresh) => {
  const db = await withNotes(fresh);
  const written = [
    [Number.MAX_SAFE_INTEGER, 'ä €𝄞\n'],
    [-1, null],
    [0, ''],
  ] as const;
  for (const values of written) await db.all(INSERT, values);
  const rows = await db.all('select id, body from notes order by id desc');
  assert.deepEqual(
    rows.map(({ id, body }) => [id, body]),
    [written[0], written[2], written[1]],
  );
  const facts = await one(db, 'select count(*) as n, sum(id) as total, max(id) > 5 as large from notes where id < $1', [5]);
  assert.deepEqual({ ...facts }, { n: 2, total: -1, large: 0 });
  const asText = await one(db, `${INSERT} returning body`, [7, 7]);
  assert.deepEqual({ ...asText }, { body: '7' });
});

forEachFreshDatabase('a number too large for JavaScript is an error, never a rounded number', async (fresh) => {
  const db = await withNotes(fresh);
  await db.all("insert into notes (id, body) values (9007199254740993, 'x')");
  await assert.rejects(db.all('select id from notes'), /too large/i);
  await assert.doesNotReject(db.all('select body from notes'));
});

forEachFreshDatabase('a transaction that throws has written nothing, and the error is the one that was thrown', async (fresh) => {
  const db = await withNotes(fresh);
  const boom = new Error('boom');
  const failing = db.transaction(async (tx) => {
    await tx.all(INSERT, [1, 'a']);
    assert.deepEqual(await ids(tx), [1]);
    throw boom;
  });
  await assert.rejects(failing, (error) => error === boom);
  assert.deepEqual(await ids(db), []);
});

forEachFreshDatabase('what a transaction returns arrives, and what it wrote stays', async (fresh) => {
  const db = await withNotes(fresh);
  const result = await db.transaction(async (tx) => {
    await tx.all(INSERT, [1, 'a']);
    return (await ids(tx)).length;
  });
  assert.equal(result, 1);
  assert.deepEqual(await ids(db), [1]);
});

forEachFreshDatabase('a transaction does not swallow the statement of a neighbour', async (fresh) => {
  const db = await withNotes(fresh);
  const inside = gate();
  const failing = db.transaction(async (tx) => {
    await tx.all(INSERT, [1, 'mine']);
    inside.open();
    await sleep(100);
    throw new Error('undo mine');
  });
  await inside.opened;
  const neighbour = db.all(INSERT, [2, 'not yours']);
  const neighbours = db.transaction((tx) => tx.all(INSERT, [3, 'not yours either']));
  await assert.rejects(failing, /undo mine/);
  await neighbour;
  await neighbours;
  assert.deepEqual(await ids(db), [2, 3]);
});

forEachFreshDatabase('readers outside see only what has been committed', async (fresh) => {
  const db = await withNotes(fresh);
  const inside = gate();
  const go = gate();
  const writing = db.transaction(async (tx) => {
    await tx.all(INSERT, [1, 'a']);
    inside.open();
    await go.opened;
  });
  await inside.opened;
  assert.deepEqual(await ids(db), []);
  go.open();
  await writing;
  assert.deepEqual(await ids(db), [1]);
});

forEachFreshDatabase('a nested transaction can fail alone', async (fresh) => {
  const db = await withNotes(fresh);
  await db.transaction(async (tx) => {
    await tx.all(INSERT, [1, 'outer']);
    await assert.rejects(
      tx.transaction(async (inner) => {
        await inner.all(INSERT, [2, 'inner']);
        await inner.transaction((innermost) => innermost.all(INSERT, [3, 'innermost']));
        await inner.all(INSERT, [1, 'a second number 1']);
      }),
    );
    await tx.transaction((inner) => inner.all(INSERT, [4, 'kept']));
  });
  assert.deepEqual(await ids(db), [1, 4]);
});

forEachFreshDatabase('a transaction in which a statement failed cannot commit, even if the error was caught', async (fresh) => {
  const db = await withNotes(fresh);
  await db.all(INSERT, [1, 'there']);
  const careless = db.transaction(async (tx) => {
    await tx.all(INSERT, [2, 'a']);
    await tx.all(INSERT, [1, 'again']).catch(() => {});
    await assert.rejects(tx.all(INSERT, [3, 'a']), /has failed/);
  });
  await assert.rejects(careless, /unique|constraint/i);
  assert.deepEqual(await ids(db), [1]);
});

forEachFreshDatabase('a transaction cannot be used once its work has ended, nor while a nested one runs', async (fresh) => {
  const db = await withNotes(fresh);
  let escaped: Db | undefined;
  await db.transaction(async (tx) => {
    escaped = tx;
    const inside = gate();
    const nested = tx.transaction(async (inner) => {
      inside.open();
      await inner.all(INSERT, [1, 'a']);
      await assert.rejects(tx.all(INSERT, [2, 'b']), /nested/);
      await assert.rejects(
        tx.transaction(async () => {}),
        /nested/,
      );
    });
    await inside.opened;
    await nested;
  });
  await assert.rejects(escaped?.all(INSERT, [3, 'late']) ?? Promise.resolve(), /is over/);
  await assert.rejects(escaped?.transaction(async () => {}) ?? Promise.resolve(), /is over/);
  assert.deepEqual(await ids(db), [1]);
});

forEachFreshDatabase(
  'a nested transaction that was not awaited takes the whole transaction down and writes nothing later',
  async (fresh) => {
    const db = await withNotes(fresh);
    const go = gate();
    let straggler: Promise<unknown> = Promise.resolve();
    const hasty = db.transaction(async (tx) => {
      await tx.all(INSERT, [1, 'a']);
      straggler = tx.transaction(async (inner) => {
        await go.opened;
        await inner.all(INSERT, [2, 'b']);
      });
      straggler.catch(() => {});
    });
    await assert.rejects(hasty, /before its nested transaction/);
    go.open();
    await assert.rejects(straggler, /is over/);
    await db.all(INSERT, [3, 'c']);
    assert.deepEqual(await ids(db), [3]);
  },
);

forEachFreshDatabase('statements that were started together inside a transaction run in order', async (fresh) => {
  const db = await withNotes(fresh);
  await db.transaction(async (tx) => {
    const [, seen] = await Promise.all([tx.all(INSERT, [1, 'a']), ids(tx), tx.all(INSERT, [2, 'b'])]);
    assert.deepEqual(seen, [1]);
  });
  assert.deepEqual(await ids(db), [1, 2]);
});

forEachFreshDatabase('a transaction that waits for something else gives the database back within 3 seconds', async (fresh) => {
  const db = await withNotes(fresh);
  const started = performance.now();
  const stuck = db.transaction(async (tx) => {
    await tx.all(INSERT, [1, 'a']);
    await new Promise(() => {});
  });
  await assert.rejects(stuck, { name: 'Refusal', code: 'unavailable' });
  assert.ok(performance.now() - started < within(3_000));
  await db.all(INSERT, [1, 'free again']);
  assert.deepEqual(await ids(db), [1]);
});

forEachFreshDatabase('four processes add to one counter and none of the additions is lost', async (fresh) => {
  const { db, where } = await fresh(EMPTY);
  await db.all('create table counters (id bigint primary key, n bigint not null)');
  await db.all('insert into counters (id, n) values ($1, $2)', [1, 0]);
  const times = 150;
  const jobs = Array.from({ length: 4 }, () => startJob({ kind: 'increment', where, times }));
  await Promise.all(jobs.map((job) => job.ended));
  assert.equal((await one(db, 'select n from counters'))?.['n'], 4 * times);
});

forEachFreshDatabase('a closed database says so, and closing it twice is harmless', async (fresh) => {
  const db = await withNotes(fresh);
  const last = db.all(INSERT, [1, 'a']);
  await Promise.all([last, db.close()]);
  await assert.rejects(db.all('select 1'), /has been closed/);
  await assert.rejects(
    db.transaction(async () => {}),
    /has been closed/,
  );
  await db.close();
});
