import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, OAUTH, SYSTEM } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { onStage, type Stage, typeCode, type Visitor } from './visitor.ts';

/** Apps of one site in a real browser, and pages that want what is not theirs: its cookies, its fetch metadata, its CORS. */

const main = {
  settings: (port: number) => ({ PORTICO_ORIGIN: `http://auth.example.localhost:${port}` }),
  app: (port: number) => `http://auth.example.localhost:${port}`,
};

/** An empty page at a host. */
async function serveAt(host: string, t: TestContext): Promise<string> {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x</title>'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** Registers an app that nobody needs to be asked for. */
function register(stage: Stage, id: string, origin: string): void {
  stage.sql(`insert into clients (id, name, kind, origins, redirect_uris, authentication, confirmation, created_at)
    values ('${id}', '${id}', 'spa', '["${origin}"]', '["${origin}/"]', 'none', 'auto', 0)`);
}

const authorizeUrl = (stage: Stage, id: string, origin: string, state = 's') =>
  `${stage.app}${OAUTH.authorize}?${new URLSearchParams({ response_type: 'none', client_id: id, redirect_uri: `${origin}/`, scope: 'openid email', state }).toString()}`;

interface Read {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a script on this page gets of a call with credentials; `headers` make the browser ask first. */
async function fetched(
  page: Page,
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string; mode?: 'no-cors' } = {},
): Promise<Read | 'blocked'> {
  return page.evaluate(
    ([address, given]) =>
      fetch(address, { credentials: 'include', ...given }).then(
        async (answer) => ({ status: answer.status, body: JSON.parse((await answer.text()) || '{}') as Readonly<Record<string, unknown>> }),
        () => 'blocked' as const,
      ),
    [url, init] as const,
  );
}

const callUrl = (stage: Stage, name: 'refresh' | 'session' | 'signOut' | 'extendSoft') => stage.app + AUTH_PREFIX + AUTH_PATHS[name];
const JSON_BODY = { 'content-type': 'application/json' };

async function refreshed(stage: Stage, page: Page, gen: number): Promise<unknown> {
  const attempt = `${gen}.${'A'.repeat(21)}${'AEIMQUYcgkosw048'[gen]}`;
  const answer = await fetched(page, callUrl(stage, 'refresh'), {
    method: 'POST',
    headers: { ...JSON_BODY, [HEADERS.attempt]: attempt },
    body: '{}',
  });
  return answer === 'blocked' ? answer : [answer.status, answer.body['kind'] ?? answer.body['error'], answer.body['gen']];
}

async function signedUp(stage: Stage): Promise<Visitor> {
  const visitor = await stage.visitor();
  await visitor.signUp('ada@example.com');
  await typeCode(stage, visitor, 'ada@example.com');
  return visitor;
}

onStage(
  'each app has its own sign-in in one browser, which no other page can use, read or disturb; out of one by itself is out of that one',
  async (stage, t) => {
    const [notes, maps, sibling, elsewhere] = [
      await serveAt('notes.example.localhost', t),
      await serveAt('maps.example.localhost', t),
      await serveAt('evil.example.localhost', t),
      await serveAt('evil.localhost', t),
    ];
    register(stage, 'notes', notes);
    register(stage, 'maps', maps);
    register(stage, 'far', elsewhere.replace('evil.localhost', 'far.localhost'));
    const { context, page } = await signedUp(stage);
    await page.goto(authorizeUrl(stage, 'notes', notes));
    assert.equal(page.url(), `${notes}/?state=s&iss=${encodeURIComponent(stage.app)}`, 'nothing but that is told');
    assert.deepEqual(await refreshed(stage, page, 0), [200, 'rotated', 1]);
    const [cookie, ...none] = (await context.cookies()).filter(({ name }) => name.startsWith('portico_rt_'));
    assert.deepEqual([cookie?.name, cookie?.domain, cookie?.httpOnly, none], ['portico_rt_notes', 'auth.example.localhost', true, []]);
    assert.equal(await page.evaluate(() => document.cookie), '');
    const described = await fetched(page, `${stage.app}${SYSTEM.portico}?client_id=notes`, { headers: {} });
    assert.equal(described, 'blocked', 'a document for everybody takes no credentials');
    assert.deepEqual(
      await page.evaluate(
        (url) => fetch(url).then(async (answer) => ((await answer.json()) as { client?: unknown }).client),
        `${stage.app}${SYSTEM.portico}?client_id=notes`,
      ),
      { id: 'notes', name: 'notes', mode: 'cookie', redirectUri: `${notes}/` },
    );

    const other = await context.newPage();
    await other.goto(maps);
    assert.deepEqual(await refreshed(stage, other, 1), [400, 'refresh_invalid', undefined], 'the other app has no sign-in, and reads that');
    for (const origin of [sibling, elsewhere]) {
      const stranger = await context.newPage();
      await stranger.goto(origin);
      for (const name of ['refresh', 'signOut', 'extendSoft'] as const) {
        const url = callUrl(stage, name);
        assert.equal(await fetched(stranger, url, { method: 'POST', headers: JSON_BODY, body: '{}' }), 'blocked', `${name} at ${origin}`);
        // What needs no question beforehand arrives, and is refused.
        assert.equal(await fetched(stranger, url, { method: 'POST' }), 'blocked');
        await fetched(stranger, url, { method: 'POST', mode: 'no-cors', body: '' });
      }
      assert.equal(await fetched(stranger, callUrl(stage, 'session')), 'blocked');
      // A navigation that somebody forces signs in whom it finds, where they agreed to be signed in; the app did not send that state.
      await stranger.goto(origin);
      await stranger.evaluate((url) => location.assign(url), authorizeUrl(stage, 'notes', notes, 'forced'));
      await stranger.waitForURL((url) => url.origin === notes);
      assert.equal(new URL(stranger.url()).searchParams.get('state'), 'forced');
      await stranger.close();
    }
    assert.deepEqual(await refreshed(stage, page, 1), [200, 'rotated', 2], 'nobody has moved the chain');

    await other.goto(authorizeUrl(stage, 'maps', maps));
    assert.deepEqual(await refreshed(stage, other, 0), [200, 'rotated', 1]);
    const session = await fetched(page, callUrl(stage, 'session'));
    assert.ok(session !== 'blocked' && session.body['status'] === 'VERIFIED');
    const headers = { ...JSON_BODY, [HEADERS.csrf]: String(session.body['csrfToken']) };
    const left = await fetched(page, callUrl(stage, 'signOut'), { method: 'POST', headers, body: '{"local":true}' });
    assert.deepEqual(left, { status: 204, body: {} });
    assert.deepEqual(await refreshed(stage, page, 2), [400, 'refresh_invalid', undefined]);
    assert.deepEqual(await refreshed(stage, other, 1), [200, 'rotated', 2]);
    assert.deepEqual(
      (await context.cookies())
        .map(({ name }) => name)
        .filter((name) => name.startsWith('portico_rt'))
        .toSorted(),
      ['portico_rt', 'portico_rt_maps'],
    );
  },
  main,
);
