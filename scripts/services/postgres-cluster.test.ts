import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, startCluster } from './postgres-cluster.ts';

const binaries = findBinaries();
const skip = binaries === null ? 'no PostgreSQL binaries on this machine' : false;

async function dataFolderOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('show data_directory');
  await client.end();
  return rows[0].data_directory;
}

async function isGone(url: string, folder: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++) {
    const client = new pg.Client({ connectionString: url });
    // One that got in just before the end is told of it outside every call.
    client.on('error', () => undefined);
    const refused = await client.connect().then(
      () => false,
      () => true,
    );
    await client.end().catch(() => {});
    if (refused && !existsSync(folder)) return true;
    await sleep(100);
  }
  return false;
}

test('a stopped cluster leaves neither a server nor a folder', { skip }, async () => {
  const cluster = await startCluster(binaries ?? '');
  const url = cluster.env.TEST_DATABASE_URL ?? '';
  const folder = await dataFolderOf(url);
  await cluster.stop();
  assert.ok(await isGone(url, folder));
});

test('a cluster ends with the test run that started it, even when that is killed', { skip }, async () => {
  const program = `
    const { startCluster } = await import(${JSON.stringify(new URL('./postgres-cluster.ts', import.meta.url).href)});
    console.log((await startCluster(${JSON.stringify(binaries)})).env.TEST_DATABASE_URL);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const url = String(line).trim();
  const folder = await dataFolderOf(url);
  assert.ok(existsSync(folder));
  child.kill('SIGKILL');
  assert.ok(await isGone(url, folder));
});
