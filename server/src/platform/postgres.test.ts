import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../test/counts.ts';
import { type FreshDatabase, freshDatabase, skippedWithoutPostgres } from '../../test/databases.ts';
import { type FreezableProxy, startFreezableProxy } from '../../test/freezable-proxy.ts';
import { type Database, one } from './db.ts';
import { answered, during, whileNobodyWaits } from './deadline.ts';
import { openPostgres } from './postgres.ts';

const UNAVAILABLE = { name: 'Refusal', code: 'unavailable' };
const ADD = 'insert into entries (id) values ($1)';

function postgresTest(name: string, body: (fresh: FreshDatabase, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    if (await skippedWithoutPostgres(t)) return;
    const fresh = await freshDatabase('postgres', { folder: null });
    try {
      await fresh.db.all('create table entries (id bigint primary key, n bigint not null default 0)');
      await body(fresh, t);
    } finally {
      await fresh.drop();
    }
  });
}

/** The same, reached through a wire that can be frozen and cut. */
function wiredTest(name: string, body: (db: Database, wire: FreezableProxy, fresh: FreshDatabase) => Promise<void>): void {
  postgresTest(name, async (fresh) => {
    const url = new URL(fresh.where.databaseUrl);
    const wire = await startFreezableProxy({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(wire.port);
    const db = openPostgres(url.href, { max: 3, applicationName: 'portico-wired' });
    try {
      await body(db, wire, fresh);
    } finally {
      await db.close();
      await wire.close();
    }
  });
}

async function ids(db: Database): Promise<readonly unknown[]> {
  return (await db.all('select id from entries order by id')).map((row) => row['id']);
}

async function millisecondsOf(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

wiredTest(
  'a server that goes silent is refused within 3 seconds, by every kind of call, and used again once it answers',
  async (db, wire) => {
    const warm = Array.from({ length: 3 }, () => db.all('select pg_sleep(0.05)'));
    await Promise.all(warm);
    wire.freeze();
    const calls = [
      ...Array.from({ length: 6 }, (_, id) => db.all(ADD, [id])),
      ...Array.from({ length: 4 }, () => db.transaction((tx) => tx.all('select 1'))),
    ];
    const took = await millisecondsOf(Promise.all(calls.map((call) => assert.rejects(call, UNAVAILABLE))));
    assert.ok(took < within(3_000), `took ${took} ms`);
    const tookAgain = await millisecondsOf(assert.rejects(db.all('select 1'), UNAVAILABLE));
    assert.ok(tookAgain < within(3_000), `took ${tookAgain} ms`);
    wire.thaw();
    await db.all(ADD, [100]);
    assert.ok((await ids(db)).includes(100));
  },
);

wiredTest(
  'a server that goes silent within a transaction is refused within 3 seconds, and nothing of it was written',
  async (db, wire, fresh) => {
    const failing = db.transaction(async (tx) => {
      await tx.all(ADD, [1]);
      wire.freeze();
      await tx.all(ADD, [2]);
    });
    const took = await millisecondsOf(assert.rejects(failing, UNAVAILABLE));
    assert.ok(took < within(3_000), `took ${took} ms`);
    wire.cut();
    wire.thaw();
    assert.deepEqual(await ids(fresh.db), []);
    await db.all(ADD, [3]);
    assert.deepEqual(await ids(db), [3]);
  },
);

wiredTest('one silent connection is enough: its idle siblings are not tried one after the other', async (db, wire) => {
  await Promise.all(Array.from({ length: 3 }, () => db.all('select pg_sleep(0.05)')));
  wire.freeze();
  await assert.rejects(db.all('select 1'), UNAVAILABLE);
  wire.failOver();
  const took = await millisecondsOf(db.all('select 1'));
  assert.ok(took < within(500), `took ${took} ms`);
});

wiredTest('connections that break, idle or lent, do not end the process, and the next call gets a new one', async (db, wire) => {
  await Promise.all([db.all('select 1'), db.all('select 1')]);
  wire.cut();
  await sleep(50);
  assert.equal((await one(db, 'select 7 as n'))?.['n'], 7);
  const torn = db.transaction(async (tx) => {
    await tx.all(ADD, [1]);
    wire.cut();
    await sleep(50);
    await tx.all(ADD, [2]);
  });
  await assert.rejects(torn, UNAVAILABLE);
  await db.all(ADD, [3]);
  assert.deepEqual(await ids(db), [3]);
});

test('a server that is not there is refused at once, and closing does not hang', async () => {
  const db = openPostgres('postgres://nobody@127.0.0.1:1/nothing');
  const took = await millisecondsOf(assert.rejects(db.all('select 1'), UNAVAILABLE));
  assert.ok(took < within(1_000), `took ${took} ms`);
  await assert.rejects(
    db.exclusively(async () => {}),
    UNAVAILABLE,
  );
  await db.close();
});

postgresTest('callers beyond the pool wait, and are refused within 3 seconds if nothing becomes free', async (fresh) => {
  const db = openPostgres(fresh.where.databaseUrl, { max: 1 });
  const holding = db.transaction(async (tx) => {
    await tx.all('select 1');
    await sleep(2_600);
  });
  const took = await millisecondsOf(assert.rejects(db.all('select 1'), UNAVAILABLE));
  assert.ok(took < within(3_000), `took ${took} ms`);
  // It may hold it a tenth of a second longer than it does; on a slow machine that is too little.
  await holding.catch(() => undefined);
  await db.all('select 1');
  await db.close();
});

wiredTest(
  'whoever asks again for the same request after a silence is refused at once; others, and what outlives the request, are not',
  async (db, wire) => {
    await db.all('select 1');
    wire.freeze();
    await during({ isOver: false }, async () => {
      await assert.rejects(db.all('select 1'), UNAVAILABLE);
      let [again, other, after] = [false, false, false];
      const asked = assert.rejects(db.all('select 1'), UNAVAILABLE).then(() => (again = true));
      const beside = whileNobodyWaits(() => assert.rejects(db.all('select 1'), UNAVAILABLE)).then(() => (other = true));
      answered();
      const later = assert.rejects(db.all('select 1'), UNAVAILABLE).then(() => (after = true));
      // No timer runs until then.
      for (let turns = 0; turns < 100; turns += 1) await Promise.resolve();
      assert.deepEqual([again, other, after], [true, false, false]);
      await Promise.all([asked, beside, later]);
    });
  },
);

wiredTest('while the server is silent a thousand wait at most, and whoever comes then is refused at once', async (db, wire) => {
  await Promise.all(Array.from({ length: 3 }, () => db.all('select pg_sleep(0.05)')));
  wire.freeze();
  const refused = { early: 0, late: 0 };
  const ask = (who: keyof typeof refused) =>
    assert.rejects(db.all('select 1'), UNAVAILABLE).then(() => {
      refused[who] += 1;
    });
  const waiting = Array.from({ length: 1_000 }, () => ask('early'));
  const late = Array.from({ length: 500 }, () => ask('late'));
  // No timer runs until then.
  for (let turns = 0; turns < 100; turns += 1) await Promise.resolve();
  assert.deepEqual(refused, { early: 0, late: 500 });
  await Promise.all(late);
  await Promise.all(waiting);
});

postgresTest('a statement that runs too long is cancelled on the server too', async ({ db }) => {
  const took = await millisecondsOf(assert.rejects(db.all('select pg_sleep(20)'), UNAVAILABLE));
  assert.ok(took < within(3_000), `took ${took} ms`);
  const running = await db.all(
    "select pid from pg_stat_activity where query like '%pg_sleep(20)%' and state = 'active' and pid <> pg_backend_pid()",
  );
  assert.deepEqual(running, []);
});

postgresTest('two transactions that lock each other out both succeed, because the one that is chosen runs again', async (fresh) => {
  // Notices it sooner than after the usual second, where the test may say so.
  await fresh.db.all(`alter database ${new URL(fresh.where.databaseUrl).pathname.slice(1)} set deadlock_timeout = '50ms'`).catch(() => {});
  const db = openPostgres(fresh.where.databaseUrl);
  await db.all(ADD, [1]);
  await db.all(ADD, [2]);
  let runs = 0;
  let holding = 0;
  const both = Promise.withResolvers<void>();
  const add = (first: number, second: number) =>
    db.transaction(async (tx) => {
      runs++;
      await tx.all('update entries set n = n + 1 where id = $1', [first]);
      if (++holding === 2) both.resolve();
      await both.promise;
      await tx.all('update entries set n = n + 1 where id = $1', [second]);
    });
  await Promise.all([add(1, 2), add(2, 1)]);
  // Three, or more where the one that runs again meets the other once more.
  assert.ok(runs >= 3, `${runs} runs`);
  assert.deepEqual(
    (await db.all('select n from entries order by id')).map((row) => row['n']),
    [2, 2],
  );
  await db.close();
});

postgresTest('a refusal thrown inside a transaction is what the caller hears, and the connection serves on', async (fresh) => {
  const db = openPostgres(fresh.where.databaseUrl, { max: 1 });
  const backend = async () => (await one(db, 'select pg_backend_pid() as pid'))?.['pid'];
  const before = await backend();
  const mine = new Error('mine');
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.all(ADD, [1]);
      throw mine;
    }),
    (error) => error === mine,
  );
  await assert.rejects(db.all('select nothing from entries'), /nothing/);
  assert.equal(await backend(), before);
  await db.close();
});

postgresTest('statements are prepared once a connection, by name, and a flood of different ones is not kept', async (fresh) => {
  const db = openPostgres(fresh.where.databaseUrl, { max: 1 });
  for (let round = 0; round < 3; round++) await db.all('select n from entries where id = $1', [round]);
  const named = await db.all("select name from pg_prepared_statements where statement like 'select n from entries%'");
  assert.equal(named.length, 1);
  for (let round = 0; round < 600; round++) await db.all(`select ${round} as n`);
  const kept = await one(db, 'select count(*) as n from pg_prepared_statements');
  assert.ok(Number(kept?.['n']) <= 500, `${kept?.['n']} statements`);
  await db.close();
});

postgresTest('after a change of the schema a prepared statement recovers by itself', async (fresh) => {
  const db = openPostgres(fresh.where.databaseUrl, { max: 1 });
  await db.all('select * from entries');
  await fresh.db.all('alter table entries add column extra text');
  await db.all('select * from entries').catch(() => {});
  assert.deepEqual(await db.all('select * from entries'), []);
  await db.close();
});

postgresTest('transactions run at read committed whatever the database prefers', async (fresh) => {
  await fresh.db.all(
    `alter database ${new URL(fresh.where.databaseUrl).pathname.slice(1)} set default_transaction_isolation = 'serializable'`,
  );
  const db = openPostgres(fresh.where.databaseUrl);
  const level = await db.transaction((tx) => one(tx, "select current_setting('transaction_isolation') as level"));
  assert.equal(level?.['level'], 'read committed');
  await db.close();
});

// The warning is given once a process, so an earlier test may be the one that earns it.
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(warning.message));

postgresTest('statements that are started together inside a transaction do not lean on the deprecated queue of pg', async ({ db }) => {
  await db.transaction((tx) => Promise.all([1, 2, 3, 4].map((id) => tx.all(ADD, [id]))));
  await nextTurn();
  assert.deepEqual(
    warnings.filter((warning) => warning.includes('client.query()')),
    [],
  );
});
