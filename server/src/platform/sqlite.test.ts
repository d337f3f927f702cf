import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../test/counts.ts';
import { startJob } from '../../test/database-jobs.ts';
import type { Database } from './db.ts';
import { openSqlite, type SqliteOptions } from './sqlite.ts';
import { connectSqlite } from './sqlite-connection.ts';

const UNAVAILABLE = { name: 'Refusal', code: 'unavailable' };
const ADD = 'insert into entries (id) values ($1)';
const ADD_ITEM = 'insert into items (id, entry) values ($1, $2)';

/** A database with two small tables, in a folder of its own. An item without its entry fails at COMMIT, not before. */
async function openEntries(t: TestContext, options: SqliteOptions = {}): Promise<{ db: Database; dataDir: string; path: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-test-'));
  const path = join(dataDir, 'portico.sqlite');
  const db = openSqlite(path, options);
  t.after(async () => {
    await db.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  await db.all('create table entries (id bigint primary key)');
  await db.all('create table items (id bigint primary key, entry bigint references entries (id) deferrable initially deferred)');
  return { db, dataDir, path };
}

async function ids(db: Database): Promise<readonly unknown[]> {
  return (await db.all('select id from entries order by id')).map((row) => row['id']);
}

/** The longest time for which the event loop did nothing else while `work` ran. */
async function longestPause(work: Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  await work;
  clearInterval(timer);
  return longest;
}

test('writes that arrive together are committed together', async (t) => {
  const commits: number[] = [];
  const { db } = await openEntries(t, { onCommit: (jobs) => commits.push(jobs) });
  commits.length = 0;
  const writes = Array.from({ length: 50 }, (_, id) => db.all(ADD, [id]));
  await Promise.all([...writes, db.transaction((tx) => tx.all(ADD, [100]))]);
  // Three, not one: on a machine without a free core the time of a group may run out.
  assert.ok(commits.length <= 3, `${commits.length} commits`);
  assert.equal((await ids(db)).length, 51);
});

test('a group is bounded, so that a flood does not keep the first caller waiting', async (t) => {
  const commits: number[] = [];
  const { db } = await openEntries(t, { onCommit: (jobs) => commits.push(jobs) });
  commits.length = 0;
  await Promise.all(Array.from({ length: 1000 }, (_, id) => db.all(ADD, [id])));
  assert.ok(commits.length >= 4 && Math.max(...commits) <= 256, `groups of ${commits.join(', ')}`);
});

test('a write that fails harms none of the writes it shares a commit with', async (t) => {
  const { db } = await openEntries(t);
  const outcomes = await Promise.allSettled([
    db.all(ADD, [1]),
    db.all(ADD, [1]),
    db.transaction(async (tx) => {
      await tx.all(ADD, [2]);
      await tx.all(ADD, [1]);
    }),
    db.all('insert into nowhere (id) values (1)'),
    // Has written its row when it turns out that its answer cannot be read.
    db.all(`${ADD} returning 9007199254740993 as n`, [4]),
    db.all(ADD, [3]),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await ids(db), [1, 3]);
});

test('when COMMIT fails every caller of the group is refused, and nobody was answered before', async (t) => {
  const { db } = await openEntries(t);
  const good = db.all(`${ADD} returning id`, [1]);
  const alsoGood = db.transaction((tx) => tx.all(ADD, [2]));
  const poison = db.all(ADD_ITEM, [1, 99]);
  const failing = db.all(`${ADD} on conflict do nothing returning nowhere`, [1]);
  await Promise.all([good, alsoGood, poison, failing].map((caller) => assert.rejects(caller, UNAVAILABLE)));
  assert.deepEqual(await ids(db), []);
  await db.all(ADD, [3]);
  assert.deepEqual(await ids(db), [3]);
});

test('each commit is synced to the disk, and the log is write-ahead', async (t) => {
  const { db } = await openEntries(t);
  const settings = await db.transaction(async (tx) => [await tx.all('pragma synchronous'), await tx.all('pragma journal_mode')]);
  assert.deepEqual(
    settings.map(([row]) => Object.values(row ?? {})[0]),
    [2, 'wal'],
  );
  assert.deepEqual(Object.values((await db.all('pragma foreign_keys'))[0] ?? {}), [1]);
});

test('every write that was acknowledged survives kill -9', { timeout: 60_000 }, async (t) => {
  const { db, dataDir, path } = await openEntries(t);
  for (let round = 0; round < 3; round++) {
    const first = round * 10_000_000;
    const job = startJob({ kind: 'append', where: { databaseUrl: '', dataDir }, first });
    while (job.output().length < 500 && job.child.exitCode === null) await sleep(5);
    await sleep(Math.random() * 30);
    job.child.kill('SIGKILL');
    const acknowledged = (await job.ended).split('\n').slice(0, -1).map(Number);
    assert.ok(acknowledged.length > 10);
    const stored = new Set(await ids(db));
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    );
  }
  const raw = new DatabaseSync(path);
  assert.equal(raw.prepare('pragma integrity_check').get()?.['integrity_check'], 'ok');
  raw.close();
});

test('a file that another process keeps locked is refused within 3 seconds, and the event loop runs on meanwhile', async (t) => {
  const { db, path } = await openEntries(t);
  const other = new DatabaseSync(path);
  other.exec('begin immediate; insert into entries (id) values (7)');
  const started = performance.now();
  const refused = Promise.all([
    assert.rejects(db.all(ADD, [1]), UNAVAILABLE),
    assert.rejects(
      db.transaction((tx) => tx.all(ADD, [2])),
      UNAVAILABLE,
    ),
  ]);
  assert.deepEqual(await ids(db), [], 'readers are not kept out');
  const pause = await longestPause(refused);
  assert.ok(performance.now() - started < within(3_000), `took ${performance.now() - started} ms`);
  assert.ok(pause < 1_500, `the event loop stood still for ${pause} ms`);
  const patient = db.all(ADD, [3]);
  await sleep(100);
  other.exec('commit');
  other.close();
  await patient;
  assert.deepEqual(await ids(db), [3, 7]);
});

test('a database that cannot be opened is refused, and served once it can be', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const path = join(dataDir, 'portico.sqlite');
  const locked = new DatabaseSync(path);
  locked.exec('create table entries (id bigint primary key); begin exclusive');
  const db = openSqlite(path);
  const calls = [db.all(ADD, [1]), db.all('select id from entries')];
  await Promise.all(calls.map((call) => assert.rejects(call, UNAVAILABLE)));
  locked.exec('commit');
  locked.close();
  await db.all(ADD, [1]);
  assert.deepEqual(await ids(db), [1]);
  await db.close();
  await assert.rejects(openSqlite(join(dataDir, 'no', 'such', 'folder')).all('select 1'), UNAVAILABLE);
});

test('the connection that serves queries cannot write, whatever it is given', async (t) => {
  const { db, path } = await openEntries(t);
  const queries = connectSqlite(path, { queries: true });
  assert.throws(() => queries.run(ADD, [1]), /readonly/);
  queries.close();
  await db.all('with new_ones as (select 5 as id) insert into entries (id) select id from new_ones');
  assert.deepEqual(await ids(db), [5]);
});

test('the log does not grow without bound while there is a reader at every commit', async (t) => {
  const readers: DatabaseSync[] = [];
  let timer: NodeJS.Timeout | undefined;
  const endReading = (): void => {
    clearTimeout(timer);
    for (const reader of readers) if (reader.isTransaction) reader.exec('rollback');
  };
  // Still reads the commit before when the next one wants to fold the log into the file, so that one never gets to the end of it.
  const startReading = (): void => {
    endReading();
    for (const reader of readers) reader.exec('begin; select count(*) from entries');
    timer = setTimeout(endReading, 20);
  };
  const { db, path } = await openEntries(t, { onCommit: startReading });
  await db.all('create table pages (id bigint primary key, body text)');
  await db.transaction(async (tx) => {
    for (let id = 0; id < 400; id++) await tx.all('insert into pages (id, body) values ($1, $2)', [id, '']);
  });
  readers.push(new DatabaseSync(path, { timeout: 0 }));
  let largest = 0;
  const writeOn = async (first: number): Promise<void> => {
    for (let round = first; round < 400; round += 2) {
      await Promise.all(
        Array.from({ length: 20 }, (_, k) =>
          db.all('update pages set body = $2 where id = $1', [(round * 20 + k) % 400, String(round % 7).repeat(6000)]),
        ),
      );
      largest = Math.max(largest, (await stat(`${path}-wal`)).size);
    }
  };
  await Promise.all([writeOn(0), writeOn(1)]);
  endReading();
  for (const reader of readers.splice(0)) reader.close();
  assert.ok(largest < 24 * 1024 * 1024, `the log reached ${Math.round(largest / 1024 / 1024)} MB`);
});

test('a database in memory keeps uncommitted rows from its readers too', async () => {
  const db = openSqlite(':memory:');
  await db.all('create table entries (id bigint primary key)');
  const { promise: inside, resolve: arrived } = Promise.withResolvers<void>();
  const failing = db.transaction(async (tx) => {
    await tx.all(ADD, [1]);
    arrived();
    await sleep(30);
    throw new Error('undo');
  });
  await inside;
  const seen = ids(db);
  await assert.rejects(failing, /undo/);
  assert.deepEqual(await seen, []);
  await db.close();
});
