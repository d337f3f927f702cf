import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import type { Answered, Browser } from '../browser.ts';
import { claimsOf, familyOf, refreshByBody, sessionOf, withNative } from '../families.ts';
import { DAY, HOUR, inWorld, MINUTE, type World } from '../world.ts';

/** When a sign-in ends by itself: idle, absolute, and with the browser. */

const FORTNIGHT = { config: { sessionIdle: 14 * DAY } };

/** The Max-Age of the refresh cookie that an answer sets, in milliseconds. */
function ageSet(answer: Answered): number {
  const line = answer.setCookies.find((cookie) => cookie.startsWith(`${COOKIES.refresh}=`)) ?? '';
  return Number(/Max-Age=(\d+)/.exec(line)?.[1]) * 1000;
}

/** The cookie as a client that does not keep to Max-Age would still send it. */
function overstay(browser: Browser, token: string): void {
  browser.jar.set(COOKIES.refresh, { value: token, endsAt: null });
}

async function assertOver(world: World, browser: Browser, token: string): Promise<void> {
  overstay(browser, token);
  const gen = (await familyOf(world, token)).gen;
  const answer = await browser.refresh({ attempt: browser.newAttempt(gen) });
  assert.equal(answer.body.error, 'session_ended', answer.text);
  assert.deepEqual(answer.setCookies, []);
  assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
  assert.equal((await browser.call('extendSoft')).body.error, 'session_ended');
  assert.equal((await familyOf(world, token)).gen, gen);
}

inWorld('a browser that was away for 29 days is still signed in', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  world.clock.advance(29 * DAY);
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  const answer = await browser.refresh();
  assert.equal(answer.body['kind'], 'rotated', answer.text);
  assert.equal((await browser.call('me')).status, 200);
  assert.equal(ageSet(answer), DAY, 'the cookie ends with the session');
});

inWorld(
  'with an idle limit of 14 days a browser that was away for 15 is signed out, and its cookie went a day before',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const token = browser.refreshToken;
    world.clock.advance(14 * DAY - 1);
    assert.equal((await browser.copy().call('session')).body['status'], 'VERIFIED');
    world.clock.advance(DAY + 1);
    assert.equal(browser.refreshToken, '');
    assert.equal((await browser.refresh()).body.error, 'refresh_invalid');
    await assertOver(world, browser, token);
  },
  FORTNIGHT,
);

inWorld(
  'unless extend-auth-soft ran on day 13: then it is signed in on day 15 and until day 27',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const token = browser.refreshToken;
    world.clock.advance(13 * DAY);
    const extended = await browser.call('extendSoft');
    assert.equal(extended.status, 204);
    assert.equal(ageSet(extended), 14 * DAY);
    world.clock.advance(2 * DAY);
    assert.equal((await browser.copy().refresh()).body['kind'], 'rotated');
    assert.equal((await familyOf(world, token)).gen, 1);
  },
  FORTNIGHT,
);

inWorld(
  'every refresh moves the idle end, the last of them is what counts, and idle is for ever',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    for (let use = 0; use < 2; use += 1) {
      world.clock.advance(13 * DAY);
      assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'rotated');
      await browser.call('session');
    }
    assert.equal((await familyOf(world, browser)).idleAt, world.clock.now() + 14 * DAY);
    world.clock.advance(4 * DAY - HOUR);
    assert.equal(ageSet(await refreshHonestly(browser, attempts)), HOUR);

    const idle = await world.signedUp('bob@example.com');
    const token = idle.refreshToken;
    world.clock.advance(14 * DAY);
    await assertOver(world, idle, token);
  },
  FORTNIGHT,
);

inWorld(
  'a site that idles alone is ended, while the session and its other clients live on',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const native = await withNative(world, browser);
    const attempts: Attempts = new Map();
    world.clock.advance(13 * DAY);
    await refreshHonestly(browser, attempts);
    world.clock.advance(DAY);
    assert.equal((await refreshByBody(world, native, 'space-snake')).body.error, 'session_ended');
    assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'rotated');
  },
  FORTNIGHT,
);

inWorld(
  'nothing passes the absolute end: not daily refreshes, not extend-auth, not a token, not a cookie, not another client',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const native = await withNative(world, browser);
    const { expiresAt } = await sessionOf(world, browser);
    assert.equal(expiresAt, world.clock.now() + 30 * DAY);
    const attempts: Attempts = new Map();
    const check = (answer: Answered) => {
      assert.ok(answer.status === 200 || answer.status === 204, answer.text);
      assert.ok(ageSet(answer) <= expiresAt - world.clock.now(), 'the cookie ends with the session');
      if (answer.status === 204) return;
      assert.ok(claimsOf(answer.body['accessToken']).exp * 1000 <= expiresAt);
      assert.ok(world.clock.now() + Number(answer.body['expiresIn']) * 1000 <= expiresAt);
      assert.equal(answer.body['expiresAt'], expiresAt);
    };
    let game = native;
    for (let day = 1; day < 30; day += 1) {
      world.clock.advance(DAY);
      check(await refreshHonestly(browser, attempts));
      if (day % 7 === 0) check(await browser.act('extendHard'));
      check(await browser.call('extendSoft'));
      const played = await refreshByBody(world, game, 'space-snake');
      game = String(played.body['refreshToken']);
      assert.equal(played.body['expiresAt'], expiresAt);
    }
    world.clock.advance(DAY - 2 * MINUTE);
    const last = await refreshHonestly(browser, attempts);
    check(last);
    assert.equal(last.body['expiresIn'], 120, 'the last access token is cut short');
    check(await browser.call('extendSoft'));
    const token = browser.refreshToken;
    world.clock.advance(2 * MINUTE);
    assert.equal(browser.refreshToken, '');
    await assertOver(world, browser, token);
    assert.equal((await refreshByBody(world, game, 'space-snake')).body.error, 'session_ended');
    const bearer = { headers: { authorization: `Bearer ${String(last.body['accessToken'])}` } };
    assert.equal((await world.browser().call('me', undefined, bearer)).body.error, 'signed_out');
  },
);

inWorld('without "keep me signed in": 12 hours, cookies without Max-Age, no device cookie, gone with the browser', async (world) => {
  const browser = world.browser();
  await browser.call('signUp', { email: 'ada@example.com', password: 'correct horse battery staple', keep: false });
  const entered = await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  const session = await sessionOf(world, browser);
  assert.equal(session.expiresAt, world.clock.now() + 12 * HOUR);
  assert.equal((await familyOf(world, browser)).expiresAt, session.expiresAt);
  const noAge = (answer: Answered) => {
    const lines = answer.setCookies.filter((line) => !line.startsWith(`${COOKIES.waiting}=;`));
    assert.ok(lines.length >= 3);
    for (const line of lines) assert.doesNotMatch(line, /Max-Age|Expires/i);
    assert.ok(!lines.some((line) => line.startsWith(COOKIES.device)));
  };
  noAge(entered);
  noAge(await browser.refresh());
  noAge(await browser.call('extendSoft'));
  noAge(await browser.act('extendHard'));
  noAge(await browser.copy().signIn('ada@example.com', 'correct horse battery staple', { keep: false }));
  const fresh = world.browser();
  noAge(await fresh.signIn('ada@example.com', 'correct horse battery staple', { keep: false }));
  assert.equal(fresh.cookie(COOKIES.device), undefined);

  const token = fresh.refreshToken;
  world.clock.advance(12 * HOUR - 1);
  assert.equal((await fresh.copy().call('session')).body['status'], 'VERIFIED');
  world.clock.advance(1);
  await assertOver(world, fresh, token);
  const closed = world.browser();
  await closed.signIn('ada@example.com', 'correct horse battery staple', { keep: false });
  closed.restart();
  assert.equal(closed.refreshToken, '');
  assert.deepEqual((await closed.call('session')).body, { status: 'SIGNED_OUT' });
});

inWorld(
  'a shorter session life also shortens a session without "keep me signed in"',
  async (world) => {
    const browser = await world.signedUp('ada@example.com', { keep: false });
    assert.equal((await sessionOf(world, browser)).expiresAt, world.clock.now() + HOUR);
  },
  { config: { sessionLife: HOUR } },
);
