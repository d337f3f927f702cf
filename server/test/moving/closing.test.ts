import assert from 'node:assert/strict';
import { Refusal } from '@portico/protocol/errors';
import { closeForWrites, findClosing } from '../../src/moving/closing.ts';
import { copyDatabase, reopenDatabase } from '../../src/moving/copy-database.ts';
import { fillDatabase, inOneTransaction } from '../../src/moving/fill-database.ts';
import { MoveRefused } from '../../src/moving/move-refused.ts';
import { withSnapshot } from '../../src/moving/read-database.ts';
import { findTables, insertRows } from '../../src/moving/table-rows.ts';
import type { BulkConnection } from '../../src/platform/bulk-connection.ts';
import type { Value } from '../../src/platform/db.ts';
import { MIGRATION_TABLES } from '../../src/platform/migrate.ts';
import { openBulk } from '../../src/platform/open-bulk.ts';
import { type FreshDatabase, type FreshOptions, forEachFreshDatabase } from '../databases.ts';
import { textOf } from './moved-text.ts';
import { ALL_TABLES, fillStrangely, strangeRow } from './strange-rows.ts';

const NAMES = ALL_TABLES.map(({ name }) => name);
const WHERE = { destination: 'elsewhere', keepOpen: false, now: () => 1000 };

async function withBulks(
  fresh: readonly FreshDatabase[],
  body: (first: BulkConnection, second: BulkConnection) => Promise<void>,
): Promise<void> {
  const bulks: BulkConnection[] = [];
  try {
    for (const { where } of fresh) bulks.push(await openBulk(where, { make: true }));
    const [first, second = first] = bulks;
    assert.ok(first !== undefined && second !== undefined);
    await body(first, second);
  } finally {
    for (const bulk of bulks) await bulk.close();
  }
}

async function twoOf(fresh: (options?: FreshOptions) => Promise<FreshDatabase>): Promise<[FreshDatabase, FreshDatabase]> {
  return [await fresh(), await fresh({ folder: null })];
}

forEachFreshDatabase(
  'closed, every table refuses every kind of write with 503 and keeps its rows; open again, it takes them',
  async (fresh) => {
    const database = await fresh();
    await withBulks([database], async (bulk) => {
      await inOneTransaction(bulk, () => fillStrangely(bulk, 1));
      const before = await textOf(bulk);
      await inOneTransaction(bulk, () => closeForWrites(bulk, NAMES, { closedAt: 5, destination: 'elsewhere' }));
      const isClosed = (error: unknown) => error instanceof Refusal && error.code === 'unavailable';
      for (const table of [
        ...ALL_TABLES.map(({ name, key }) => ({ name, column: key[0] })),
        ...MIGRATION_TABLES.map((name) => ({ name, column: 'name' })),
      ]) {
        const { name, column } = table;
        await assert.rejects(database.db.all(`update ${name} set ${column} = ${column}`), isClosed, `update ${name}`);
        await assert.rejects(database.db.all(`delete from ${name}`), isClosed, `delete ${name}`);
        await assert.rejects(
          database.db.transaction((tx) => tx.all(`delete from ${name}`)),
          isClosed,
          `delete ${name} in a transaction`,
        );
      }
      for (const table of ALL_TABLES) {
        const values: Value[] = strangeRow(table, 7);
        const places = values.map((_, at) => `$${at + 1}`).join(', ');
        const insert = `insert into ${table.name} (${table.columns.map(({ name }) => name).join(', ')}) values (${places})`;
        for (const end of ['', ' on conflict do nothing'])
          await assert.rejects(database.db.all(insert + end, values), isClosed, `insert into ${table.name}${end}`);
      }
      assert.equal(await textOf(bulk), before);
      const closing = await reopenDatabase(bulk);
      assert.deepEqual(closing, { closedAt: 5, destination: 'elsewhere', copiedAt: null });
      await database.db.all('delete from users');
      assert.deepEqual(await database.db.all('select id from users'), []);
      assert.equal(await reopenDatabase(bulk), null);
    });
  },
);

forEachFreshDatabase('a copy that fails leaves the other place empty and the source open; a rehearsal closes nothing', async (fresh) => {
  const pair = await twoOf(fresh);
  await withBulks(pair, async (source, target) => {
    await inOneTransaction(source, () => fillStrangely(source, 5));
    // A number changes on its way.
    const leaky: BulkConnection = {
      ...target,
      run: async (sql, values) => {
        const rows = await target.run(sql, values);
        if (sql.startsWith('insert into sign_in_hours')) await target.run('update sign_in_hours set count = 6 where hour = 3');
        return rows;
      },
    };
    await assert.rejects(copyDatabase({ ...WHERE, source, target: leaky }), (error: unknown) => {
      assert.ok(error instanceof MoveRefused);
      assert.match(error.message, /sign_in_hours/);
      return true;
    });
    assert.deepEqual(await findTables(target, [...NAMES, ...MIGRATION_TABLES]), []);
    assert.equal(await findClosing(source), null);
    await pair[0].db.all('update counters set count = 77');
    // As Ctrl-C does it.
    const stop = AbortSignal.abort(new Error('enough'));
    await assert.rejects(copyDatabase({ ...WHERE, source, target, signal: stop }), /enough/);
    assert.deepEqual([await findClosing(source), await findTables(target, NAMES)], [null, []]);
    const rehearsed = await copyDatabase({ ...WHERE, source, target, keepOpen: true });
    assert.equal(rehearsed.closedAt, null);
    await pair[0].db.all('update counters set count = 78');
    assert.equal(await findClosing(source), null);
  });
});

forEachFreshDatabase('a copy goes to an empty place, or to the one that was left for this one, and to no other', async (fresh) => {
  const [first, second] = await twoOf(fresh);
  await withBulks([first, second], async (source, target) => {
    await inOneTransaction(source, () => fillStrangely(source, 5));
    await copyDatabase({ ...WHERE, source, target });
    assert.equal(await textOf(target), await textOf(source));
    await target.run("update users set display_name = 'after the move'");
    const moved = await textOf(target);
    assert.notEqual(moved, await textOf(source));
    // The stale one is not copied again, and the living one is not overwritten.
    await assert.rejects(copyDatabase({ ...WHERE, source, target }), /not empty/);
    const third = await fresh({ folder: null });
    await withBulks([third], async (elsewhere) => {
      await assert.rejects(copyDatabase({ ...WHERE, source, target: elsewhere }), /was copied to elsewhere/);
      assert.deepEqual(await findTables(elsewhere, NAMES), []);
    });
    // What was left is replaced, in one transaction with what replaces it.
    await assert.rejects(
      copyDatabase({ ...WHERE, source: target, target: source, signal: AbortSignal.abort(new Error('enough')) }),
      /enough/,
    );
    assert.equal((await findClosing(source))?.copiedAt, 1000, 'as it was');
    await copyDatabase({ ...WHERE, source: target, target: source });
    assert.equal(await textOf(source), moved);
    assert.equal(await findClosing(source), null);
    await source.run('delete from users');
  });
});

forEachFreshDatabase('a source that a killed copy has closed is not replaced by anything: its rows may be the only ones', async (fresh) => {
  const [first, second] = [await fresh(), await fresh()];
  await withBulks([first, second], async (source, target) => {
    await inOneTransaction(target, () => closeForWrites(target, NAMES, { closedAt: 5, destination: 'elsewhere' }));
    await assert.rejects(copyDatabase({ ...WHERE, source, target }), /not empty/);
    assert.equal(await findClosing(source), null, 'nobody was kept from writing for it');
  });
});

forEachFreshDatabase('rows are read as they were at one moment, whatever is written meanwhile, and writers do not wait', async (fresh) => {
  const [first, second] = await twoOf(fresh);
  await withBulks([first, second], async (source, target) => {
    const users = ALL_TABLES.find(({ name }) => name === 'users');
    assert.ok(users !== undefined);
    const names = Array.from({ length: 1200 }, (_, n) => strangeRow(users, n));
    await inOneTransaction(source, () => insertRows(source, users, names));
    let writes = 0;
    await withSnapshot(source, async (content) => {
      assert.equal(content.rows, 1200);
      const disturbed = {
        ...content,
        async *chunks() {
          for await (const chunk of content.chunks()) {
            await first.db.all("update users set display_name = 'written meanwhile', uv = uv + 1 where uv < 1000");
            await first.db.all('delete from users where id = (select max(id) from users)');
            // A table that is read later.
            await first.db.all('insert into counters (name, count, expires_at) values ($1, 1, 1)', [`counter ${writes}`]);
            writes += 1;
            yield chunk;
          }
        },
      };
      await inOneTransaction(target, () => fillDatabase(target, disturbed, { now: 0 }));
    });
    assert.ok(writes >= 3);
    assert.deepEqual(await target.run('select name from counters'), []);
    const [kept] = await target.run(
      "select count(*) as rows, count(case when display_name = 'written meanwhile' then 1 end) as new from users",
    );
    assert.deepEqual({ ...kept }, { rows: 1200, new: 0 });
  });
});
