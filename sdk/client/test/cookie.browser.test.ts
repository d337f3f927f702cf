import assert from 'node:assert/strict';
import { APP_PATHS } from '@portico/protocol/app-routes';
import type { Portico } from '../src/types.ts';
import { open, session, signIn, watch, withApp } from './app-stage.ts';

/** An app on Portico's own site, in a real browser, with a real server: it comes, goes, comes again. */

declare const portico: Portico;
declare const seen: readonly string[];

withApp('nobody, then a sign-in that comes back to where it began, then one refresh for each start', {}, async ({ app, person, stage }) => {
  const visitor = await person();
  const { page } = visitor;
  const asked = watch(visitor);
  assert.equal((await open(page, `${app.origin}/scores?level=2#top`)).status, 'signed-out');
  assert.deepEqual(asked, [APP_PATHS.session]);
  const { status, user, expiresAt } = await signIn(page);
  assert.equal(status, 'signed-in');
  assert.equal(page.url(), `${app.origin}/scores?level=2#top`, 'the address is as it was, without state');
  assert.ok(user !== null && 'email' in user && user.email?.endsWith('@example.com') === true);
  assert.ok(expiresAt !== null && expiresAt > Date.now());
  asked.length = 0;
  await page.reload();
  assert.equal((await session(page)).status, 'signed-in');
  // The idle end is moved once a day, when there is time for it.
  assert.deepEqual(
    (asked as readonly string[]).filter((path) => path !== APP_PATHS.extendSoft),
    [APP_PATHS.refresh],
  );
  assert.deepEqual(await page.evaluate(() => seen), ['loading', 'signed-in']);
  // A second app page at once, and a third.
  const others = await Promise.all([1, 2].map(() => visitor.context.newPage()));
  await Promise.all(others.map((other) => open(other, app.origin)));
  assert.deepEqual(await Promise.all([page, ...others].map((one) => one.evaluate(() => portico.refresh()))), [true, true, true]);
  await page.goto(`${stage.app}/dashboard`);
  assert.equal(new URL(page.url()).pathname, '/dashboard', 'Portico’s own pages live beside it');
  assert.deepEqual(visitor.complaints, []);
});

withApp('no token is where a script of another kind could read it', {}, async ({ app, person }) => {
  const { page } = await person();
  await open(page, app.origin);
  await signIn(page);
  const token = await page.evaluate(() => portico.getAccessToken());
  assert.ok(token !== null && token.split('.').length === 3);
  const kept = await page.evaluate(async () => {
    const databases = await indexedDB.databases();
    const rows: unknown[] = [];
    for (const { name = '' } of databases) {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
      });
      for (const store of database.objectStoreNames)
        rows.push(
          await new Promise((resolve) => {
            const request = database.transaction(store).objectStore(store).getAll();
            request.onsuccess = () => resolve(request.result);
          }),
        );
      database.close();
    }
    return JSON.stringify([rows, Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href]);
  });
  assert.match(kept, /"0\.[A-Za-z0-9_-]{22}"/, 'the attempt is kept');
  assert.doesNotMatch(kept, /ptr_|eyJ/);
  assert.ok(!kept.includes(token.slice(-20)));
});

withApp('extend makes the CSRF token anew; soft extending happens once a day', {}, async ({ app, person }) => {
  const visitor = await person();
  const asked = watch(visitor);
  const { page } = visitor;
  await open(page, app.origin);
  const [extended] = await Promise.all([page.waitForResponse((response) => response.url().endsWith(APP_PATHS.extendSoft)), signIn(page)]);
  assert.equal(extended.status(), 204);
  const before = await page.evaluate(() => portico.getCsrfToken());
  await page.evaluate(() => portico.extend());
  const after = await page.evaluate(() => portico.getCsrfToken());
  assert.ok(before !== null && after !== null && before !== after);
  await page.reload();
  await session(page);
  await page.evaluate(() => portico.refresh());
  assert.equal(asked.filter((path) => path === APP_PATHS.extendSoft).length, 1);
  assert.equal(asked.filter((path) => path === APP_PATHS.extendHard).length, 1);
});

withApp('sign-out here is a sign-out in the other tab; local leaves Portico signed in', {}, async ({ app, person, stage }) => {
  const visitor = await person();
  const { page, context } = visitor;
  await open(page, app.origin);
  await signIn(page);
  const other = await context.newPage();
  assert.equal((await open(other, app.origin)).status, 'signed-in');
  await page.evaluate(() => portico.signOut({ local: true }));
  assert.deepEqual(await page.evaluate(() => [portico.session.status, portico.session.user, portico.getCsrfToken()]), [
    'signed-out',
    null,
    null,
  ]);
  await other.waitForFunction(() => portico.session.status === 'signed-out');
  await page.reload();
  assert.equal((await session(page)).status, 'signed-out');
  await other.goto(`${stage.app}/dashboard`);
  assert.equal(new URL(other.url()).pathname, '/dashboard');
  assert.equal((await signIn(page)).status, 'signed-in');
  await page.evaluate(() => portico.signOut());
  await other.goto(`${stage.app}/dashboard`);
  assert.equal(new URL(other.url()).pathname, '/login');
  // Idempotent.
  await page.evaluate(() => portico.signOut());
  assert.deepEqual(visitor.complaints, []);
});
