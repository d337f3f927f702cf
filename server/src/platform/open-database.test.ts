import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from './open-database.ts';

test('without a URL the database is a file in the data folder, and only its owner can read either', async (t) => {
  const above = await mkdtemp(join(tmpdir(), 'portico-test-'));
  t.after(() => rm(above, { recursive: true, force: true }));
  const dataDir = join(above, 'new', 'data');
  const db = openDatabase({ databaseUrl: '', dataDir });
  assert.equal(db.dialect, 'sqlite');
  await db.all('create table entries (id bigint primary key)');
  const modes: Record<string, number> = {};
  for (const file of ['.', 'portico.sqlite', 'portico.sqlite-wal', 'portico.sqlite-shm']) {
    modes[file] = (await stat(join(dataDir, file))).mode & 0o777;
  }
  assert.deepEqual(modes, { '.': 0o700, 'portico.sqlite': 0o600, 'portico.sqlite-wal': 0o600, 'portico.sqlite-shm': 0o600 });
  const second = openDatabase({ databaseUrl: '', dataDir });
  assert.deepEqual(await second.all('select id from entries'), []);
  await second.close();
  await db.close();
});

test('a postgres URL opens PostgreSQL, and speaks to nobody before the first statement', async () => {
  for (const scheme of ['postgres', 'postgresql']) {
    const db = openDatabase({ databaseUrl: `${scheme}://someone@127.0.0.1:1/somewhere`, dataDir: '' });
    assert.equal(db.dialect, 'postgres');
    await db.close();
  }
});

test('another URL is refused without repeating the password in it', () => {
  assert.throws(
    () => openDatabase({ databaseUrl: 'mysql://me:hunter2@db/x', dataDir: '' }),
    (error) => error instanceof Error && /postgres:\/\//.test(error.message) && !error.message.includes('hunter2'),
  );
});
