import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../../src/caller.ts';
import { clearTries } from '../../src/guessing/counter.ts';
import { judgeGuess } from '../../src/guessing/guard-guess.ts';
import { letNetworkIn } from '../../src/guessing/let-in.ts';
import { GUESS_NETWORK, SIGN_IN_STRANGERS, WRONG_NETWORK } from '../../src/guessing/limits.ts';
import type { Database } from '../../src/platform/db.ts';
import { silentLog } from '../../src/platform/log.ts';
import { BELIEVED_FOR, createReachedLimits } from '../../src/platform/reached-limits.ts';
import { openRedis, type Redis } from '../../src/platform/redis.ts';
import { forEachDatabase } from '../databases.ts';
import { startRedis } from '../redis.ts';
import { tapDatabase } from '../tapped-db.ts';
import { type Clock, heldClock, ORIGIN, openWorld, PASSWORD, type World } from '../world.ts';

/** A counter that is over its limit is refused from a copy; what the database says counts, within a second, at every node. */

const WRONG = 'not the password of anybody';
const ADDRESS = '203.0.113.7';
const FROM = { requestId: 'test', address: '', userAgent: '' };

async function openNode(t: TestContext, db: Database, clock: Clock, redis: Redis | null): Promise<World & { asked(): number }> {
  const { db: tapped, tap } = tapDatabase(db);
  const reached = createReachedLimits(redis === null ? null : { redis, origin: ORIGIN }, clock.now);
  const world = await openWorld(tapped, { clock, deps: { reached } });
  t.after(() => world.close());
  return { ...world, asked: () => tap.statements().filter((sql) => /\b(?:counters|suspensions|allowed_networks)\b/.test(sql)).length };
}

const guess = (world: World, email: string, address = ADDRESS) => world.browser({ address }).signIn(email, WRONG);

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 30_000; !(await done()); await sleep(20)) assert.ok(performance.now() < deadline, what);
}

forEachDatabase('a flood on an account that is over its limit asks the database a few times, and not once a try', async (open, t) => {
  const db = await open();
  const world = await openNode(t, db, heldClock(), null);
  await Promise.all(Array.from({ length: SIGN_IN_STRANGERS.max }, (_, n) => guess(world, 'ada@example.com', `203.0.${n}.1`)));
  assert.equal((await guess(world, 'ada@example.com', '203.0.99.1')).body.error, 'account_throttled');
  const before = world.asked();
  // One by one, so that each finds what the one before has learned; of another address each, so that only the account's counter stands before it.
  const tries = 40;
  for (let n = 0; n < tries; n += 1) {
    const refused = await guess(world, 'ada@example.com', '203.0.98.1');
    assert.deepEqual([refused.status, refused.body.error], [429, 'account_throttled']);
    assert.ok(Number(refused.headers['retry-after']) > 1);
  }
  const asked = world.asked() - before;
  t.diagnostic(`${asked} questions for ${tries} refused tries`);
  // The networks of whoever floods are counted; the account is asked for once a second, and on a busy machine a try may take a while.
  assert.ok(asked < 3.6 * tries, `${asked}`);
});

forEachDatabase('a suspended network is refused from memory, and let in within a second at a node that was not told', async (open, t) => {
  const db = await open();
  const clock = heldClock();
  const [here, there] = [await openNode(t, db, clock, null), await openNode(t, db, clock, null)];
  await here.signedUp('ada@example.com');
  for (let n = 0; n < WRONG_NETWORK.max; n += 1) await guess(here, `nobody${n}@example.com`);
  for (const node of [here, there]) assert.equal((await guess(node, 'x@example.com')).body.error, 'address_suspended');
  const before = here.asked();
  const tries = 40;
  for (let n = 0; n < tries; n += 1) assert.equal((await guess(here, 'x@example.com')).status, 429);
  t.diagnostic(`${here.asked() - before} statements for ${tries} refused tries`);
  assert.ok(here.asked() - before < tries, `${here.asked() - before}`);
  await letNetworkIn(here.deps, FROM, ADDRESS);
  assert.equal((await here.browser({ address: ADDRESS }).signIn('ada@example.com', PASSWORD)).status, 200, 'at once where it was lifted');
  await until('the other node still refuses', async () => (await guess(there, 'x@example.com')).body.error === 'wrong_credentials');
});

forEachDatabase(
  'of sixty right passwords at once behind one address nobody is kept out for long: honest tries are taken back',
  async (open, t) => {
    const world = await openNode(t, await open(), heldClock(), null);
    const caller = { ...FROM, address: ADDRESS, network: ADDRESS } as Caller;
    const right = () =>
      judgeGuess(world.deps, caller, { what: 'password', account: null, known: false }, async () => ({ verdict: 'right' as const }));
    const outcomes = await Promise.allSettled(Array.from({ length: GUESS_NETWORK.max + 10 }, right));
    assert.ok(outcomes.filter(({ status }) => status === 'fulfilled').length >= GUESS_NETWORK.max);
    await until('kept out', async () =>
      right().then(
        () => true,
        () => false,
      ),
    );
  },
);

forEachDatabase('with Redis one node’s refusal is the other’s, for a second; emptied or frozen it changes no answer', async (open, t) => {
  const server = await startRedis(t);
  if (server === null) return;
  const db = await open();
  const clock = heldClock();
  const [first, second] = [await openRedis(server.url, silentLog), await openRedis(server.url, silentLog)];
  t.after(() => {
    first.close();
    second.close();
  });
  const [here, there] = [
    createReachedLimits({ redis: first, origin: ORIGIN }, clock.now),
    createReachedLimits({ redis: second, origin: ORIGIN }, clock.now),
  ];
  const end = clock.now() + 60_000;
  await until('the other hears', async () => {
    here.note('x', end, here.clock());
    return (await there.findEnd('x')) === end;
  });
  // Nobody extends the second by reading.
  await until('the second is over', async () => (await there.findEnd('x')) === null);
  await until('forgotten at once', async () => {
    here.note('y', end, here.clock());
    if ((await there.findEnd('y')) === null) return false;
    here.forget('y');
    return (await there.findEnd('y')) === null;
  });
  here.note('z', end, here.clock() - BELIEVED_FOR - 1);
  assert.deepEqual([await here.findEnd('z'), await there.findEnd('z')], [null, null], 'an old answer of the database is no news');

  const world = await openNode(t, db, clock, first);
  for (let n = 0; n <= SIGN_IN_STRANGERS.max; n += 1) await guess(world, 'ada@example.com', `203.0.${n}.1`);
  assert.equal((await guess(world, 'ada@example.com', '203.0.99.1')).body.error, 'account_throttled');
  await server.command('FLUSHALL');
  assert.equal((await guess(world, 'ada@example.com', '203.0.97.1')).body.error, 'account_throttled');
  server.freeze();
  assert.equal((await guess(world, 'ada@example.com', '203.0.96.1')).body.error, 'account_throttled');
  assert.equal((await guess(world, 'bob@example.com', '203.0.95.1')).body.error, 'wrong_credentials');
  await clearTries(world.deps.db, SIGN_IN_STRANGERS, 'ada@example.com');
  await until('still throttled', async () => (await guess(world, 'ada@example.com', '203.0.94.1')).body.error === 'wrong_credentials');
  server.thaw();
});
