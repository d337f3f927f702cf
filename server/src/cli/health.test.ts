import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SYSTEM } from '@portico/protocol/routes';
import { freePort, runPortico } from '../../test/portico-process.ts';

async function listening(t: TestContext, server: Server, host = '127.0.0.1'): Promise<string> {
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => void server.close());
  const address = server.address();
  return address === null || typeof address === 'string' ? '' : String(address.port);
}

const health = (port: string, host = '127.0.0.1') => runPortico(['health'], { PORTICO_PORT: port, PORTICO_HOST: host });

test('health says that whoever listens at these settings lives, whichever address that is', async (t) => {
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url} at ${request.headers.host}`);
    response.end('{"status":"ok"}');
  });
  const port = await listening(t, server, '::');
  for (const host of ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost']) {
    const { code, stdout, stderr } = await health(port, host);
    assert.deepEqual([code, stdout, stderr], [0, 'alive\n', ''], host);
  }
  assert.deepEqual(
    asked,
    ['127.0.0.1', '127.0.0.1', '[::1]', '[::1]', 'localhost'].map((name) => `GET ${SYSTEM.health} at ${name}:${port}`),
  );
});

test('health ends with 1 and one line where nobody listens, where the answer is an error, and where none comes', async (t) => {
  const nobody = await health(String(await freePort()));
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /^portico: nobody is alive at http:\/\/127\.0\.0\.1:\d+\/healthz: [^\n]+\n$/);

  for (const status of [404, 503]) {
    const broken = createHttpServer((_, response) => response.writeHead(status).end());
    const answered = await health(await listening(t, broken));
    assert.equal(answered.code, 1);
    assert.match(answered.stderr, /^portico: [^\n]+\n$/);
  }

  const sockets = new Set<{ destroy(): void }>();
  const silent = createServer((socket) => void sockets.add(socket));
  const port = await listening(t, silent);
  const waited = await health(port);
  for (const socket of sockets) socket.destroy();
  assert.equal(waited.code, 1);
  assert.match(waited.stderr, /^portico: nobody is alive at [^\n]+\n$/);
});

test('health names settings that are wrong, as every command does', async () => {
  const { code, stderr } = await health('x');
  assert.equal(code, 1);
  assert.match(stderr, /PORTICO_PORT/);
});
