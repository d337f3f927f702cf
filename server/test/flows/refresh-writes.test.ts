import assert from 'node:assert/strict';
import { type Attempts, attemptFor, refreshHonestly } from '../attempts.ts';
import { everything, familyOf, refreshByBody, withNative } from '../families.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { DAY, HOUR, inWorld, MINUTE } from '../world.ts';

/** What a refresh costs: one write when it rotates, none otherwise. */

const PAGE = { headers: { accept: 'text/html' } };

inTappedWorld('a refresh is one write and one read, for our own cookie and for another client', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  tap.forget();
  await browser.refresh();
  assert.equal(tap.writes(), 1);
  assert.equal(tap.statements().length, 2);
  tap.forget();
  await refreshByBody(world, native, 'space-snake', `0.${'A'.repeat(22)}`);
  assert.equal(tap.writes(), 1);
});

inTappedWorld('replays, retries, refusals and peeks write nothing at all', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const old = browser.copy();
  const attempt = attemptFor(attempts, browser);
  await browser.refresh({ attempt });
  const before = await everything(world);
  tap.forget();
  for (let n = 0; n < 3; n += 1) assert.equal((await old.refresh({ attempt, lose: true })).body['kind'], 'replayed');
  assert.equal((await browser.refresh({ attempt })).body.error, 'retry');
  assert.equal((await old.refresh({ attempt: null })).body.error, 'retry');
  for (const jar of [browser, old]) {
    assert.equal((await jar.call('session')).status, 200);
    for (const page of ['/', '/dashboard', '/login', '/logout']) await jar.send('GET', page, undefined, PAGE);
  }
  assert.equal(tap.writes(), 0);
  assert.deepEqual(await everything(world), before);

  // Held and ended sessions cost no more than a look either.
  await old.refresh();
  const held = await everything(world);
  tap.forget();
  for (const jar of [browser, old]) {
    assert.equal((await jar.refresh()).body.error, 'session_held');
    assert.deepEqual((await jar.call('session')).body, { status: 'HELD' });
  }
  assert.equal(tap.writes(), 0);
  assert.deepEqual(await everything(world), held);
});

inTappedWorld('twenty pages rendered at once with one cookie rotate nothing, slide nothing, and keep their user', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  world.clock.advance(DAY);
  const before = await familyOf(world, browser);
  tap.forget();
  const pages = await Promise.all(Array.from({ length: 20 }, () => browser.send('GET', '/dashboard', undefined, PAGE)));
  for (const page of pages) {
    assert.equal(page.status, 200);
    assert.match(page.text, /ada@example\.com/);
    assert.deepEqual(page.setCookies, []);
  }
  assert.equal(tap.writes(), 0);
  assert.deepEqual(await familyOf(world, browser), before);
});

inTappedWorld(
  'a fan-out that began before a rotation is served for two minutes, then asked to refresh, and never holds',
  async (world, tap) => {
    const browser = await world.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    const old = browser.copy();
    await refreshHonestly(browser, attempts);
    tap.forget();
    world.clock.advance(2 * MINUTE - 1);
    const served = await Promise.all(Array.from({ length: 20 }, () => old.call('session')));
    assert.deepEqual(new Set(served.map((answer) => answer.body['status'])), new Set(['VERIFIED']));
    world.clock.advance(1);
    const late = await Promise.all(Array.from({ length: 20 }, () => old.call('session')));
    assert.deepEqual(new Set(late.map((answer) => answer.body.error)), new Set(['retry']));
    world.clock.advance(DAY);
    assert.equal((await old.call('session')).body.error, 'retry');
    assert.equal(tap.writes(), 0);
    assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'rotated');
  },
);

inWorld('an eager page that extends softly every three minutes moves the idle end once an hour', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const start = world.clock.now();
  const ends = new Set<number>();
  for (let minute = 3; minute <= 180; minute += 3) {
    world.clock.advance(3 * MINUTE);
    assert.equal((await browser.call('extendSoft')).status, 204);
    ends.add((await familyOf(world, browser)).idleAt - world.deps.config.sessionIdle - start);
  }
  assert.deepEqual([...ends], [0, HOUR, 2 * HOUR, 3 * HOUR]);
  assert.equal((await familyOf(world, browser)).gen, 0);
});
