import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOneTransaction } from '../../src/moving/fill-database.ts';
import { fateOf } from '../../src/moving/moved-tables.ts';
import type { Dialect } from '../../src/platform/db.ts';
import { openBulk } from '../../src/platform/open-bulk.ts';
import { DIALECTS, type FreshDatabase, forEachFreshDatabase, freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { restoreText, textOf } from './moved-text.ts';
import { ALL_TABLES, fillStrangely } from './strange-rows.ts';

test('every table of the migrations has its fate', () => {
  assert.deepEqual(
    ALL_TABLES.filter(({ name }) => fateOf(name) === null).map(({ name }) => name),
    [],
    'say in server/src/moving/moved-tables.ts whether its rows go along',
  );
});

forEachFreshDatabase('the tables that are read from the migrations are those that the database has', async (fresh, _, dialect) => {
  const { db } = await fresh();
  for (const { name, columns, key } of ALL_TABLES) {
    const rows =
      dialect === 'sqlite'
        ? await db.all(`select name, type, "notnull" = 0 and pk = 0 as nullable, pk from pragma_table_info('${name}') order by cid`)
        : await db.all(
            `select c.column_name as name, c.data_type as type, c.is_nullable = 'YES' as nullable, coalesce(k.ordinal_position, 0) as pk
             from information_schema.columns c left join information_schema.key_column_usage k
               on k.table_name = c.table_name and k.column_name = c.column_name and k.constraint_name like '%_pkey'
             where c.table_name = $1 order by c.ordinal_position`,
            [name],
          );
    const found = rows.map((row) => [row['name'], String(row['type']).toLowerCase(), row['nullable'] === 1]);
    assert.deepEqual(
      found,
      columns.map((column) => [column.name, column.type, column.nullable]),
      name,
    );
    const foundKey = rows.filter((row) => Number(row['pk']) > 0).sort((a, b) => Number(a['pk']) - Number(b['pk']));
    assert.deepEqual(
      foundKey.map((row) => row['name']),
      key,
      name,
    );
  }
  const sql =
    dialect === 'sqlite'
      ? "select name from sqlite_master where type = 'table'"
      : "select table_name as name from information_schema.tables where table_schema = 'public'";
  const names = (await db.all(sql))
    .map((row) => String(row['name']))
    .filter((name) => name !== 'migrations' && name !== 'expansions' && !name.startsWith('sqlite_'));
  assert.deepEqual(names.sort(), ALL_TABLES.map(({ name }) => name).sort());
});

void test('unicode, nulls and the largest numbers are the same bytes after SQLite, PostgreSQL and SQLite again', async (t) => {
  if (DIALECTS.length < 2 || (await skippedWithoutPostgres(t))) return;
  const path: readonly Dialect[] = ['sqlite', 'postgres', 'sqlite', 'postgres'];
  const opened: FreshDatabase[] = [];
  let before = '';
  try {
    for (const [step, dialect] of path.entries()) {
      const fresh = await freshDatabase(dialect, step === 0 ? {} : { folder: null });
      opened.push(fresh);
      const bulk = await openBulk(fresh.where, { make: true });
      try {
        if (step === 0) await inOneTransaction(bulk, () => fillStrangely(bulk, 40));
        else await restoreText(bulk, before);
        const text = await textOf(bulk);
        if (step > 0) assert.equal(text, before, `${path[step - 1]} to ${dialect}`);
        // Another database may sort as a language does.
        if (dialect === 'postgres') {
          await bulk.run('alter table counters alter column name type text collate "en-x-icu"');
          assert.equal(await textOf(bulk), text, 'the order is that of the bytes');
        }
        before = text;
      } finally {
        await bulk.close();
      }
    }
  } finally {
    for (const fresh of opened) await fresh.drop();
  }
  const rows = before.split('\n').filter((line) => line.startsWith('['));
  assert.equal(rows.length, 40 * ALL_TABLES.filter(({ name }) => fateOf(name) === 'goes').length);
});
