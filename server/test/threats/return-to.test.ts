import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGES } from '@portico/protocol/routes';
import { safeReturnTo } from '../../src/http/pages/render.ts';
import type { Answered, Browser } from '../browser.ts';
import { OURS, REFUSED } from '../hostile-destinations.ts';
import { inWorld, ORIGIN, PASSWORD, testConfig } from '../world.ts';

/** `returnTo` says where a sign-in leads. Whoever writes the link chooses it, so it may name a path of our own app and nothing else. */

/** Where a browser would go, by the URL standard. */
function destination(answered: Answered): URL {
  const location = String(answered.headers['location']);
  assert.match(location, /^\/(?![/\\])[^\\\u0000-\u001f]*$/, `not one plain path: ${JSON.stringify(location)}`);
  return new URL(location, ORIGIN);
}

test('two hundred and more hostile destinations all lead to the dashboard instead', () => {
  assert.ok(REFUSED.length > 200, String(REFUSED.length));
  const config = testConfig();
  for (const wish of REFUSED) assert.equal(safeReturnTo(config, wish, PAGES.dashboard), PAGES.dashboard, JSON.stringify(wish));
  for (const wish of [undefined, null, 1, {}, ['/a'], ['//evil.example', '/a'], { toString: () => '/a' }, true])
    assert.equal(safeReturnTo(config, wish, PAGES.dashboard), PAGES.dashboard, JSON.stringify(wish));
  for (const wish of OURS) {
    const path = safeReturnTo(config, wish, '');
    assert.match(path, /^\/(?![/\\])/, wish);
    assert.equal(new URL(path, ORIGIN).origin, ORIGIN, wish);
  }
});

async function formTokenOf(browser: Browser, path: string): Promise<string> {
  const page = await browser.send('GET', path, undefined, { headers: { accept: 'text/html' } });
  return /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
}

inWorld('somebody who is signed in already is sent to our own pages only, by GET on every page that takes a destination', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  for (const wish of REFUSED.filter((_, n) => n % 4 === 0)) {
    for (const page of [PAGES.signIn, PAGES.signUp, PAGES.verifySignIn]) {
      const answered = await browser.send('GET', `${page}?returnTo=${encodeURIComponent(wish)}`, undefined, {
        headers: { accept: 'text/html' },
      });
      assert.equal(answered.status, 303);
      assert.equal(destination(answered).href, `${ORIGIN}${PAGES.dashboard}`, `${page} with ${JSON.stringify(wish)}`);
    }
  }
  const twice = await browser.send('GET', `${PAGES.signIn}?returnTo=/a&returnTo=//evil.example`);
  assert.equal(destination(twice).pathname, PAGES.dashboard);
  const deep = await browser.send('GET', `${PAGES.signIn}?returnTo=${encodeURIComponent('/dashboard?notice=password_changed')}`);
  assert.equal(deep.headers['location'], '/dashboard?notice=password_changed');
});

inWorld(
  'the forms of sign-in, sign-up and code lead to our own pages only, and the field that carries the destination is clean',
  async (world) => {
    await world.signedUp('ada@example.com');
    const some = REFUSED.filter((_, n) => n % 15 === 0);
    for (const wish of some) {
      const browser = world.browser();
      const shown = await browser.send('GET', `${PAGES.signIn}?returnTo=${encodeURIComponent(wish)}`, undefined, {
        headers: { accept: 'text/html' },
      });
      assert.ok(!shown.text.includes('evil.example'), wish);
      const form_token = /name="form_token" value="([^"]+)"/.exec(shown.text)?.[1] ?? '';
      const answered = await browser.submit(PAGES.signIn, {
        form_token,
        email: 'ada@example.com',
        password: PASSWORD,
        keep: 'on',
        returnTo: wish,
      });
      assert.equal(answered.status, 303, answered.text.slice(0, 200));
      assert.equal(destination(answered).href, `${ORIGIN}${PAGES.dashboard}`, wish);
    }
    for (const [n, wish] of some.filter((_, at) => at % 4 === 0).entries()) {
      const browser = world.browser();
      const email = `n${n}@example.com`;
      const begun = await browser.submit(PAGES.signUp, {
        form_token: await formTokenOf(browser, PAGES.signUp),
        email,
        password: PASSWORD,
        displayName: '',
        returnTo: wish,
      });
      assert.equal(destination(begun).href, `${ORIGIN}${PAGES.verifySignIn}`, wish);
      const done = await browser.submit(PAGES.verifySignIn, {
        form_token: await formTokenOf(browser, PAGES.verifySignIn),
        securityCode: await world.codeFor(email),
        returnTo: wish,
      });
      assert.equal(done.status, 303, done.text.slice(0, 200));
      assert.equal(destination(done).href, `${ORIGIN}${PAGES.dashboard}`, wish);
    }
  },
);

inWorld('no other page is sent anywhere by its address: error, log-out and landing page take no destination', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const names = ['returnTo', 'redirect', 'redirect_uri', 'url', 'next', 'continue', 'post_logout_redirect_uri', 'target', 'to'];
  const query = names.map((name) => `${name}=${encodeURIComponent('https://evil.example')}`).join('&');
  for (const page of [PAGES.landing, PAGES.error, PAGES.signOut, PAGES.dashboard, '/.well-known/change-password']) {
    const answered = await browser.send('GET', `${page}?${query}`, undefined, { headers: { accept: 'text/html' } });
    assert.ok(!String(answered.headers['location'] ?? '').includes('evil.example'), page);
    assert.ok(!answered.text.includes('evil.example'), page);
  }
  const out = await browser.submit(`${PAGES.signOut}?${query}`, { csrf_token: browser.csrf, returnTo: 'https://evil.example' });
  assert.equal(destination(out).pathname, PAGES.signIn);
});
