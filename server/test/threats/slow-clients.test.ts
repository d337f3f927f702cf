import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { authPath, SYSTEM } from '@portico/protocol/routes';
import { inWorld, type World } from '../world.ts';

/** Clients that send without end, or by single bytes, to hold what others need. */

async function listening(world: World): Promise<number> {
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const address = world.app.server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** Sends what `pieces` brings, one piece every half second, until the server has enough of it. Answers what it said. */
async function dribble(port: number, first: string, piece: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  let closed = false;
  socket.once('close', () => {
    closed = true;
  });
  socket.write(first);
  for (const deadline = performance.now() + 40_000; !closed; await sleep(piece === '' ? 20 : 500)) {
    assert.ok(performance.now() < deadline, `still listened to: ${text.slice(-600)}`);
    if (piece !== '' && !socket.destroyed) socket.write(piece);
  }
  return text;
}

async function ask(port: number, head: string): Promise<string> {
  return dribble(port, head, '');
}

inWorld('headers and bodies that come by single bytes end their connections, and whoever says nothing is not waited for', async (world) => {
  const port = await listening(world);
  const post = `POST ${authPath('signOut')} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  const [headers, body, chunks, silent] = await Promise.all([
    dribble(port, `GET ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\n`, 'X-A: b\r\n'),
    dribble(port, `${post}Content-Length: 60000\r\n\r\n`, '{'),
    dribble(port, `${post}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    dribble(port, '', ''),
    // Others are served meanwhile.
    ...Array.from({ length: 20 }, () => ask(port, `GET ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)),
  ]);
  for (const text of [headers, body, chunks]) assert.match(text, /^HTTP\/1\.1 408 /);
  assert.ok(silent === '' || silent.startsWith('HTTP/1.1 408 '), silent);
});

inWorld('an address, a header or their number beyond what anybody needs is refused: 414 and 431', async (world) => {
  const port = await listening(world);
  const get = (path: string, ...lines: readonly string[]) =>
    `GET ${path} HTTP/1.1\r\n${['Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
  const many = (count: number) => Array.from({ length: count }, (_, n) => `X-${n}: y`);
  for (const [what, head, status] of [
    ['a long address', get(`${SYSTEM.health}?${'x'.repeat(8_000)}`, 'Connection: close'), 200],
    ['too long an address', get(`${SYSTEM.health}?${'x'.repeat(9_000)}`), 414],
    ['too long an address that leads nowhere', get(`/${'x'.repeat(9_000)}`), 414],
    ['many headers', get(SYSTEM.health, ...many(90), 'Connection: close'), 200],
    ['too many headers', get(SYSTEM.health, ...many(110)), 431],
    ['a header without end', get(SYSTEM.health, `X-Long: ${'x'.repeat(17_000)}`), 431],
  ] as const) {
    const text = await ask(port, head);
    assert.ok(text.startsWith(`HTTP/1.1 ${status} `), `${what}: ${text.slice(0, 200)}`);
  }
});

inWorld('a connection is good for a thousand requests, and its last answer says so', async (world, t) => {
  const port = await listening(world);
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const answers = () => [...text.matchAll(/HTTP\/1\.1 200 /g)].length;
  socket.write(`GET ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(999));
  for (const deadline = performance.now() + 30_000; answers() < 999; await sleep(20)) assert.ok(performance.now() < deadline);
  assert.doesNotMatch(text, /connection: close/i);
  socket.write(`GET ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  for (const deadline = performance.now() + 30_000; answers() < 1_000; await sleep(20)) assert.ok(performance.now() < deadline);
  assert.match(text, /connection: close/i);
});
