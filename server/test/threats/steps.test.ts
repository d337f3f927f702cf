import assert from 'node:assert/strict';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PREFIX, authPath, fillPath, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import type { Browser } from '../browser.ts';
import { HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** No step of a sign-up or sign-in can be left out, sent empty, or taken before its turn. */

const EMPTY = [
  '',
  '{}',
  'null',
  '[]',
  '{"securityCode":null}',
  '{"securityCode":""}',
  '{"securityCode":[]}',
  '{"status":"VERIFIED","verified":true}',
];
const FORMS = [PAGES.signIn, PAGES.signUp, PAGES.verifySignIn, PAGES.signOut, ...Object.values(PAGE_FORMS)];

async function openSessions(world: World): Promise<number> {
  return (await world.deps.db.all("select id from sessions where state = 'active'")).length;
}

async function waitingBrowser(world: World, email: string): Promise<Browser> {
  const browser = world.browser();
  assert.equal((await browser.call('signUp', { email, password: PASSWORD })).status, 200);
  return browser;
}

async function heldBrowser(world: World, email: string): Promise<Browser> {
  const owner = await world.signedUp(email);
  await owner.copy().refresh();
  assert.equal((await owner.refresh()).body.error, 'session_held');
  return owner;
}

async function formTokenOf(browser: Browser): Promise<string> {
  const page = await browser.send('GET', PAGES.verifySignIn, undefined, { headers: { accept: 'text/html' } });
  const signIn = page.status === 200 ? page : await browser.send('GET', PAGES.signIn, undefined, { headers: { accept: 'text/html' } });
  return /name="form_token" value="([^"]+)"/.exec(signIn.text)?.[1] ?? '';
}

/** No session more, no cookie of a sign-in, no word about anybody. */
async function requireNobodySignedIn(
  world: World,
  before: number,
  browser: Browser,
  answered: { text: string },
  what: string,
): Promise<void> {
  assert.equal(await openSessions(world), before, what);
  assert.equal(browser.cookie(COOKIES.access), undefined, what);
  assert.ok(!answered.text.includes('accessToken'), what);
}

inWorld('an empty, null or strange body on any step opens no session, for a stranger, a waiting and a held browser', async (world) => {
  for (const [n, { method, path }] of AUTH_ROUTES.filter((route) => route.method !== 'GET').entries()) {
    const browsers = { stranger: world.browser(), waiting: await waitingBrowser(world, `w${n}@example.com`) };
    for (const [kind, browser] of Object.entries(browsers)) {
      for (const body of EMPTY) {
        const before = await openSessions(world);
        const url = AUTH_PREFIX + fillPath(path, { authProvider: 'credential', id: 'A'.repeat(22) });
        const answered = await browser.send(method, url, body, { headers: { 'content-type': 'application/json' } });
        await requireNobodySignedIn(world, before, browser, answered, `${kind}: ${method} ${path} with ${body}`);
      }
    }
  }
  const held = await heldBrowser(world, 'held@example.com');
  held.jar.delete(COOKIES.access);
  for (const body of EMPTY) {
    for (const call of ['verifySignIn', 'refresh', 'extendSoft', 'extendHard'] as const) {
      const before = await openSessions(world);
      const url = authPath(call);
      const answered = await held.send('POST', url, body, { headers: { 'content-type': 'application/json', [HEADERS.csrf]: held.csrf } });
      await requireNobodySignedIn(world, before, held, answered, `held: ${call} with ${body}`);
    }
  }
});

inWorld('an empty form on any page opens no session', async (world) => {
  for (const [n, path] of FORMS.entries()) {
    for (const browser of [world.browser(), await waitingBrowser(world, `f${n}@example.com`)]) {
      for (const fields of [{}, { form_token: await formTokenOf(browser) }, { form_token: '', securityCode: '' }]) {
        const before = await openSessions(world);
        const answered = await browser.submit(path, fields);
        await requireNobodySignedIn(world, before, browser, answered, `${path} with ${JSON.stringify(fields)}`);
      }
    }
  }
});

inWorld(
  'a later step first: a code without a sign-up, a dashboard without a code, a refresh with the cookie of a waiting sign-up',
  async (world) => {
    await world.signedUp('ada@example.com');
    const stranger = world.browser();
    assert.equal((await stranger.call('verifySignIn', { securityCode: '12345678' })).body.error, 'code_expired');
    assert.equal((await stranger.call('resendCode')).body.error, 'code_expired');
    const waiting = await waitingBrowser(world, 'bob@example.com');
    const value = waiting.cookie(COOKIES.waiting) ?? '';
    const page = await waiting.send('GET', PAGES.dashboard, undefined, { headers: { accept: 'text/html' } });
    assert.deepEqual([page.status, page.headers['location']], [303, PAGES.verifySignIn]);
    // The waiting cookie is a different thing: under no other name is it worth anything.
    for (const name of [COOKIES.refresh, COOKIES.access, COOKIES.device, COOKIES.csrf]) {
      const other = world.browser();
      other.jar.set(name, { value, endsAt: null });
      assert.equal((await other.call('me', undefined, { headers: { authorization: `Bearer ${value}` } })).body.error, 'signed_out');
      assert.equal((await other.refresh()).body.error, 'refresh_invalid');
      assert.deepEqual((await other.call('session')).body, { status: 'SIGNED_OUT' });
    }
    assert.equal(
      (await waiting.signIn('bob@example.com', PASSWORD)).body.error,
      'wrong_credentials',
      'the right password is not enough yet',
    );
    assert.equal((await waiting.refresh()).body.error, 'refresh_invalid');
    assert.equal(await openSessions(world), 1);
  },
);

inWorld('two tabs: the second sign-up takes the first one’s place, and each code opens its own sign-up only', async (world) => {
  const browser = await waitingBrowser(world, 'first@example.com');
  const first = await world.codeFor('first@example.com');
  assert.equal((await browser.call('signUp', { email: 'second@example.com', password: PASSWORD })).status, 200);
  const second = await world.codeFor('second@example.com');
  if (first !== second) assert.equal((await browser.call('verifySignIn', { securityCode: first })).body.error, 'wrong_code');
  assert.equal((await browser.call('verifySignIn', { securityCode: second })).body['status'], 'VERIFIED');
  assert.equal((await browser.call('me')).body['email'], 'second@example.com');
  assert.equal((await browser.call('verifySignIn', { securityCode: first })).body.error, 'code_expired');
});

inWorld('a code that was used, that is ten minutes old, or whose sign-up is twelve hours old opens nothing', async (world) => {
  const browser = await waitingBrowser(world, 'ada@example.com');
  const code = await world.codeFor('ada@example.com');
  const copy = browser.copy();
  assert.equal((await browser.call('verifySignIn', { securityCode: code })).status, 200);
  assert.equal((await copy.call('verifySignIn', { securityCode: code })).body.error, 'code_expired', 'used');
  assert.deepEqual((await copy.call('session')).body, { status: 'SIGNED_OUT' }, 'the waiting cookie died with it');

  const slow = await waitingBrowser(world, 'bob@example.com');
  const late = await world.codeFor('bob@example.com');
  world.clock.advance(10 * MINUTE);
  assert.equal((await slow.call('verifySignIn', { securityCode: late })).body.error, 'code_expired', 'ten minutes old');
  world.clock.advance(12 * HOUR - 11 * MINUTE);
  assert.equal((await slow.call('resendCode')).status, 200);
  const last = await world.codeFor('bob@example.com');
  world.clock.advance(MINUTE);
  slow.jar.set(COOKIES.waiting, { value: slow.jar.get(COOKIES.waiting)?.value ?? '', endsAt: null });
  assert.equal((await slow.call('verifySignIn', { securityCode: last })).body.error, 'code_expired', 'twelve hours waiting');
  assert.equal(await openSessions(world), 1);
});

inWorld('a sign-in form without its token, with the token of another browser, or with one of yesterday signs nobody in', async (world) => {
  await world.signedUp('ada@example.com');
  const [browser, other] = [world.browser(), world.browser()];
  const token = await formTokenOf(browser);
  const foreign = await formTokenOf(other);
  const fields = { email: 'ada@example.com', password: PASSWORD, keep: 'on' };
  const changed = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
  for (const form_token of [undefined, '', foreign, changed, `${token}A`, browser.csrf]) {
    const answered = await browser.submit(PAGES.signIn, { ...fields, ...(form_token === undefined ? {} : { form_token }) });
    assert.equal(answered.status, 403, form_token ?? 'no token');
    assert.equal(browser.cookie(COOKIES.refresh), undefined);
  }
  const stripped = browser.copy();
  stripped.jar.delete(COOKIES.transaction);
  assert.equal((await stripped.submit(PAGES.signIn, { ...fields, form_token: token })).status, 403, 'without the cookie it is bound to');
  const early = browser.copy();
  world.clock.advance(24 * HOUR - 1);
  assert.equal((await early.submit(PAGES.signIn, { ...fields, form_token: token })).status, 303, 'a page left open for a day still works');
  world.clock.advance(1);
  assert.equal((await browser.submit(PAGES.signIn, { ...fields, form_token: token })).status, 403);
});
