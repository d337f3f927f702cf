import assert from 'node:assert/strict';
import { type Attempts, attemptFor, refreshHonestly } from '../attempts.ts';
import type { Answered, Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { familyOf } from '../families.ts';
import { DAY, inWorld, MINUTE } from '../world.ts';

/** Honest users with more than one tab, and cookies that arrive late or in the wrong order: nobody is signed out. */

/** The refresh token that an answer carries, as its cookie line spells it. */
function tokenIn(answer: Answered): string {
  return /portico_rt=([^;]+)/.exec(answer.setCookies.join('\n'))?.[1] ?? '';
}

async function stillSignedIn(browser: Browser): Promise<void> {
  const session = await browser.call('session');
  assert.equal(session.body['status'], 'VERIFIED', session.text);
}

inWorld('two tabs that refresh at once get the same successor, and both stay signed in', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempt = browser.newAttempt();
  const [first, second] = await Promise.all([browser.refresh({ attempt }), browser.refresh({ attempt })]);
  assert.deepEqual([String(first.body['kind']), String(second.body['kind'])].sort(), ['replayed', 'rotated']);
  assert.equal(tokenIn(first), tokenIn(second));
  assert.equal(browser.gen, 1);
  await stillSignedIn(browser);
});

inWorld('three tabs that refresh one after the other with the same old cookie all get the same successor', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const attempt = attemptFor(attempts, browser);
  const [second, third] = [browser.copy(), browser.copy()];
  const answers = [await browser.refresh({ attempt })];
  for (const tab of [second, third]) {
    world.clock.advance(20_000);
    answers.push(await tab.refresh({ attempt }));
  }
  assert.deepEqual(
    answers.map((answer) => answer.body['kind']),
    ['rotated', 'replayed', 'replayed'],
  );
  assert.equal(new Set(answers.map(tokenIn)).size, 1);
  assert.equal((await refreshHonestly(browser, attempts)).body['gen'], 2);
});

inWorld('fifty parallel refreshes of one token are fifty answers of 200 and one successor', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  for (let round = 0; round < rounds(1, 20); round += 1) {
    const attempt = browser.newAttempt();
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.refresh({ attempt })));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
    assert.equal(answers.filter((answer) => answer.body['kind'] === 'rotated').length, 1);
    assert.equal(new Set(answers.map(tokenIn)).size, 1);
    assert.equal((await familyOf(world, browser)).gen, round + 1);
  }
});

inWorld('the loser of a race is shown the dashboard and never the sign-in page', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const loser = browser.copy();
  await browser.refresh();
  // One generation behind: the page is rendered, with the user in it.
  const behind = await loser.send('GET', '/dashboard', undefined, { headers: { accept: 'text/html' } });
  assert.equal(behind.status, 200);
  assert.match(behind.text, /ada@example\.com/);
  // Two behind, or long ago: the page refreshes by itself; it is not sent away and learns nothing.
  await browser.refresh();
  const far = await loser.send('GET', '/dashboard', undefined, { headers: { accept: 'text/html' } });
  assert.equal(far.status, 200);
  assert.doesNotMatch(far.text, /ada@example\.com/);
  assert.equal((await loser.call('session')).body.error, 'retry');
  await stillSignedIn(browser);
});

inWorld('eight windows that wake from sleep at once stay signed in with one rotation', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  await refreshHonestly(browser, attempts);
  world.clock.advance(3 * DAY);
  const answers = await Promise.all(Array.from({ length: 8 }, () => refreshHonestly(browser, attempts)));
  assert.deepEqual(
    answers.map((answer) => answer.body['gen']),
    Array.from({ length: 8 }, () => 2),
  );
  // The slow ones ask again a minute later, with the cookie that is there by then.
  world.clock.advance(MINUTE);
  for (let window = 0; window < 8; window += 1) assert.equal((await refreshHonestly(browser, attempts)).status, 200);
  await stillSignedIn(browser);
});

inWorld('a browser that restarts and restores twenty tabs is signed in in each of them', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  await refreshHonestly(browser, attempts);
  world.clock.advance(2 * DAY);
  browser.restart();
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, tab) =>
      tab % 2 === 0
        ? refreshHonestly(browser, attempts)
        : browser.send('GET', '/dashboard', undefined, { headers: { accept: 'text/html' } }),
    ),
  );
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
  await stillSignedIn(browser);
});

inWorld('answers that arrive in the other order leave an older cookie behind, and it still refreshes', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const late = await browser.refresh({ attempt: attemptFor(attempts, browser), lose: true });
  await refreshHonestly(browser, attempts);
  await refreshHonestly(browser, attempts);
  assert.equal(browser.gen, 2);
  browser.receive(late);
  assert.equal(browser.gen, 1);
  const answer = await refreshHonestly(browser, attempts);
  assert.equal(answer.body['kind'], 'replayed');
  assert.equal(answer.body['gen'], 2);
});

inWorld('a late Set-Cookie and then ten days of sleep sign nobody out', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const late = await browser.refresh({ attempt: attemptFor(attempts, browser), lose: true });
  for (let rotation = 0; rotation < 4; rotation += 1) await refreshHonestly(browser, attempts);
  assert.equal(browser.gen, 4);
  browser.receive(late);
  world.clock.advance(10 * DAY);
  const answer = await refreshHonestly(browser, attempts);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body['gen'], 4);
  await stillSignedIn(browser);
});

inWorld('a cookie jar that falls back by one to four generations is healed by its stored attempts, however late', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const jars: Browser[] = [];
  for (let rotation = 0; rotation < 4; rotation += 1) {
    jars.push(browser.copy());
    await refreshHonestly(browser, attempts);
  }
  world.clock.advance(DAY);
  for (const [gen, jar] of jars.entries()) {
    const answer = await jar.refresh({ attempt: attemptFor(attempts, jar) });
    assert.equal(answer.body['kind'], 'replayed', `from generation ${gen}: ${answer.text}`);
    assert.equal(jar.refreshToken, browser.refreshToken);
  }
});

inWorld('a grand-parent token is a retry with its own attempt and a theft with another', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const grandParent = browser.copy();
  await refreshHonestly(browser, attempts);
  await refreshHonestly(browser, attempts);
  assert.equal((await grandParent.refresh({ attempt: attemptFor(attempts, grandParent, 0), lose: true })).body['kind'], 'replayed');
  await stillSignedIn(browser);
  assert.equal((await grandParent.refresh()).body.error, 'session_held');
});

inWorld('a grand-parent token whose first word is an attempt of its own is a theft at once', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const grandParent = browser.copy();
  await browser.refresh();
  await browser.refresh();
  assert.equal((await grandParent.refresh()).body.error, 'session_held');
});

inWorld('five generations back is a burst while the token is young, and a theft when it is not', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const old = browser.copy();
  for (let rotation = 0; rotation < 5; rotation += 1) await refreshHonestly(browser, attempts);
  world.clock.advance(119_000);
  assert.equal((await old.refresh({ attempt: attemptFor(attempts, old, 0) })).body.error, 'retry');
  await stillSignedIn(browser);
  world.clock.advance(1_000);
  assert.equal((await old.refresh({ attempt: attemptFor(attempts, old, 0) })).body.error, 'session_held');
});

inWorld('a tab that read generation g while the cookie became g+1 is told to read again, and nothing changes', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const read = attemptFor(attempts, browser);
  await refreshHonestly(browser, attempts);
  const before = await familyOf(world, browser);
  const answer = await browser.refresh({ attempt: read });
  assert.equal(answer.body.error, 'retry');
  assert.equal(answer.headers['retry-after'], '1');
  assert.deepEqual(answer.setCookies, []);
  assert.deepEqual(await familyOf(world, browser), before);
  assert.equal((await refreshHonestly(browser, attempts)).body['gen'], 2);
});

inWorld('ten rotations in the same millisecond are ten generations with ten different tokens', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const tokens = [browser.refreshToken];
  for (let rotation = 1; rotation <= 10; rotation += 1) {
    const answer = await refreshHonestly(browser, attempts);
    assert.equal(answer.body['kind'], 'rotated');
    assert.equal(answer.body['gen'], rotation);
    tokens.push(browser.refreshToken);
  }
  assert.equal(new Set(tokens).size, 11);
});
