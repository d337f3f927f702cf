import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type TestContext, test } from 'node:test';
import { DEMO_APPS, DEMO_NOTICE, type DemoNotice } from '@portico/protocol/demo';
import { freePort } from '../../../server/test/portico-process.ts';
import type { OpenOrder } from './apps.ts';
import { type OpenPorts, openPorts } from './ports.ts';

const SILENT = (): RequestListener => (_, response) => void response.writeHead(404).end();

async function orderAt(firstPort: number, issuer = 'http://localhost:4000'): Promise<OpenOrder> {
  return { kind: 'open', issuer, app: issuer, api: issuer, url: issuer, firstPort };
}

async function listening(t: TestContext, port: number, answer: RequestListener = SILENT()): Promise<Server> {
  const server = createServer(answer).listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server;
}

function requireOpen(t: TestContext, found: OpenPorts | DemoNotice): OpenPorts {
  assert.ok('servers' in found);
  t.after(() => {
    for (const app of DEMO_APPS) found.servers[app].close();
  });
  return found;
}

/** Free ports in a row, so that what a test expects of each is true. */
async function freeRow(): Promise<number> {
  for (;;) {
    const first = await freePort();
    const servers = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const server = createServer().listen(first + at, '127.0.0.1');
        return once(server, 'listening').then(
          () => server,
          () => null,
        );
      }),
    );
    for (const server of servers) server?.close();
    if (!servers.includes(null)) return first;
  }
}

test('each app has the port of its place, on names that browsers take for other sites, or on that of Portico', async (t) => {
  const first = await freeRow();
  const { origins } = requireOpen(t, await openPorts(await orderAt(first), SILENT));
  assert.deepEqual(origins, {
    notes: `http://notes.localhost:${first}`,
    wiki: `http://wiki.localhost:${first + 1}`,
    rtk: `http://localhost:${first + 2}`,
    snake: `http://snake.localhost:${first + 3}`,
    secondary: `http://localhost:${first + 4}`,
  });
});

test('an app whose port is taken goes to the next free one, and the others stay where they are', async (t) => {
  const first = await freeRow();
  await listening(t, first);
  await listening(t, first + 3);
  await listening(t, first + 5);
  const { ports } = requireOpen(t, await openPorts(await orderAt(first), SILENT));
  assert.deepEqual(ports, { notes: first + 6, wiki: first + 1, rtk: first + 2, snake: first + 7, secondary: first + 4 });
});

test('of four that start at once for one Portico, one opens the demo and the others are told where it is', async (t) => {
  const first = await freeRow();
  const order = await orderAt(first);
  const opened = Promise.withResolvers<DemoNotice>();
  const answer = (): RequestListener => (request, response) =>
    void opened.promise.then((notice) => response.end(request.url === DEMO_NOTICE ? JSON.stringify(notice) : ''));
  const found = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const one = await openPorts(order, answer);
      if ('servers' in one) opened.resolve({ issuer: order.issuer, origins: one.origins, ports: one.ports });
      return one;
    }),
  );
  const [winner, ...more] = found.filter((one) => 'servers' in one);
  assert.ok(winner !== undefined && more.length === 0);
  requireOpen(t, winner);
  for (const one of found) assert.deepEqual(one.origins, winner.origins);
});

test('the demo of another Portico, and a program that answers nonsense, only take a port', async (t) => {
  const first = await freeRow();
  const theirs = requireOpen(t, await openPorts(await orderAt(first), SILENT));
  for (const said of [
    JSON.stringify({ ...theirs, servers: undefined, issuer: 'http://localhost:9' }),
    'null',
    '<html>',
    '{"issuer":"http://localhost:4000"}',
  ]) {
    const port = await freePort();
    await listening(t, port, (_, response) => void response.end(said));
    assert.ok(requireOpen(t, await openPorts(await orderAt(port), SILENT)).ports.notes !== port, said);
  }
});
