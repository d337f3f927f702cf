import assert from 'node:assert/strict';
import { APP_PATHS } from '@portico/protocol/app-routes';
import type { Portico } from '../src/types.ts';
import { serveApp } from './app-server.ts';
import { open, session, signIn, watch, withApp } from './app-stage.ts';

/** `portico.fetch` in a real browser: as the platform's own, with the token where it belongs and nowhere else. */

declare const portico: Portico;

const refreshes = (asked: readonly string[]) => asked.filter((path) => path === APP_PATHS.refresh).length;
const BEARER = /^Bearer eyJ/;

withApp('a 401 is answered by one refresh and the same request once more, whatever its body is', {}, async ({ app, person }) => {
  const visitor = await person();
  const { page } = visitor;
  await open(page, app.origin);
  await signIn(page);
  const asked = watch(visitor);
  // Each made in the page: bodies do not travel there.
  const bodies: Readonly<Record<string, () => Promise<number>>> = {
    text: async () => (await portico.fetch('/api/text', { method: 'POST', body: 'once more' })).status,
    blob: async () => (await portico.fetch('/api/blob', { method: 'PUT', body: new Blob(['once more']) })).status,
    bytes: async () =>
      (await portico.fetch(new URL('/api/bytes', location.href), { method: 'POST', body: new TextEncoder().encode('once more') })).status,
    form: async () => (await portico.fetch('/api/form', { method: 'POST', body: new URLSearchParams({ again: 'once more' }) })).status,
    request: async () => (await portico.fetch(new Request('/api/request', { method: 'POST', body: 'once more' }))).status,
    nothing: async () => (await portico.fetch('/api/nothing')).status,
  };
  for (const [name, send] of Object.entries(bodies)) {
    app.refuse(1);
    asked.length = 0;
    assert.equal(await page.evaluate(send), 200, name);
    const [first, second, ...more] = app.calls.filter(({ path }) => path === `/api/${name}`);
    assert.ok(first !== undefined && second !== undefined && more.length === 0, name);
    assert.deepEqual([second.method, second.body], [first.method, first.body]);
    assert.match(second.body.replace('+', ' '), name === 'nothing' ? /^$/ : /once more/);
    assert.match(first.authorization ?? '', BEARER);
    assert.match(second.authorization ?? '', BEARER);
    assert.notEqual(second.authorization, first.authorization);
    assert.equal(refreshes(asked), 1);
  }
  // Refused again: that is the answer, readable, and no third try.
  app.refuse(2);
  const answer = await page.evaluate(async () => {
    const refused = await portico.fetch('/api/never', { method: 'POST', body: 'x' });
    return [refused.status, ((await refused.json()) as { body: string }).body];
  });
  assert.deepEqual(answer, [401, 'x']);
  assert.equal(app.calls.filter(({ path }) => path === '/api/never').length, 2);
  // Ten that are refused together wait for one refresh.
  asked.length = 0;
  app.refuse(10);
  const all = await page.evaluate(() => Promise.all(Array.from({ length: 10 }, async () => (await portico.fetch('/api/ten')).status)));
  assert.deepEqual(
    all,
    Array.from({ length: 10 }, () => 200),
  );
  assert.equal(refreshes(asked), 1);
});

withApp('the token goes to the page’s own origin, to none that is not named, and along no redirect', {}, async ({ app, person }, t) => {
  const stranger = await serveApp(t, { host: 'stranger.localhost', options: {} });
  const { page } = await person();
  await open(page, app.origin);
  await signIn(page);
  const get = (address: string) => page.evaluate(async (url) => (await portico.fetch(url)).status, address);
  assert.equal(await get(`${stranger.origin}/api/named-nowhere`), 401);
  assert.equal(await get(`${app.origin}/api/hop?to=${encodeURIComponent(`${stranger.origin}/api/redirected`)}`), 401);
  assert.equal(await get(`${app.origin}/api/hop?to=${encodeURIComponent(`${app.origin}/api/home`)}`), 200);
  assert.deepEqual(
    stranger.calls.map(({ path, authorization }) => [path, authorization]),
    // The second one twice: a 401 is tried once more.
    [['/api/named-nowhere', null], ...[1, 2].map(() => ['/api/redirected', null])],
  );
  // Whoever says by itself who it is, says it.
  const own = await page.evaluate(async () => {
    const answer = await portico.fetch('/api/own', { headers: { authorization: 'Basic eDp5' } });
    return ((await answer.json()) as { authorization: string }).authorization;
  });
  assert.equal(own, 'Basic eDp5');
  // Named, with a path and a slash that do not matter; its neighbour is not.
  await page.addInitScript((origin) => {
    let options: object = {};
    Object.defineProperty(globalThis, 'options', {
      set: (given: object) => {
        options = given;
      },
      get: () => ({ ...options, origins: [`${origin}/`] }),
    });
  }, stranger.origin);
  await page.reload();
  await session(page);
  assert.equal(await get(`${stranger.origin}/api/named`), 200);
  assert.match(stranger.calls.at(-1)?.authorization ?? '', BEARER);
});

withApp('an abort is an abort, also while a refresh is waited for; signed out, it is plain fetch', {}, async ({ app, person }) => {
  const visitor = await person();
  const { page } = visitor;
  await open(page, app.origin);
  assert.equal(await page.evaluate(async () => (await portico.fetch('/api/out')).status), 401);
  assert.deepEqual(
    app.calls.map(({ authorization }) => authorization),
    [null],
    'asked once, without a token',
  );
  await signIn(page);
  await page.route(
    (url) => url.pathname.endsWith(APP_PATHS.refresh),
    () => undefined,
  );
  app.refuse(1);
  const refreshing = page.waitForRequest((request) => request.url().endsWith(APP_PATHS.refresh));
  const thrown = page.evaluate(async () => {
    const stop = new AbortController();
    Object.assign(globalThis, { stop });
    return portico.fetch('/api/slow', { signal: stop.signal }).then(String, (error: Error) => error.name);
  });
  await refreshing;
  await page.evaluate(() => (globalThis as unknown as { stop: AbortController }).stop.abort());
  assert.equal(await thrown, 'AbortError');
  assert.equal(
    await page.evaluate(() => portico.fetch('/api/x', { signal: AbortSignal.abort() }).then(String, (error: Error) => error.name)),
    'AbortError',
  );
  // What the platform would throw, as it throws it.
  const errors = await page.evaluate(() =>
    Promise.all(
      [portico.fetch('http://127.0.0.1:1/'), portico.fetch('/x', { method: 'GET', body: 'x' })].map((sent) =>
        sent.then(String, (error: Error) => error.name),
      ),
    ),
  );
  assert.deepEqual(errors, ['TypeError', 'TypeError']);
});

withApp('what Ada began is not sent in Bob’s name', {}, async ({ app, person }) => {
  const ada = await person();
  const bob = await person();
  await open(ada.page, app.origin);
  await signIn(ada.page);
  await open(bob.page, app.origin);
  await signIn(bob.page);
  // In the same browser Bob has signed in, in a tab that this one has not heard of.
  await ada.context.clearCookies();
  await ada.context.addCookies(await bob.context.cookies());
  app.refuse(1);
  const before = app.calls.length;
  assert.equal(await ada.page.evaluate(async () => (await portico.fetch('/api/post', { method: 'POST', body: 'by Ada' })).status), 401);
  assert.equal(app.calls.length, before + 1);
  const shown = await ada.page.evaluate(() => portico.session.user?.id);
  assert.equal(shown, await bob.page.evaluate(() => portico.session.user?.id), 'and the page is told who it is now');
});
