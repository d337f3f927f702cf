import assert from 'node:assert/strict';
import { APP_PATHS } from '@portico/protocol/app-routes';
import type { Page, Route } from 'playwright-core';
import type { Portico } from '../src/types.ts';
import { open, session, signIn, watch, withApp } from './app-stage.ts';

/** What goes wrong between an app and Portico, and what does not follow from it: a sign-out. */

declare const portico: Portico;

const refreshes = (url: URL) => url.pathname.endsWith(APP_PATHS.refresh);
const ofPortico = (url: URL) => url.pathname.startsWith('/api/v1/') || url.pathname.startsWith('/.well-known/');
const status = (page: Page) => page.evaluate(() => portico.session.status);

withApp('trouble signs nobody out: no network, a broken server, a gateway’s page, a hotel’s welcome', {}, async ({ app, person }) => {
  const visitor = await person();
  const { page } = visitor;
  await open(page, app.origin);
  await signIn(page);
  const answers: readonly ((route: Route) => Promise<void>)[] = [
    (route) => route.abort(),
    (route) => route.fulfill({ status: 500, json: { error: 'internal' } }),
    (route) => route.fulfill({ status: 503, json: { error: 'unavailable' }, headers: { 'retry-after': '1' } }),
    (route) => route.fulfill({ status: 400, contentType: 'text/html', body: '<h1>Bad Request</h1>' }),
    (route) => route.fulfill({ status: 401, json: { error: 'signed_out' } }),
    (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Welcome to our hotel</h1>' }),
    (route) => route.fulfill({ status: 200, json: {} }),
    (route) => route.fulfill({ status: 200, json: null }),
    (route) => route.fulfill({ status: 200, json: { accessToken: 'x', expiresIn: 300, user: {} } }),
    (route) => route.fulfill({ status: 200, json: { expiresIn: 300, user: { id: 'ada' } } }),
  ];
  for (const answer of answers) {
    const withCors = async (route: Route) => {
      const fulfil = route.fulfill.bind(route);
      route.fulfill = (given = {}) =>
        fulfil({
          ...given,
          headers: { ...given.headers, 'access-control-allow-origin': app.origin, 'access-control-allow-credentials': 'true' },
        });
      await answer(route);
    };
    await page.route(refreshes, withCors);
    const thrown = await page.evaluate(() =>
      portico.refresh().then(
        () => null,
        (error: Error) => error.name,
      ),
    );
    assert.equal(thrown, 'PorticoError');
    assert.equal(await status(page), 'signed-in');
    assert.equal(await page.evaluate(async () => (await portico.fetch('/api/x')).status), 200, 'with the token that is still good');
    await page.unroute(refreshes);
  }
  assert.equal(await page.evaluate(() => portico.refresh()), true);
  // A start without any answer: nothing is known, and it comes right by itself once there is one.
  for (const wake of ['by itself', 'by the network']) {
    await page.route(ofPortico, (route) => route.abort());
    await page.reload();
    assert.equal((await session(page)).status, 'offline');
    await page.unroute(ofPortico);
    if (wake === 'by the network') await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.waitForFunction(() => portico.session.status === 'signed-in');
  }
  // A sign-out that did not happen does not look as if it had.
  await page.route(
    (url) => url.pathname.endsWith(APP_PATHS.signOut),
    (route) => route.abort(),
  );
  const code = await page.evaluate(() =>
    portico.signOut().then(
      () => null,
      (error: { code: string }) => error.code,
    ),
  );
  assert.equal(code, 'offline');
  assert.equal(await status(page), 'signed-in');
  assert.equal(await page.evaluate(() => portico.refresh()), true);
});

withApp('a sign-out during a refresh stays one: in this tab, in the other, after a reload', {}, async ({ app, person }) => {
  const { page, context } = await person();
  await open(page, app.origin);
  await signIn(page);
  const other = await context.newPage();
  await open(other, app.origin);
  const held: Route[] = [];
  await page.route(refreshes, (route) => void held.push(route));
  const asked = page.waitForRequest((request) => refreshes(new URL(request.url())));
  const refreshing = page.evaluate(() => portico.refresh().then(String, (error: { code: string }) => error.code));
  await asked;
  await page.evaluate(() => portico.signOut());
  await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
  assert.equal(await refreshing, 'dropped');
  await page.unroute(refreshes);
  await other.waitForFunction(() => portico.session.status === 'signed-out');
  assert.equal(await page.evaluate(() => portico.getAccessToken()), null);
  assert.equal(await status(page), 'signed-out');
  for (const one of [page, other]) {
    await one.reload();
    assert.equal((await session(one)).status, 'signed-out');
  }
});

withApp('a late message of a refresh brings nobody back in a tab that has signed out', {}, async ({ app, person }) => {
  const { page, context } = await person();
  await open(page, app.origin);
  await signIn(page);
  const late = await page.evaluate(async () => {
    const token = await portico.getAccessToken();
    const { user, expiresAt } = portico.session;
    return { kind: 'granted', at: Date.now(), grant: { accessToken: token, user, expiresAt, expiresIn: 300, gen: 9 } };
  });
  const [scope] = await page.evaluate(() =>
    Object.keys(sessionStorage)
      .filter((key) => key.endsWith(' place'))
      .map((key) => key.slice(0, -6)),
  );
  const other = await context.newPage();
  await open(other, app.origin);
  await other.evaluate(() => portico.signOut());
  await page.waitForFunction(() => portico.session.status === 'signed-out');
  const asked = page.waitForResponse((response) => ofPortico(new URL(response.url())));
  await other.evaluate(({ name, news }) => new BroadcastChannel(`portico ${name}`).postMessage(news), { name: scope, news: late });
  await asked;
  await page.evaluate(() => portico.refresh());
  assert.equal(await status(page), 'signed-out');
});

withApp('storage that is wiped, and storage that is broken: still signed in, in two tabs at once', {}, async ({ app, person, stage }) => {
  const { page, context } = await person();
  await open(page, app.origin);
  await signIn(page);
  const wipe = async () => {
    sessionStorage.clear();
    localStorage.clear();
    for (const { name = '' } of await indexedDB.databases())
      await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = request.onerror = request.onblocked = resolve;
      });
  };
  await page.evaluate(wipe);
  assert.equal(await page.evaluate(() => portico.refresh()), true);
  await page.evaluate(wipe);
  await page.reload();
  assert.equal((await session(page)).status, 'signed-in');
  // As in private windows of some browsers.
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('no storage here', 'InvalidStateError');
    };
    Object.defineProperty(globalThis, 'BroadcastChannel', { value: undefined });
    Object.defineProperty(navigator, 'locks', { value: undefined });
  });
  const tabs = [page, await context.newPage(), await context.newPage()];
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(tabs.map((tab) => tab.goto(app.origin)));
    assert.deepEqual(await Promise.all(tabs.map(async (tab) => (await session(tab)).status)), ['signed-in', 'signed-in', 'signed-in']);
    assert.deepEqual(await Promise.all(tabs.map((tab) => tab.evaluate(() => portico.refresh()))), [true, true, true]);
  }
  // A tab that hears of nothing sees by itself that the others have left.
  await page.evaluate(() => portico.signOut());
  await tabs[1]?.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await tabs[1]?.waitForFunction(() => portico.session.status === 'signed-out');
  assert.ok(stage.portico.child.exitCode === null);
});

for (const hours of [-2, 2]) {
  withApp(`a clock that is ${hours} hours wrong changes nothing`, {}, async ({ app, person }) => {
    const visitor = await person();
    const { page, context } = visitor;
    await context.addInitScript((shift) => {
      const real = Date.now;
      Date.now = () => real() + shift;
    }, hours * 3_600_000);
    const asked = watch(visitor);
    await open(page, app.origin);
    assert.equal((await signIn(page)).status, 'signed-in');
    asked.length = 0;
    for (let calls = 0; calls < 3; calls += 1) assert.equal(await page.evaluate(async () => (await portico.fetch('/api/x')).status), 200);
    assert.deepEqual(
      asked.filter((path) => path === APP_PATHS.refresh),
      [],
    );
  });
}

withApp('a sign-in that is held shows where the code is typed; one that has ended is none', {}, async ({ app, person, stage }) => {
  const { page } = await person();
  await open(page, app.origin);
  await signIn(page);
  stage.sql(`update sessions set state = 'held', held_until = ${Date.now() + 60_000}; update refresh_tokens set state = 'held'`);
  assert.equal(await page.evaluate(() => portico.refresh()), false);
  const held = await page.evaluate(() => portico.session);
  assert.deepEqual([held.status, held.user, held.verifyUrl], ['unverified', null, `${stage.app}/auth/verify-signin`]);
  assert.equal(await page.evaluate(() => portico.getAccessToken()), null);
  assert.equal(await page.evaluate(async () => (await portico.fetch('/api/x')).status), 401, 'without a token');
  stage.sql(`update sessions set state = 'active'; update refresh_tokens set state = 'active'`);
  // Whoever typed the code comes back to this page.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.waitForFunction(() => portico.session.status === 'signed-in');
  stage.sql(`update sessions set state = 'revoked'; update refresh_tokens set state = 'revoked'`);
  assert.equal(await page.evaluate(() => portico.refresh()), false);
  assert.equal(await status(page), 'signed-out');
});
