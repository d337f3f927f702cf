import assert from 'node:assert/strict';
import { Refusal } from '@portico/protocol/errors';
import { type Attempts, attemptFor, refreshHonestly } from '../attempts.ts';
import { actions, familyOf, snapshotOf } from '../families.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { DAY, HOUR, inWorld, type World } from '../world.ts';

/** Answers, processes and commits that get lost on the way: no honest client pays for it. */

const ROTATION = 'update refresh_tokens set gen';
const unavailable = () => {
  throw new Refusal('unavailable', { retryAfter: 2 });
};

for (const [name, wait] of [
  ['1 second', 1_000],
  ['1 hour', HOUR],
  ['10 days', 10 * DAY],
] as const) {
  inWorld(`a response that was lost is given again to the same attempt after ${name}`, async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const attempt = browser.newAttempt();
    const lost = await browser.refresh({ attempt, lose: true });
    assert.equal(lost.body['kind'], 'rotated');
    world.clock.advance(wait);
    const again = await browser.refresh({ attempt });
    assert.equal(again.body['kind'], 'replayed', again.text);
    assert.equal(again.setCookies[0]?.split(';')[0], lost.setCookies[0]?.split(';')[0]);
    assert.equal((await browser.refresh()).body['kind'], 'rotated');
  });
}

inWorld(
  'a successor that is thrown away where cookies cannot be set costs nothing, with one attempt or with none at all',
  async (world) => {
    const careful = await world.signedUp('ada@example.com');
    const attempt = careful.newAttempt();
    const careless = await world.signedUp('bob@example.com');
    for (const [browser, sent] of [
      [careful, attempt],
      [careless, null],
    ] as const) {
      assert.equal((await browser.refresh({ attempt: sent, lose: true })).body['kind'], 'rotated');
      for (let render = 0; render < 5; render += 1) {
        world.clock.advance(HOUR);
        assert.equal((await browser.refresh({ attempt: sent, lose: true })).body['kind'], 'replayed');
      }
      assert.equal((await familyOf(world, browser)).gen, 1);
      assert.equal((await browser.refresh({ attempt: sent })).status, 200);
      assert.equal((await browser.refresh({ attempt: sent === null ? null : browser.newAttempt() })).body['kind'], 'rotated');
    }
  },
);

inTappedWorld('a server that is killed between the commit and its answer has signed nobody out', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  tap.after(ROTATION, unavailable);
  const broken = await refreshHonestly(browser, attempts);
  assert.equal(broken.status, 503);
  assert.equal((await familyOf(world, browser)).gen, 1);
  world.clock.advance(3 * DAY);
  const again = await refreshHonestly(browser, attempts);
  assert.equal(again.body['kind'], 'replayed', again.text);
  assert.equal(again.body['gen'], 1);
});

inTappedWorld(
  'our own trouble is a 503 with Retry-After that sets no cookie, ends no session and costs no rotation',
  async (world, tap) => {
    const browser = await world.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    const before = await familyOf(world, browser);
    const jar = new Map(browser.jar);
    for (const call of ['refresh', 'session', 'extendSoft', 'me'] as const) {
      tap.before(call === 'refresh' ? ROTATION : 'select', unavailable);
      const answer = call === 'refresh' ? await refreshHonestly(browser, attempts) : await browser.call(call);
      assert.equal(answer.status, 503, call);
      assert.equal(answer.body.error, 'unavailable');
      assert.equal(answer.headers['retry-after'], '2');
      assert.deepEqual(answer.setCookies, []);
    }
    assert.deepEqual(browser.jar, jar);
    assert.deepEqual(await familyOf(world, browser), before);
    assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'rotated');
  },
);

inTappedWorld('an error that nobody foresaw is a 500 and no sign-out either', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  tap.after(ROTATION, () => {
    throw new Error('a defect of our own');
  });
  const broken = await refreshHonestly(browser, attempts);
  assert.equal(broken.status, 500);
  assert.equal(broken.body.error, 'internal');
  assert.doesNotMatch(broken.text, /defect/);
  assert.deepEqual(broken.setCookies, []);
  assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'replayed');
});

inWorld('a client that is killed between receiving and storing comes back with its old token and its stored attempt', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  for (let life = 0; life < 3; life += 1) {
    const lost = await refreshHonestly(browser, attempts, { lose: true });
    assert.equal(lost.status, 200);
    browser.restart();
    world.clock.advance(DAY);
    const back = await refreshHonestly(browser, attempts);
    assert.equal(back.body['gen'], lost.body['gen']);
    assert.equal(back.body['kind'], 'replayed');
  }
});

for (const commits of [1, 2, 3]) {
  inWorld(`a database that lost its last ${commits} commit(s) takes the newer token, and a delayed sibling harms nobody`, async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    const before = await snapshotOf(world, browser);
    for (let rotation = 1; rotation < commits; rotation += 1) await refreshHonestly(browser, attempts);
    // Sent now with the cookie of now; it reaches the server after the fail-over.
    const sibling = browser.copy();
    const siblingAttempt = attemptFor(attempts, sibling);
    await refreshHonestly(browser, attempts);
    const acknowledged = browser.copy();
    await before.restore();

    const answer = await refreshHonestly(browser, attempts);
    assert.equal(answer.body['kind'], 'rotated', answer.text);
    assert.equal(answer.body['gen'], commits + 1);
    assert.ok((await actions(world)).includes('refresh.ahead'));

    const delayed = await sibling.refresh({ attempt: siblingAttempt });
    assert.equal(delayed.body['kind'], 'replayed', delayed.text);
    assert.equal(delayed.body['gen'], commits + 1);
    // The retry of what was acknowledged is still a retry.
    assert.equal((await acknowledged.refresh({ attempt: attemptFor(attempts, acknowledged), lose: true })).body['kind'], 'replayed');
    assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'rotated');
    assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  });

  inWorld(`after ${commits} lost commit(s) the delayed sibling may also come first`, async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    const before = await snapshotOf(world, browser);
    const tokens: string[] = [];
    const siblings = [browser.copy()];
    for (let rotation = 0; rotation < commits; rotation += 1) {
      await refreshHonestly(browser, attempts);
      tokens.push(browser.refreshToken);
      siblings.push(browser.copy());
    }
    await before.restore();
    const sibling = siblings[commits - 1];
    assert.ok(sibling !== undefined);
    const delayed = await sibling.refresh({ attempt: attemptFor(attempts, sibling) });
    // The chain is deterministic: the lost commit is made again, and it is the same one.
    assert.equal(delayed.body['kind'], 'rotated', delayed.text);
    assert.equal(delayed.body['gen'], commits);
    assert.equal((await refreshHonestly(browser, attempts)).body['gen'], commits + 1);
    assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  });
}

/** A browser whose server lost a commit, and whose jar then fell back to before it: nobody knows the attempt of that cookie any more. */
async function strandedBrowser(world: World) {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const before = await snapshotOf(world, browser);
  const fallen = browser.copy();
  await refreshHonestly(browser, attempts);
  await before.restore();
  await refreshHonestly(browser, attempts);
  world.clock.advance(DAY);
  return { fallen, attempts, current: browser };
}

inWorld('a jar that falls back behind lost commits is taken at its word, and stays signed in', async (world) => {
  const { fallen, attempts } = await strandedBrowser(world);
  const attempt = attemptFor(attempts, fallen);
  const served = await fallen.refresh({ attempt, lose: true });
  assert.equal(served.body['kind'], 'replayed', served.text);
  // From now on that attempt is the one: its retry is a retry, and a second holder is a theft.
  assert.equal((await fallen.refresh({ attempt })).body['kind'], 'replayed');
  assert.equal((await fallen.refresh()).body['kind'], 'rotated');
});

inWorld('an old cookie after lost commits is taken at its word by one holder only, even if twenty come at once', async (world) => {
  const { fallen, current } = await strandedBrowser(world);
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const holder = fallen.copy();
      return holder.refresh({ attempt: holder.newAttempt() });
    }),
  );
  const kinds = answers.map(({ body }) => (body['kind'] === 'replayed' ? 'replayed' : body.error));
  assert.equal(kinds.filter((kind) => kind === 'replayed').length, 1, kinds.join());
  assert.equal(kinds.filter((kind) => kind === 'session_held').length, 19, kinds.join());
  assert.equal((await current.refresh()).body.error, 'session_held');
});

inWorld('after a restored backup a token that is seven generations ahead of its row is taken, and its chain goes on', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const backup = await snapshotOf(world, browser);
  for (let rotation = 0; rotation < 7; rotation += 1) await refreshHonestly(browser, attempts);
  world.clock.advance(DAY);
  await backup.restore();
  // Rendered pages wait for the refresh; nothing is held.
  assert.equal((await browser.call('session')).body.error, 'retry');
  const tabs = await Promise.all([refreshHonestly(browser, attempts), refreshHonestly(browser, attempts)]);
  assert.deepEqual(
    tabs.map((answer) => answer.body['gen']),
    [8, 8],
  );
  assert.deepEqual(tabs.map((answer) => String(answer.body['kind'])).sort(), ['replayed', 'rotated']);
  assert.equal((await actions(world)).filter((action) => action === 'refresh.ahead').length, 1);
  assert.equal((await refreshHonestly(browser, attempts)).body['gen'], 9);
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});
