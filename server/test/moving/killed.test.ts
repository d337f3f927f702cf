import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findClosing } from '../../src/moving/closing.ts';
import type { Whereabouts } from '../../src/platform/open-database.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { destinationOf, environmentOf, portico, until } from './live.ts';
import { textOf } from './moved-text.ts';
import { fill, inFolder, isEmpty, look } from './places.ts';
import { ALL_TABLES } from './strange-rows.ts';

/** kill -9 at the worst moment, no room left, and more rows than there is memory. */

const PROGRAM = fileURLToPath(new URL('../../bin/portico.js', import.meta.url));
const KEY = randomBytes(32);
const EVENTS = { tables: ALL_TABLES.filter(({ name }) => name === 'events') };
/** Enough for a second or more. */
const MANY = 12_000;

interface Running {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

function start(where: Whereabouts, args: readonly string[], more: Readonly<Record<string, string>> = {}): Running {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ...environmentOf(where, KEY), ...more };
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['pipe', 'ignore', 'pipe'] });
  // It may be gone while we still write to it.
  child.stdin?.on('error', () => undefined);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, stderr: () => said, ended: once(child, 'close').then(([code]) => code as number | null) };
}

async function kill({ child, ended }: Running): Promise<number | null> {
  child.kill('SIGKILL');
  return ended;
}

forEachFreshDatabase('a backup that is killed leaves the one before as it was, and no half of one under its name', async (fresh) => {
  await inFolder(async (folder) => {
    const source = await fresh();
    await fill(source, 3);
    const file = join(folder, 'nightly.gz');
    assert.equal((await portico(source.where, KEY, ['backup', file])).code, 0);
    const before = readFileSync(file);
    await fill(source, MANY, { ...EVENTS, first: 3 });
    const backup = start(source.where, ['backup', file]);
    await until('a draft is there', () => readdirSync(folder).some((name) => name.endsWith('.part')));
    assert.equal(await kill(backup), null, 'it was not over yet');
    assert.ok(readFileSync(file).equals(before));
    assert.equal((await portico(source.where, KEY, ['backup', file])).code, 0);
    assert.ok(readFileSync(file).length > before.length);
  });
});

forEachFreshDatabase('a restore that is killed, or whose file ends too early, leaves an empty database', async (fresh) => {
  const [source, target] = [await fresh(), await fresh({ folder: null })];
  await fill(source, 600);
  const text = await look(source.where, textOf);
  const half = text.slice(0, text.lastIndexOf('\n', text.length * 0.7) + 1);

  const killed = start(target.where, ['restore', '-']);
  await new Promise((resolve) => killed.child.stdin?.write(half, resolve));
  assert.equal(await kill(killed), null);
  assert.ok(await isEmpty(target.where));

  const cut = start(target.where, ['restore', '-']);
  cut.child.stdin?.end(half);
  assert.equal(await cut.ended, 1);
  assert.match(cut.stderr(), /^portico: nothing was restored: the backup is damaged or was changed: it breaks off\n$/);
  assert.ok(await isEmpty(target.where));

  const whole = start(target.where, ['restore', '-']);
  whole.child.stdin?.end(text);
  assert.equal(await whole.ended, 0, whole.stderr());
  assert.equal(await look(target.where, textOf), text);
});

forEachFreshDatabase(
  'a copy that is killed leaves the other place empty and this one closed: it is given again, or opened',
  async (fresh) => {
    const [source, target] = [await fresh(), await fresh({ folder: null })];
    await fill(source, 3);
    await fill(source, MANY, { ...EVENTS, first: 3 });
    const text = await look(source.where, textOf);
    const to = destinationOf(target.where);
    for (const way of ['open', 'again'] as const) {
      const copy = start(source.where, ['db', 'copy', '--to', to]);
      await look(source.where, (bulk) => until('it is closed', async () => (await findClosing(bulk)) !== null));
      assert.equal(await kill(copy), null, 'it was not over yet');
      assert.ok(await isEmpty(target.where));
      await assert.rejects(source.db.all('delete from users'), { code: 'unavailable' });
      if (way === 'again') break;
      const doctor = await portico(source.where, KEY, ['doctor', '--only', 'database', '--json']);
      assert.equal(doctor.code, 1);
      assert.match(doctor.stdout, /closed for writes since .*: its rows went to .*if there is none, portico db reopen/s);
      const opened = await portico(source.where, KEY, ['db', 'reopen', '--json']);
      assert.deepEqual([opened.code, (JSON.parse(opened.stdout) as { reopened: boolean }).reopened], [0, true]);
      await source.db.all('delete from spent_ids where 1 = 0');
    }
    const copied = await portico(source.where, KEY, ['db', 'copy', '--to', to, '--json']);
    assert.equal(copied.code, 0, copied.stderr);
    assert.equal(await look(target.where, textOf), text);
  },
);

forEachFreshDatabase('a disk without room is one sentence: the backup before stays, and no draft', async (fresh, t) => {
  const source = await fresh();
  await fill(source, 3000, EVENTS);
  await inFolder(async (folder) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      const sentence = 'SKIPPED, NO DISK TO FILL: only root may mount one';
      process.stderr.write(`${sentence}\n`);
      t.skip(sentence);
      return;
    }
    try {
      const full = await portico(source.where, KEY, ['backup', join(disk, 'nightly.gz')]);
      assert.equal(full.code, 1);
      assert.match(full.stderr, /^portico: nothing was backed up: ENOSPC: no space left on device[^\n]*\n$/);
      assert.deepEqual(readdirSync(disk), []);
      const small = await portico({ databaseUrl: '', dataDir: disk }, KEY, [
        'restore',
        join(import.meta.dirname, '../snapshots/v0.6.0.jsonl'),
      ]);
      assert.equal(small.code, 1);
      assert.match(small.stderr, /nothing was restored/);
      assert.deepEqual(readdirSync(disk), [], 'nor half a database');
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

forEachFreshDatabase('many rows need no more memory than few: backup, restore and copy', async (fresh, t) => {
  await inFolder(async (folder) => {
    const [source, target, other] = [await fresh(), await fresh({ folder: null }), await fresh({ folder: null })];
    const rows = rounds(20_000, 100_000);
    await fill(source, rows, EVENTS);
    // All rows at once would not go into it.
    const little = { NODE_OPTIONS: '--max-old-space-size=32' };
    const file = join(folder, 'many.gz');
    const steps = [
      ['backup', source.where, ['backup', file]],
      ['restore', target.where, ['restore', file]],
      ['copy', source.where, ['db', 'copy', '--to', destinationOf(other.where)]],
    ] as const;
    const peaks: string[] = [];
    for (const [name, where, args] of steps) {
      const running = start(where, args, little);
      const peak = await peakOf(running);
      assert.equal(await running.ended, 0, running.stderr().slice(0, 300));
      peaks.push(`${name} ${peak} MB`);
    }
    assert.equal((await other.db.all('select id from events limit 1')).length, 1);
    t.diagnostic(`${rows} rows, most memory in use at a time: ${peaks.join(', ')}`);
  });
});

/** In megabytes, as far as it could be seen. */
async function peakOf({ child, ended }: Running): Promise<number> {
  let over = false;
  void ended.then(() => (over = true));
  let peak = 0;
  await until('it ends', () => {
    peak = Math.max(peak, residentMegabytes(child.pid ?? 0));
    return over;
  });
  return peak;
}

function residentMegabytes(pid: number): number {
  try {
    const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    return 0;
  }
}
