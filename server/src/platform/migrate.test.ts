import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startJob } from '../../test/database-jobs.ts';
import { forEachDatabase, forEachFreshDatabase } from '../../test/databases.ts';
import { type Db, one } from './db.ts';
import { createFitCheck, migrate, pendingMigrations } from './migrate.ts';
import { openSqlite } from './sqlite.ts';

const EMPTY = { folder: null };
const FIRST =
  "-- People; and their names.\ncreate table people (id bigint primary key, name text not null);\ninsert into people (id, name) values (1, 'a;b');\n";
const SECOND = 'alter table people add column age bigint;\ncreate index people_name on people (name);\n';

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-migrations-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

async function appliedTo(db: Db): Promise<readonly unknown[]> {
  return (await db.all('select name from migrations order by name')).map((row) => row['name']);
}

forEachFreshDatabase('migrations are applied once, in order, and what is pending can be asked', async (fresh, t) => {
  const { db } = await fresh(EMPTY);
  const folder = await folderWith(t, { '0001-people.sql': FIRST, 'README.md': 'not a migration' });
  assert.deepEqual(await pendingMigrations(db, folder), ['0001-people.sql']);
  assert.deepEqual(await migrate(db, folder, () => 1234), ['0001-people.sql']);
  await writeFile(join(folder, '0002-age.sql'), SECOND);
  assert.deepEqual(await pendingMigrations(db, folder), ['0002-age.sql']);
  assert.deepEqual(await migrate(db, folder), ['0002-age.sql']);
  assert.deepEqual(await migrate(db, folder), []);
  assert.deepEqual(await pendingMigrations(db, folder), []);
  assert.deepEqual({ ...(await one(db, 'select name, age from people')) }, { name: 'a;b', age: null });
  assert.equal((await one(db, 'select applied_at from migrations order by name'))?.['applied_at'], 1234);
});

forEachFreshDatabase(
  'eight processes that start at once on an empty database all come up, and each file is applied once',
  async (fresh, t) => {
    const { where, db } = await fresh(EMPTY);
    const folder = await folderWith(t, { '0001-people.sql': FIRST, '0002-age.sql': SECOND });
    const jobs = Array.from({ length: 8 }, () => startJob({ kind: 'migrate', where, folder }));
    const applied = (await Promise.all(jobs.map((job) => job.ended))).map(Number);
    assert.deepEqual(
      applied.toSorted((a, b) => a - b),
      [0, 0, 0, 0, 0, 0, 0, 2],
    );
    assert.deepEqual(await appliedTo(db), ['0001-people.sql', '0002-age.sql']);
    assert.equal((await one(db, 'select count(*) as n from people'))?.['n'], 1);
  },
);

forEachFreshDatabase(
  'a migration that was changed after it had been applied is refused; other line ends are no change',
  async (fresh, t) => {
    const { db } = await fresh(EMPTY);
    const folder = await folderWith(t, { '0001-people.sql': FIRST });
    await migrate(db, folder);
    await writeFile(join(folder, '0001-people.sql'), FIRST.replaceAll('\n', '\r\n'));
    assert.deepEqual(await migrate(db, folder), []);
    await writeFile(join(folder, '0001-people.sql'), `${FIRST}-- and a thought\n`);
    await assert.rejects(migrate(db, folder), /0001-people\.sql was changed/);
    await assert.rejects(pendingMigrations(db, folder), /0001-people\.sql was changed/);
  },
);

forEachFreshDatabase('a database that is newer than the program, or of another program, is refused', async (fresh, t) => {
  const { db } = await fresh(EMPTY);
  await migrate(db, await folderWith(t, { '0001-people.sql': FIRST, '0002-age.sql': SECOND }));
  await assert.rejects(migrate(db, await folderWith(t, { '0001-people.sql': FIRST })), /newer than this program.*0002-age/);
  await assert.rejects(migrate(db, await folderWith(t, { '0001-people.sql': FIRST, '0002-other.sql': SECOND })), /do not belong together/);
});

const NOTES = [1, 2, 3, 4, 5, 6, 7].map((n) => [`000${n}-notes.sql`, `create table notes_${n} (id bigint primary key);\n`] as const);
const firstOf = (count: number) => Object.fromEntries(NOTES.slice(0, count));

forEachFreshDatabase(
  'the program before starts on a database that is newer than it, unless a migration says that it needs more than that program knows',
  async (fresh, t) => {
    const { db } = await fresh(EMPTY);
    const [before, today] = [await folderWith(t, firstOf(5)), await folderWith(t, firstOf(6))];
    const isFit = createFitCheck(before);
    await migrate(db, before);
    assert.equal(await isFit(db), true);
    await migrate(db, today);
    // It is running already, it starts once more, and a doctor of its own asks.
    assert.deepEqual([await isFit(db), await migrate(db, before), await pendingMigrations(db, before)], [true, [], []]);
    // Version 0.6 compares this table with its files, and knows no other.
    assert.deepEqual(
      await appliedTo(db),
      NOTES.slice(0, 4).map(([name]) => name),
    );
    const seventh = NOTES[6]?.[1] ?? '';
    const harmless = { ...firstOf(6), '0007-notes.sql': `-- requires: 0005\n${seventh}` };
    const breaking = { ...firstOf(6), '0007-notes.sql': `-- requires: 0006\n${seventh}` };
    const other = (await fresh(EMPTY)).db;
    await migrate(other, await folderWith(t, harmless));
    assert.deepEqual([await migrate(other, before), await isFit(other)], [[], true]);
    await migrate(db, await folderWith(t, breaking));
    assert.deepEqual([await migrate(db, today), await isFit(db)], [[], false]);
    await assert.rejects(migrate(db, before), /newer than this program.*0007-notes/);
    await assert.rejects(pendingMigrations(db, before), /newer than this program.*0007-notes/);
    assert.equal((await appliedTo(db)).includes('0007-notes.sql'), true, 'version 0.6 would start');
  },
);

forEachFreshDatabase('a changed or foreign migration is refused among the newer ones too', async (fresh, t) => {
  const { db } = await fresh(EMPTY);
  await migrate(db, await folderWith(t, firstOf(6)));
  await assert.rejects(migrate(db, await folderWith(t, { ...firstOf(5), '0006-other.sql': FIRST })), /do not belong together/);
  const changed = await folderWith(t, {
    ...firstOf(5),
    '0006-notes.sql': '-- A thought.\ncreate table notes_6 (id bigint primary key);\n',
  });
  await assert.rejects(migrate(db, changed), /0006-notes\.sql was changed/);
  assert.equal(await createFitCheck(changed)(db), false);
});

forEachFreshDatabase(
  'a migration that fails midway leaves nothing behind, its forerunners of the same start included',
  async (fresh, t) => {
    const { db } = await fresh(EMPTY);
    const folder = await folderWith(t, { '0001-people.sql': FIRST, '0002-age.sql': `${SECOND}insert into nowhere (id) values (1);` });
    await assert.rejects(migrate(db, folder), /0002-age\.sql failed at statement 3/);
    assert.deepEqual(await pendingMigrations(db, folder), ['0001-people.sql', '0002-age.sql']);
    await assert.rejects(db.all('select 1 from people'));
    await writeFile(join(folder, '0002-age.sql'), SECOND);
    assert.equal((await migrate(db, folder)).length, 2);
  },
);

test('files that are misnamed, doubled or missing are refused before anything is touched', async (t) => {
  const db = openSqlite(':memory:');
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['0001-people.sql', '0003-age.sql'], /without gaps.*0003-age/],
    [['0001-people.sql', '0001-age.sql'], /without gaps/],
    [['0002-people.sql'], /without gaps/],
    [['people.sql'], /not called like a migration/],
    [['0001_People.sql'], /not called like a migration/],
  ];
  for (const [names, problem] of refused) {
    const folder = await folderWith(t, Object.fromEntries(names.map((name) => [name, FIRST])));
    await assert.rejects(migrate(db, folder), problem);
  }
  assert.deepEqual(await db.all("select name from sqlite_master where type = 'table'"), []);
  await db.close();
});

forEachDatabase('the migrations of the product run on this database', async (open) => {
  assert.deepEqual(await pendingMigrations(await open()), []);
});
