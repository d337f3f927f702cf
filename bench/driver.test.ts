import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { runSlice } from './driver.ts';
import { raceOneToken } from './one-use.ts';
import { oauthNextToken, oauthRefreshRequest, type Target } from './target.ts';

const target: Target = {
  name: 'rehearsal',
  database: 'SQLite',
  about: 'a server in the test',
  start: () => Promise.reject(new Error('The test starts its own.')),
  refreshRequest: (token, port) => oauthRefreshRequest(port, '/token', 'bench', token),
  nextToken: oauthNextToken,
};

const NEVER_SUSPENDED = { suspend: () => undefined, resume: () => undefined };

test('every token is spent once, and each chain goes on with the token that its last answer gave', async (t) => {
  const spent: string[] = [];
  const port = await serve(t, (token, response) => {
    spent.push(token);
    answer(response, successorOf(token));
  });
  const chains = ['a.0', 'b.0', 'c.0', 'd.0', 'e.0'];
  const slice = await runSlice(target, { port, concurrency: 2, milliseconds: 500, chains });

  assert.equal(new Set(spent).size, spent.length);
  assert.equal(slice.refreshes, spent.length);
  const refreshes = chains.map((token) => Number(token.split('.')[1]));
  assert.equal(
    refreshes.reduce((sum, count) => sum + count, 0),
    spent.length,
  );
  assert.ok(
    refreshes.every((count) => count > 0),
    'a chain was never used',
  );
});

test('a refusal in an honest chain ends the run instead of counting as a refresh', async (t) => {
  const port = await serve(t, (_token, response) => void response.writeHead(400, { 'content-length': 2 }).end('{}'));
  await assert.rejects(
    runSlice(target, { port, concurrency: 1, milliseconds: 50, chains: ['a.0'] }),
    /rehearsal refused an honest refresh: 400/,
  );
});

test('a server that answers with the same token again has not refreshed', async (t) => {
  const port = await serve(t, (token, response) => answer(response, token));
  await assert.rejects(runSlice(target, { port, concurrency: 1, milliseconds: 50, chains: ['a.0'] }), /refused an honest refresh/);
});

test('an opaque access token is not counted, because nothing was signed for it', async (t) => {
  const port = await serve(t, (token, response) => answer(response, successorOf(token), 'opaque'));
  await assert.rejects(runSlice(target, { port, concurrency: 1, milliseconds: 50, chains: ['a.0'] }), /not a JWT/);
});

test('a race on a server without one-use tokens shows every fork', async (t) => {
  let issued = 0;
  const port = await serve(t, (_token, response) => answer(response, `a.${++issued}`));
  assert.deepEqual(await raceOneToken(target, { port, server: NEVER_SUSPENDED }, 'a.0'), { answered: 20, successors: 20, alive: true });
});

test('a race that ends the grant is told from one that leaves a living token', async (t) => {
  const used = new Set<string>();
  const port = await serve(t, (token, response) => {
    const first = used.size === 0;
    used.add(token);
    if (first) return answer(response, 'a.1');
    response.writeHead(400, { 'content-length': 2 }).end('{}');
  });
  assert.deepEqual(await raceOneToken(target, { port, server: NEVER_SUSPENDED }, 'a.0'), { answered: 1, successors: 1, alive: false });
});

/** Half of the answers are chunked: peers send both kinds. */
function answer(response: ServerResponse, refreshToken: string, accessToken = 'a.b.c'): void {
  const body = JSON.stringify({ access_token: accessToken, refresh_token: refreshToken });
  if (refreshToken.endsWith('1')) response.setHeader('content-length', Buffer.byteLength(body));
  response.write(body.slice(0, 10));
  response.end(body.slice(10));
}

function successorOf(token: string): string {
  const [chain, gen] = token.split('.');
  return `${chain}.${Number(gen) + 1}`;
}

async function serve(t: TestContext, refresh: (token: string, response: ServerResponse) => void): Promise<number> {
  const server = createServer((request, response) => void readToken(request).then((token) => refresh(token, response)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}

async function readToken(request: IncomingMessage): Promise<string> {
  const body = (await request.setEncoding('utf8').toArray()).join('');
  return new URLSearchParams(body).get('refresh_token') ?? '';
}
