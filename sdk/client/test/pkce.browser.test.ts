import assert from 'node:assert/strict';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import type { Portico } from '../src/types.ts';
import { type AppOptions, open, session, signIn, watch, withApp } from './app-stage.ts';

/** An app on another site, without a backend: its refresh token is in the browser, and of use in no other. */

declare const portico: Portico;

const ELSEWHERE: AppOptions = { host: 'snake.localhost' };
const tokens = (url: URL) => url.pathname === OAUTH.token;

/** What is stored about the sign-in. */
const stored = (page: Page) =>
  page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('portico-client');
      request.onsuccess = () => resolve(request.result);
    });
    const store = database.transaction('kept').objectStore('kept');
    const ask = <T>(request: IDBRequest<T>) => new Promise<T>((resolve) => (request.onsuccess = () => resolve(request.result)));
    const [keys, values] = await Promise.all([ask(store.getAllKeys()), ask(store.getAll())]);
    database.close();
    const at = (name: string) => values[keys.findIndex((key) => Array.isArray(key) && key[1] === name)] as unknown;
    const { privateKey } = at('key') as CryptoKeyPair;
    const readable = await crypto.subtle.exportKey('jwk', privateKey).then(
      () => true,
      () => false,
    );
    return { readable, refreshToken: (at('token') as { refreshToken: string } | undefined)?.refreshToken ?? null };
  });

withApp(
  'signs in by a code, starts again by a refresh, and the copied token opens nothing elsewhere',
  ELSEWHERE,
  async ({ app, person, stage, clientId }) => {
    const visitor = await person();
    const { page } = visitor;
    await page.goto('about:blank');
    const asked = watch(visitor);
    assert.equal((await open(page, `${app.origin}/game#level-2`)).status, 'signed-out');
    assert.deepEqual(asked, []);
    const { status, user, expiresAt } = await signIn(page);
    assert.equal(status, 'signed-in');
    assert.equal(page.url(), `${app.origin}/game#level-2`);
    assert.ok(user !== null && 'email' in user && expiresAt !== null && expiresAt > Date.now());
    assert.equal(asked.filter((path) => path === OAUTH.token).length, 1);
    asked.length = 0;
    await page.reload();
    assert.equal((await session(page)).status, 'signed-in');
    assert.deepEqual(asked, [OAUTH.token]);
    assert.equal(await page.evaluate(async () => (await portico.fetch('/api/x')).status), 200);
    const { readable, refreshToken } = await stored(page);
    assert.ok(refreshToken !== null && refreshToken.startsWith('ptr_'));
    assert.equal(readable, false, 'no script can take the key along');
    const copied = await fetch(`http://127.0.0.1:${stage.portico.port}${OAUTH.token}`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId }),
    });
    assert.equal(copied.status, 400);
    assert.equal(await page.evaluate(() => portico.refresh()), true, 'and its owner notices nothing');
    assert.deepEqual(visitor.complaints, []);
  },
);

withApp('tabs that refresh at once, without locks and messages, get the same successor', ELSEWHERE, async ({ app, person }) => {
  const visitor = await person();
  const { page, context } = visitor;
  await open(page, app.origin);
  await signIn(page);
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'BroadcastChannel', { value: undefined });
    Object.defineProperty(navigator, 'locks', { value: undefined });
  });
  const tabs = [page, await context.newPage(), await context.newPage()];
  await Promise.all(tabs.map((tab) => tab.goto(app.origin)));
  assert.deepEqual(await Promise.all(tabs.map(async (tab) => (await session(tab)).status)), ['signed-in', 'signed-in', 'signed-in']);
  for (let round = 0; round < 5; round += 1)
    assert.deepEqual(await Promise.all(tabs.map((tab) => tab.evaluate(() => portico.refresh()))), [true, true, true]);
});

withApp('an answer that is lost is asked for again, and the sign-in lives', ELSEWHERE, async ({ app, person }) => {
  const { page } = await person();
  await open(page, app.origin);
  await signIn(page);
  const attempts: (string | undefined)[] = [];
  await page.route(tokens, async (route) => {
    attempts.push(route.request().headers()['portico-attempt']);
    // Portico has rotated; the browser never learns.
    await route.fetch();
    await route.abort();
  });
  const code = await page.evaluate(() =>
    portico.refresh().then(
      () => null,
      (error: { code: string }) => error.code,
    ),
  );
  assert.equal(code, 'offline');
  assert.equal(await page.evaluate(() => portico.session.status), 'signed-in');
  await page.unroute(tokens);
  const again = page.waitForRequest((request) => tokens(new URL(request.url())));
  await page.reload();
  assert.equal((await session(page)).status, 'signed-in');
  assert.match(attempts[0] ?? '', /^0\./);
  assert.equal((await again).headers()['portico-attempt'], attempts[0]);
});

for (const hours of [-2, 2]) {
  withApp(`with a clock ${hours} hours wrong the key is still believed`, ELSEWHERE, async ({ app, person }) => {
    const visitor = await person();
    const { page, context } = visitor;
    await context.addInitScript((shift) => {
      const real = Date.now;
      Date.now = () => real() + shift;
    }, hours * 3_600_000);
    await open(page, app.origin);
    assert.equal((await signIn(page)).status, 'signed-in');
    const asked = watch(visitor);
    assert.equal(await page.evaluate(() => portico.refresh()), true);
    assert.equal(await page.evaluate(() => portico.refresh()), true);
    assert.equal(asked.length, 2, 'the difference is measured once');
  });
}

withApp('sign-out: of the app alone, or of the browser; no answer under way undoes it', ELSEWHERE, async ({ app, person, stage }) => {
  const visitor = await person();
  const { page, context } = visitor;
  // Without messages: each tab sees for itself.
  await context.addInitScript(() => Object.defineProperty(globalThis, 'BroadcastChannel', { value: undefined }));
  await open(page, app.origin);
  await signIn(page);
  const other = await context.newPage();
  await open(other, app.origin);
  const gate = Promise.withResolvers<void>();
  const rotated = Promise.withResolvers<void>();
  await other.route(tokens, async (route) => {
    const response = await route.fetch();
    rotated.resolve();
    await gate.promise;
    await route.fulfill({ response });
  });
  const late = other.evaluate(() => portico.refresh());
  await rotated.promise;
  await page.evaluate(() => portico.signOut({ local: true }));
  assert.equal(await page.evaluate(() => portico.session.status), 'signed-out');
  gate.resolve();
  assert.equal(await late, false);
  assert.equal((await stored(page)).refreshToken, null);
  await other.unroute(tokens);
  await page.goto(`${stage.app}${PAGES.dashboard}`);
  assert.equal(new URL(page.url()).pathname, PAGES.dashboard);
  await open(page, app.origin);
  assert.equal((await signIn(page)).status, 'signed-in');
  await page.evaluate(() => portico.signOut());
  assert.equal(await page.evaluate(() => portico.session.status), 'signed-out');
  assert.equal(new URL(page.url()).origin, app.origin, 'nobody had to leave the app');
  await page.goto(`${stage.app}${PAGES.dashboard}`);
  assert.equal(new URL(page.url()).pathname, PAGES.signIn, 'this browser is signed out at all sites');
});

withApp('where nothing can be stored, the sign-in lasts as long as the page', ELSEWHERE, async ({ app, person }) => {
  const { page, context } = await person();
  // The dashboard may still be refreshing: without storage nobody could show afterwards that the answer that was lost was theirs.
  await page.waitForSelector('html[data-alive]');
  await page.waitForLoadState('networkidle');
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('no storage here', 'InvalidStateError');
    };
  });
  await open(page, app.origin);
  assert.equal((await signIn(page)).status, 'signed-in');
  assert.equal(await page.evaluate(() => portico.refresh()), true);
  assert.equal(await page.evaluate(() => portico.refresh()), true);
  await page.reload();
  assert.equal((await session(page)).status, 'signed-out');
  await context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('no storage here', 'QuotaExceededError');
    };
  });
  await page.reload();
  await session(page);
  const code = await page.evaluate(() =>
    portico.signIn().then(
      () => null,
      (error: { code: string }) => error.code,
    ),
  );
  assert.equal(code, 'storage_unavailable', 'said before anybody leaves');
});
