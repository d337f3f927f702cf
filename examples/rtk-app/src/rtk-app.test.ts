import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRtkApp, type RtkAppOptions } from './rtk-app.ts';
import { createScores } from './scores.ts';

const ISSUER = 'https://auth.example.com';

/** The server over a built page of three files, and beside its folder something that is nobody's business. */
async function start(t: TestContext, options: Partial<RtkAppOptions> = {}): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'rtk-app-'));
  await mkdir(join(folder, 'page', 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.js'), 'secret');
  await writeFile(join(folder, 'page', 'index.html'), '<body data-issuer="{{issuer}}" data-client-id="{{clientId}}">');
  await writeFile(join(folder, 'page', 'assets', 'index-1.js'), 'script');
  const app = createRtkApp({ issuer: ISSUER, clientId: 'scores', folder: join(folder, 'page'), ...options });
  const server = createServer(app.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    app.close();
    await rm(folder, { recursive: true });
  });
  return (server.address() as AddressInfo).port;
}

/** With the path as it is written: `fetch` would put it right. */
async function ask(port: number, path: string, method = 'GET'): Promise<{ status: number; text: string; policy: string }> {
  const [answer] = await once(request({ host: '127.0.0.1', port, path, method }).end(), 'response');
  let text = '';
  for await (const piece of answer) text += String(piece);
  return { status: answer.statusCode, text, policy: String(answer.headers['content-security-policy']) };
}

test('the page is served at every path without an ending, its files at theirs, and nothing beside them', async (t) => {
  const port = await start(t);
  const page = `<body data-issuer="${ISSUER}" data-client-id="scores">`;
  for (const path of ['/', '/deep/link', '/?state=x']) assert.deepEqual((await ask(port, path)).text, page);
  assert.equal((await ask(port, '/assets/index-1.js')).text, 'script');
  for (const path of [
    '/../secret.js',
    '/assets/../../secret.js',
    '/..%2fsecret.js',
    '/%2e%2e/secret.js',
    '//secret.js',
    '/assets/none.js',
  ]) {
    const { status, text } = await ask(port, path);
    assert.ok(status === 404 || text === page, `${path}: ${status} ${text}`);
    assert.doesNotMatch(text, /^secret/);
  }
  assert.equal((await ask(port, '/', 'POST')).status, 405);
});

test('a setting is text in the page, whatever is in it; the policy names whom scripts may call and forms may reach', async (t) => {
  const hostile = '"><script>alert(1)</script>';
  const port = await start(t, { clientId: hostile, newDeviceUrl: 'http://localhost:4005/new-device' });
  const { text, policy } = await ask(port, '/');
  assert.doesNotMatch(text, /<script>/);
  assert.match(text, /data-client-id="&#34;&#62;&#60;script/);
  assert.match(policy, /connect-src 'self' https:\/\/auth\.example\.com;/);
  assert.match(policy, /form-action 'self' http:\/\/localhost:4005;/);
  assert.match((await ask(await start(t), '/')).policy, /form-action 'none'/);
});

test('the API answers nobody without a token, and says why', async (t) => {
  const port = await start(t);
  for (const method of ['GET', 'POST']) {
    const { status, text } = await ask(port, '/api/scores', method);
    assert.equal(status, 401);
    assert.match(text, /"token_missing"/);
  }
});

test('a page that was not built is said at the start', () => {
  assert.throws(() => createRtkApp({ issuer: ISSUER, clientId: 'scores', folder: '/nowhere' }), /npm run build -w examples\/rtk-app/);
});

test('the best ten are shown without names, and strangers fill only so much of the memory', () => {
  const scores = createScores();
  scores.add('ada');
  scores.add('ada');
  for (let player = 0; player < 2000; player += 1) scores.add(`player ${player}`);
  scores.add('player 1999');
  assert.deepEqual(scores.best('ada').slice(0, 2), [
    { points: 2, yours: true },
    { points: 1, yours: false },
  ]);
  assert.equal(scores.best('ada').length, 10);
  assert.ok(!scores.best('player 1999').some(({ yours }) => yours));
});
