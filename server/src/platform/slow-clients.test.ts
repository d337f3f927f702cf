import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropSlowReaders } from './slow-clients.ts';

const PIECE = 'x'.repeat(64 * 1024);
const LONG = 500 * PIECE.length;

test('a reader that takes a long answer by single bytes is dropped, and one that takes its time is not', async (t) => {
  const server = createServer((_, response) => void Readable.from(Array.from({ length: 500 }, () => PIECE)).pipe(response));
  const stop = dropSlowReaders(server, { within: 2000, every: 50 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    stop();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return socket;
  };
  const [slow, steady, idle] = await Promise.all([ask(), ask(), ask()]);
  let steadily = 0;
  steady.on('data', (chunk: Buffer) => {
    steadily += chunk.length;
  });
  let idly = 0;
  idle.on('data', (chunk: Buffer) => {
    idly += chunk.length;
  });
  slow.pause();
  let closed = false;
  slow.once('close', () => {
    closed = true;
  });
  const left = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  for (const deadline = performance.now() + 30_000; (await left()) > 2; await sleep(20)) {
    assert.ok(performance.now() < deadline, 'it is still there');
    if (!closed) slow.read(1);
  }
  for (const deadline = performance.now() + 30_000; steadily < LONG || idly < LONG; await sleep(20))
    assert.ok(performance.now() < deadline, 'whoever reads has everything');
  // Two that have read all and ask nothing more are no slow readers.
  await sleep(2500);
  assert.equal(await left(), 2);
});
