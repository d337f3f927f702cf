import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { forEachFreshDatabase } from '../databases.ts';
import type { Ended } from '../portico-process.ts';
import { inHouse, signInOf } from '../races/house.ts';
import { portico } from './live.ts';
import { textOf } from './moved-text.ts';
import { fill, inFolder, look } from './places.ts';
import { ALL_TABLES } from './strange-rows.ts';

/** The commands as an operator gives them, each a process of its own. */

const KEY = randomBytes(32);

const bodyOf = ({ stdout }: Ended) => JSON.parse(stdout) as Record<string, unknown>;

forEachFreshDatabase(
  'a backup is its owner’s alone, replaces the one before and nothing else, and is restored to the same rows',
  async (fresh) => {
    await inFolder(async (folder) => {
      const source = await fresh();
      const target = await fresh({ folder: null });
      await fill(source, 8);
      const file = join(folder, 'nightly.gz');
      const made = await portico(source.where, KEY, ['backup', file, '--json']);
      assert.equal(made.code, 0, made.stderr);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.deepEqual([bodyOf(made)['bytes'], bodyOf(made)['rows']], [statSync(file).size, 8 * (ALL_TABLES.length - 2)]);
      assert.deepEqual(readdirSync(folder), ['nightly.gz']);
      assert.ok(!gunzipSync(readFileSync(file)).includes(KEY.toString('base64url')));
      const again = await portico(source.where, KEY, ['backup', file]);
      assert.equal(again.code, 0, again.stderr);

      const other = join(folder, 'notes.txt');
      writeFileSync(other, 'not a backup\n');
      const slip = await portico(source.where, KEY, ['backup', other]);
      assert.deepEqual([slip.code, readFileSync(other, 'utf8')], [1, 'not a backup\n']);
      assert.match(slip.stderr, /is no backup: take another name/);

      const restored = await portico(target.where, KEY, ['restore', file, '--json']);
      assert.equal(restored.code, 0, restored.stderr);
      assert.equal(await look(target.where, textOf), await look(source.where, textOf));
      const twice = await portico(target.where, KEY, ['restore', file]);
      assert.equal(twice.code, 1);
      assert.match(twice.stderr, /nothing was restored: the database is not empty: it has the table migrations\. Take an empty one/);
      assert.equal(await look(target.where, textOf), await look(source.where, textOf));
    });
  },
);

forEachFreshDatabase('a backup of version 0.6 is restored as it was and brought up to date', async (fresh) => {
  const { where, db } = await fresh({ folder: null });
  const snapshot = join(import.meta.dirname, '../snapshots/v0.6.0.jsonl');
  const restored = await portico(where, KEY, ['restore', snapshot, '--json']);
  assert.equal(restored.code, 0, restored.stderr);
  const { migrated, rows, keys } = bodyOf(restored);
  assert.ok(Array.isArray(migrated) && migrated[0] === '0005-data-keys.sql', String(migrated));
  assert.equal(
    rows,
    readFileSync(snapshot, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('[')).length,
  );
  assert.equal(keys, 'closed', 'it says that this is not the master key of that time');
  assert.deepEqual(await db.all('select id from data_keys'), [], 'a table of a later version, empty until a server starts');
  assert.equal((await db.all("select id from users where email = 'ada@example.com'")).length, 1);
});

forEachFreshDatabase(
  'restore --end-sessions: whoever was signed in at the time of the backup is not any more, and sites’ tokens are refused',
  async (fresh) => {
    await inFolder(async (folder) => {
      const source = await fresh();
      const target = await fresh({ folder: null });
      const file = join(folder, 'old.gz');
      const browser = await inHouse(
        source,
        async ({ world, masterKey }) => {
          const ada = await world.signedUp('ada@example.com');
          const made = await portico(source.where, masterKey, ['backup', file]);
          assert.equal(made.code, 0, made.stderr);
          return ada;
        },
        { masterKey: KEY },
      );
      const restored = await portico(target.where, KEY, ['restore', file, '--end-sessions', '--json']);
      assert.equal(restored.code, 0, restored.stderr);
      assert.deepEqual([bodyOf(restored)['ended'], bodyOf(restored)['keys']], [1, 'open']);
      await inHouse(
        target,
        async (house) => {
          browser.app = house.world.app;
          const { family } = await signInOf(house, browser);
          assert.equal(family.state, 'revoked');
          assert.equal((await browser.refresh()).body.error, 'session_ended');
          assert.equal((await browser.call('me')).status, 401, 'the access token of that time');
          assert.equal((await house.world.browser().signIn('ada@example.com', 'correct horse battery staple')).status, 200);
        },
        { masterKey: KEY },
      );
    });
  },
);
