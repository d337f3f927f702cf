import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { authPath, SYSTEM } from '@portico/protocol/routes';
import { type RunningPortico, startPortico } from '../portico-process.ts';

/** A node that is asked to end, as a proxy sees it: over connections that stay open. */

async function startDraining(t: TestContext, delay = '2s'): Promise<RunningPortico> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-drain-'));
  const portico = await startPortico({ NODE_ENV: 'test', PORTICO_DATA_DIR: folder, PORTICO_DRAIN_DELAY: delay, PORTICO_LOG_LEVEL: 'info' });
  t.after(async () => {
    await portico.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return portico;
}

/** One connection, as proxies keep them: asked again and again. */
interface Wire {
  readonly socket: Socket;
  ask(path: string): Promise<string>;
  /** Everything that has come since the last answer. */
  rest(): string;
  readonly closed: Promise<void>;
}

async function openWire(port: number): Promise<Wire> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = once(socket, 'close').then(() => undefined);
  return {
    socket,
    closed,
    rest: () => text,
    ask: async (path) => {
      text = '';
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const isWhole = () => Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN) === (text.split('\r\n\r\n')[1] ?? '').length;
      for (const deadline = performance.now() + 30_000; !isWhole(); await sleep(5)) {
        assert.ok(performance.now() < deadline && !socket.destroyed, `no answer: ${text}`);
      }
      return text;
    },
  };
}

const isRefused = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true));
    socket.once('close', () => socket.destroy());
  });

async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 30_000; !(await done()); await sleep(10)) assert.ok(performance.now() < deadline, what);
}

const saysClose = (answer: string) => /^connection: close\r$/im.test(answer);

test('asked to end behind a proxy, a node is not ready at once and serves on; then it takes no connection and ends those it has, one answer later', async (t) => {
  const portico = await startDraining(t);
  const [proxy, busy, idle, silent] = await Promise.all([
    openWire(portico.port),
    openWire(portico.port),
    openWire(portico.port),
    openWire(portico.port),
  ]);
  for (const wire of [proxy, busy, idle]) assert.ok(!saysClose(await wire.ask(SYSTEM.ready)));
  const ended = portico.end();
  await until('not ready', async () => (await proxy.ask(SYSTEM.ready)).startsWith('HTTP/1.1 503'));
  assert.match(proxy.rest(), /"failing":"leaving"/);
  assert.ok(!saysClose(proxy.rest()), 'whoever knows connections only would come back at once');
  // Whoever asks nobody else is still served, on a new connection too.
  const late = await openWire(portico.port);
  for (const wire of [busy, late]) assert.match(await wire.ask(SYSTEM.health), /^HTTP\/1\.1 200/);
  await until('no connection is taken', () => isRefused(portico.port));
  // A proxy that had this connection open sends one more request, and is told not to send another.
  const last = await busy.ask(SYSTEM.jwks);
  assert.match(last, /^HTTP\/1\.1 200/);
  assert.ok(saysClose(last), last);
  await busy.closed;
  assert.ok(!idle.socket.destroyed, 'a request may just be on its way on it');
  await Promise.all([idle.closed, silent.closed, late.closed]);
  assert.equal((await ended).code, 0);
});

test('an answer that takes long is finished though the node ends, and its connection says that it was the last', async (t) => {
  const portico = await startDraining(t, '1s');
  const body = JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery staple' });
  const slow = await openWire(portico.port);
  const head = [`POST ${authPath('signUp')} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', `Content-Length: ${body.length}`];
  slow.socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 10)}`);
  const ended = portico.end();
  await until('no connection is taken', () => isRefused(portico.port));
  slow.socket.write(body.slice(10));
  await slow.closed;
  assert.match(slow.rest(), /^HTTP\/1\.1 200 /);
  assert.equal((await ended).code, 0);
});

test('a second signal ends a node that is still waiting for its proxy', async (t) => {
  const portico = await startDraining(t, '4s');
  const wire = await openWire(portico.port);
  portico.child.kill('SIGTERM');
  await until('leaving', async () => (await wire.ask(SYSTEM.ready)).startsWith('HTTP/1.1 503'));
  // A clean end would be 0.
  assert.equal((await portico.end('SIGTERM')).code, 143);
});
