import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEMO_CLIENTS, DEMO_NEW_DEVICE, DEMO_NOTICE, type DemoNotice, demoClientId } from '@portico/protocol/demo';
import { SYSTEM } from '@portico/protocol/routes';
import { freePort, type RunningPortico, runPortico, startPortico } from '../../test/portico-process.ts';

/** The demo beside a real `portico start`: its process, its ports, its end. What it shows is seen in test/browser/demo*.test.ts. */

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-demo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server that has said how it is with the demo. */
async function started(t: TestContext, settings: Readonly<Record<string, string>>): Promise<RunningPortico> {
  const portico = await startPortico({ NODE_ENV: 'development', PORTICO_DEMO: 'on', ...settings });
  t.after(() => portico.end('SIGKILL'));
  await until(() => /takes over the sign-in|demo did not start/.test(portico.stdout()));
  return portico;
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(50)) if (await done()) return;
  throw new Error('it did not happen within 30 s');
}

/** Where the first app is, at an address that Node knows. */
function firstPort(portico: RunningPortico): number {
  return Number(/http:\/\/notes\.localhost:(\d+)/.exec(portico.stdout())?.[1]);
}

async function noticeAt(port: number): Promise<DemoNotice | null> {
  try {
    return (await (await fetch(`http://127.0.0.1:${port}${DEMO_NOTICE}`)).json()) as DemoNotice;
  } catch {
    return null;
  }
}

async function clientIds(dataDir: string): Promise<readonly string[]> {
  const { stdout } = await runPortico(['client', 'list', '--json'], { PORTICO_DATA_DIR: dataDir });
  return (JSON.parse(stdout) as { readonly clients: readonly { readonly client_id: string }[] }).clients
    .map(({ client_id: id }) => id)
    .sort();
}

test('it starts with the server at the ports beside it, serves each page, and ends with it without a word', async (t) => {
  const portico = await started(t, { PORTICO_DATA_DIR: folderFor(t) });
  const notice = await noticeAt(firstPort(portico));
  assert.equal(notice?.issuer, portico.origin);
  for (const [app, port] of Object.entries(notice.ports)) {
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(page.status, 200, app);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'/, app);
    assert.doesNotMatch(policy, /unsafe|\*/, app);
    const html = await page.text();
    for (const [, file = ''] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g))
      assert.equal((await fetch(`http://127.0.0.1:${port}${file}`)).status, 200, `${app} ${file}`);
    assert.doesNotMatch(html, /pts_|ptj_/, app);
  }
  if (process.platform === 'linux') {
    const processes = execFileSync('ps', ['-o', 'rss=,args=', '--ppid', String(portico.child.pid), '-p', String(portico.child.pid)]);
    t.diagnostic(`resident KB: ${processes.toString().trim().replace(/\s+/g, ' ')}`);
  }
  const { code, stderr } = await portico.end('SIGTERM');
  assert.deepEqual([code, stderr], [0, '']);
  await until(async () => (await noticeAt(notice.ports.notes)) === null);
});

test('a server that is killed takes the demo with it; a demo that is killed takes nobody with it', async (t) => {
  const dataDir = folderFor(t);
  const first = await started(t, { PORTICO_DATA_DIR: dataDir });
  const port = firstPort(first);
  const secrets = readFileSync(join(dataDir, 'demo-secrets.json'), 'utf8');
  await first.end('SIGKILL');
  await until(async () => (await noticeAt(port)) === null);
  if (process.platform !== 'linux') return;

  const second = await started(t, { PORTICO_DATA_DIR: dataDir, PORTICO_PORT: String(first.port), PORTICO_ORIGIN: first.origin });
  assert.equal(readFileSync(join(dataDir, 'demo-secrets.json'), 'utf8'), secrets);
  const child = Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(second.child.pid)]).toString());
  process.kill(child, 'SIGKILL');
  await until(() => second.stdout().includes('the demo has ended'));
  assert.equal((await fetch(second.origin + SYSTEM.health)).status, 200);
  assert.equal((await second.end()).code, 0);
});

test('an app whose port is taken is somewhere else, and the first screen says where', async (t) => {
  const port = await freePort();
  const taken = createServer((_, response) => response.end('mine')).listen(port + 1, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const portico = await started(t, {
    PORTICO_DATA_DIR: folderFor(t),
    PORTICO_PORT: String(port),
    PORTICO_ORIGIN: `http://127.0.0.1:${port}`,
  });
  assert.notEqual(firstPort(portico), port + 1);
  assert.equal((await noticeAt(firstPort(portico)))?.ports.notes, firstPort(portico));
  assert.equal((await portico.end()).code, 0);
});

test('two servers of one Portico that start at once run one demo, and both say where it is', async (t) => {
  const [dataDir, ports] = [folderFor(t), [await freePort(), await freePort()] as const];
  const settings = { PORTICO_DATA_DIR: dataDir, PORTICO_ORIGIN: `http://127.0.0.1:${ports[0]}` };
  const both = await Promise.all(ports.map((port) => started(t, { ...settings, PORTICO_PORT: String(port) })));
  assert.equal(new Set(both.map(firstPort)).size, 1);
  assert.equal(both.filter((one) => one.stdout().includes('started by another server')).length, 1);
  assert.equal((await clientIds(dataDir)).length, DEMO_CLIENTS.length);
  for (const one of both) assert.deepEqual(await one.end().then(({ code, stderr }) => [code, stderr]), [0, '']);
});

test('turned off it is not there, and what was registered for it is gone before the server answers', async (t) => {
  const dataDir = folderFor(t);
  const on = await started(t, { PORTICO_DATA_DIR: dataDir });
  await on.end();
  assert.deepEqual(await clientIds(dataDir), DEMO_CLIENTS.map(demoClientId).sort());
  const off = await startPortico({ NODE_ENV: 'development', PORTICO_DATA_DIR: dataDir, PORTICO_DEMO: 'off' });
  t.after(() => off.end('SIGKILL'));
  assert.deepEqual(await clientIds(dataDir), []);
  assert.ok(!existsSync(join(dataDir, 'demo-secrets.json')));
  // What makes a browser forget is the demo's: Portico has no such address.
  assert.equal((await fetch(off.origin + DEMO_NEW_DEVICE, { method: 'POST' })).status, 404);
  const { stdout } = await off.end();
  assert.doesNotMatch(stdout, /Five apps/);
});

test('production refuses it with everything else that is wrong, and makes nothing', async (t) => {
  const dataDir = join(folderFor(t), 'new');
  const { code, stderr } = await runPortico(['start'], {
    NODE_ENV: 'production',
    PORTICO_DATA_DIR: dataDir,
    PORTICO_ORIGIN: 'http://auth.example.com',
    PORTICO_DEMO: 'on',
  });
  assert.equal(code, 1);
  for (const problem of [/PORTICO_DEMO is on: in production/, /must be https in production/, /PORTICO_SMTP_URL is missing/])
    assert.match(stderr, problem);
  assert.ok(!existsSync(dataDir));
});
