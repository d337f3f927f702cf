import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readLines } from '../../src/moving/backup-file.ts';
import { fillDatabase, inOneTransaction } from '../../src/moving/fill-database.ts';
import { MoveRefused } from '../../src/moving/move-refused.ts';
import { openBackup } from '../../src/moving/read-backup.ts';
import { findTables } from '../../src/moving/table-rows.ts';
import { openBulk } from '../../src/platform/open-bulk.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { ALL_TABLES } from './strange-rows.ts';

/** A backup that is not what it was is refused before anything is kept of it. */

const WHOLE = readFileSync(join(import.meta.dirname, '../snapshots/v0.6.0.jsonl'), 'utf8');
const LINES = WHOLE.split('\n').slice(0, -1);

async function readAll(bytes: Buffer): Promise<number> {
  const backup = await openBackup(readLines(Readable.from([bytes])));
  let rows = 0;
  for await (const chunk of backup.chunks()) rows += chunk.rows.length;
  return rows;
}

const refused = (bytes: Buffer | string, what: string) => assert.rejects(readAll(Buffer.from(bytes)), MoveRefused, what);
const lines = (changed: readonly string[]) => changed.map((line) => `${line}\n`).join('');
const rowsOf = (table: string) => {
  const start = LINES.findIndex((line) => line.startsWith(`{"table":"${table}"`)) + 1;
  return { start, row: LINES[start] ?? '' };
};

/** With the counts and hashes that these lines have now. */
function resealed(changed: readonly string[]): string {
  const sums: Record<string, { rows: number; hash: string }> = {};
  let [table, rows]: [string, string[]] = ['', []];
  const close = () => {
    if (table !== '') sums[table] = { rows: rows.length, hash: hashOf(lines(rows)) };
    rows = [];
  };
  for (const line of changed.slice(1, -1)) {
    if (line.startsWith('[')) rows.push(line);
    else {
      close();
      table = (JSON.parse(line) as { table: string }).table;
    }
  }
  close();
  const before = lines(changed.slice(0, -1));
  return `${before}${JSON.stringify({ end: sums, hash: hashOf(before) })}\n`;
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url');

test('a whole one is read, compressed or not', async () => {
  const rows = LINES.filter((line) => line.startsWith('[')).length;
  assert.equal(await readAll(Buffer.from(WHOLE)), rows);
  assert.equal(await readAll(gzipSync(WHOLE)), rows);
});

test('one that was cut anywhere is refused, compressed or not', async (t: TestContext) => {
  const [plain, packed] = [Buffer.from(WHOLE), gzipSync(WHOLE)];
  const cuts = rounds(40, 1000);
  for (let n = 0; n < cuts; n += 1) {
    const share = n / cuts;
    await refused(plain.subarray(0, Math.floor(plain.length * share)), `cut at ${share}`);
    await refused(packed.subarray(0, Math.floor(packed.length * share)), `packed, cut at ${share}`);
  }
  await refused(plain.subarray(0, -1), 'without its last line end');
  await refused(lines(LINES.slice(0, -1)), 'without its last line');
  t.diagnostic(`${cuts * 2} cuts, all refused`);
});

test('one byte changed anywhere is noticed', async (t: TestContext) => {
  const times = rounds(150, 5000);
  for (let n = 0; n < times; n += 1) {
    const changed = Buffer.from(WHOLE);
    const at = Math.floor((changed.length * n) / times);
    changed[at] = (changed[at] ?? 0) ^ (n % 2 === 0 ? 1 : 0x20);
    await assert.rejects(readAll(changed), MoveRefused, `byte ${at}`);
  }
  t.diagnostic(`${times} changed bytes, all noticed`);
});

test('rows that are gone, doubled, moved, or of another kind are noticed, and whatever stands after the end', async () => {
  const { start, row } = rowsOf('users');
  const without = LINES.toSpliced(start, 1);
  const cells = JSON.parse(row) as unknown[];
  const changed = (at: number, cell: unknown) => lines(LINES.toSpliced(start, 1, JSON.stringify(cells.with(at, cell))));
  const cases: Readonly<Record<string, string>> = {
    'a row is gone': lines(without),
    'a row stands twice': lines(LINES.toSpliced(start, 0, row)),
    'two rows changed places': lines(LINES.toSpliced(start, 2, LINES[start + 1] ?? '', row)),
    'a row stands in another table': lines(without.toSpliced(rowsOf('consents').start, 0, row)),
    'a cell is missing': lines(LINES.toSpliced(start, 1, JSON.stringify(cells.slice(1)))),
    'a number where a text is': changed(0, 7),
    'a text where a number is': changed(5, '1'),
    'a fraction': changed(5, 1.5),
    'nothing where something has to be': changed(1, null),
    'a NUL byte': changed(3, 'a\0b'),
    'a row of another kind': lines(LINES.toSpliced(start, 1, '{"id":"x"}')),
    'a table that is none of ours': lines(LINES.toSpliced(start - 1, 0, '{"table":"pg_authid","columns":["id"]}')),
    'a table is gone': lines(LINES.filter((line) => !line.startsWith('{"table":"setup_links"'))),
    'something stands after the end': `${WHOLE}${row}\n`,
    'something without a line end stands after the end': `${WHOLE}x`,
    'another one stands after the end': WHOLE + WHOLE,
    'an older version of a migration': WHOLE.replace(/"checksum":"./, '"checksum":"_'),
    'another moment': WHOLE.replace(/"madeAt":"2026/, '"madeAt":"2025'),
    'a migration of the future': WHOLE.replace('0004-admin.sql', '0004-other.sql'),
  };
  for (const [what, text] of Object.entries(cases)) await refused(text, what);
});

test('rows that fit no column are refused even where the hashes were made anew', async () => {
  const { start, row } = rowsOf('users');
  const cells = JSON.parse(row) as unknown[];
  const forged = (line: string) => resealed(LINES.toSpliced(start, 1, line));
  assert.ok((await readAll(Buffer.from(forged(row)))) > 0, 'a forgery that fits is not found: the hashes show damage');
  const bad = [cells.slice(1), cells.with(5, '1'), cells.with(5, 1.5), cells.with(1, null), cells.with(1, 7), cells.with(3, 'a\0b')];
  for (const each of bad) await refused(forged(JSON.stringify(each)), JSON.stringify(each));
  await refused(forged('[{}]'), 'an object');
  const renamed = LINES.with(start - 1, (LINES[start - 1] ?? '').replace('"email"', '"e_mail"'));
  await refused(resealed(renamed), 'columns of another name');
  const [head = '', ...rest] = LINES;
  await refused(resealed([head.replace(/"checksum":"./, '"checksum":"_'), ...rest]), 'a migration that this program has otherwise');
});

test('what is no backup is named so: a database, a picture, nothing, a file without lines, a later format', async () => {
  const says = (bytes: Buffer | string, pattern: RegExp) =>
    assert.rejects(readAll(Buffer.from(bytes)), (error: unknown) => error instanceof MoveRefused && pattern.test(error.message));
  await says('', /no backup/);
  await says('{"format":"other"}\n', /no backup/);
  await says('create table users (id text);\n', /no backup/);
  await says(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0xff]), /damaged|no backup/);
  await says(Buffer.alloc(5 * 1024 * 1024, 0x61), /no lines/);
  await says(gzipSync(Buffer.alloc(5 * 1024 * 1024, 0x61)), /no lines/);
  await says(WHOLE.replace('"formatVersion":1', '"formatVersion":2'), /format 2, this program reads format 1/);
});

forEachFreshDatabase('what turns out to be damaged at its very end leaves nothing behind', async (fresh) => {
  const { where } = await fresh({ folder: null });
  const into = await openBulk(where, { make: true });
  try {
    const damaged = WHOLE.slice(0, -8);
    const backup = await openBackup(readLines(Readable.from([Buffer.from(`${damaged}\n`)])));
    await assert.rejects(
      inOneTransaction(into, () => fillDatabase(into, backup, { now: 0 })),
      MoveRefused,
    );
    assert.deepEqual(await findTables(into, ['migrations', 'expansions', ...ALL_TABLES.map(({ name }) => name)]), []);
  } finally {
    await into.close();
  }
});
