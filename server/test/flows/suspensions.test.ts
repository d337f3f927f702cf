import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowRange, letNetworkIn } from '../../src/guessing/let-in.ts';
import { CODE_ACCOUNT, GUESS_NETWORK, GUESS_WIDER_NETWORK, SIGN_IN_STRANGERS, WRONG_NETWORK } from '../../src/guessing/limits.ts';
import { isInRange, parseRange, widerNetworkOf } from '../../src/guessing/network-address.ts';
import { findSuspension, listSuspensions, QUIET, SUSPENSION_LIVES, suspendNetwork } from '../../src/guessing/suspension.ts';
import { deleteExpiredRows } from '../../src/jobs/delete-expired-rows.ts';
import { forEachDatabase } from '../databases.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD, START, type World } from '../world.ts';

/** Networks that guess too often wait, each time for longer; whoever is known gets in meanwhile. */

const WRONG = 'not the password of anybody';
const EMAIL = 'ada@example.com';
const PLACE = '203.0.113.77';
const OPERATOR = { requestId: 'operator', address: '192.0.2.1', userAgent: 'portico' };

/** Wrong passwords from one address, each for an account that nobody has. */
async function guess(world: World, times: number, address = PLACE): Promise<string[]> {
  const words: string[] = [];
  for (let n = 0; n < times; n += 1) {
    const answered = await world.browser({ address }).signIn(`n${n}@${address.replace(/[.:]+/g, '-')}.example`, WRONG);
    words.push(answered.body.error ?? 'in');
  }
  return words;
}

async function suspensionEvents(world: World): Promise<number> {
  return (await world.deps.db.all("select id from events where action = 'network.suspended'")).length;
}

inWorld(
  'fifty wrong guesses suspend a network for a quarter of an hour, then for ever longer, and Retry-After is what is left',
  async (world) => {
    for (const [time, life] of [...SUSPENSION_LIVES, SUSPENSION_LIVES.at(-1) ?? 0].entries()) {
      assert.deepEqual(new Set(await guess(world, WRONG_NETWORK.max)), new Set(['wrong_credentials']), `time ${time + 1}`);
      const refused = await world.browser({ address: PLACE }).signIn(EMAIL, PASSWORD);
      assert.deepEqual(
        [refused.status, refused.body.error, refused.headers['retry-after']],
        [429, 'address_suspended', String(life / 1000)],
      );
      const [row] = await listSuspensions(world.deps.db, 10);
      assert.deepEqual([row?.network, row?.reason, row?.times, row?.tries], [PLACE, 'password', time + 1, WRONG_NETWORK.max]);
      world.clock.advance(life - 90_500);
      const later = await world.browser({ address: PLACE }).signIn(EMAIL, PASSWORD);
      assert.equal(later.headers['retry-after'], '91', 'the real remaining time, rounded up');
      world.clock.advance(90_500);
    }
    assert.equal(await suspensionEvents(world), SUSPENSION_LIVES.length + 1);
    // Thirty days without one: the next is a first one again.
    world.clock.advance(QUIET);
    await guess(world, WRONG_NETWORK.max);
    const refused = await world.browser({ address: PLACE }).signIn(EMAIL, PASSWORD);
    assert.equal(refused.headers['retry-after'], String(SUSPENSION_LIVES[0] / 1000));
  },
);

inWorld('twenty wrong guesses at once over the limit make one suspension and one event', async (world) => {
  await guess(world, WRONG_NETWORK.max - 20);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => world.browser({ address: PLACE }).signIn(`somebody${n}@example.com`, WRONG)),
  );
  assert.deepEqual(new Set(answers.map(({ body }) => body.error)), new Set(['wrong_credentials']));
  assert.deepEqual(
    (await listSuspensions(world.deps.db, 10)).map(({ network, times }) => [network, times]),
    [[PLACE, 1]],
  );
  assert.equal(await suspensionEvents(world), 1);
});

forEachDatabase('of twenty parallel callers one suspends a network, also when the last suspension is over', async (open) => {
  const db = await open();
  for (const [time, now] of [START, START + HOUR].entries()) {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => suspendNetwork(db, { network: PLACE, reason: 'code', tries: 50, now })),
    );
    const [won, ...others] = made.filter((one) => one !== null);
    assert.equal(others.length, 0);
    assert.deepEqual([won?.times, won?.until], [time + 1, now + (SUSPENSION_LIVES[time] ?? 0)]);
  }
});

inWorld('an account that the whole world attacks and a suspended network both let the owner in on a known device', async (world) => {
  const owner = await world.signedUp(EMAIL, { address: PLACE });
  await owner.act('signOut');
  await guess(world, WRONG_NETWORK.max);
  for (let n = 0; n < 3 * SIGN_IN_STRANGERS.max; n += 1) await world.browser({ address: `192.0.${n}.1` }).signIn(EMAIL, WRONG);
  assert.equal(
    (await world.browser({ address: PLACE }).signIn(EMAIL, PASSWORD)).body.error,
    'address_suspended',
    'a stranger to the account',
  );
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
});

inWorld(
  'the owner of a held session types the code behind a suspended network; a wrong one there is counted for the account',
  async (world) => {
    const owner = await world.signedUp(EMAIL, { address: PLACE });
    world.clock.advance(HOUR);
    await owner.copy().refresh();
    assert.equal((await owner.refresh()).body.error, 'session_held');
    await guess(world, WRONG_NETWORK.max);
    assert.equal((await owner.call('resendCode')).status, 200);
    const code = await world.codeFor(EMAIL);
    assert.equal(
      (await owner.call('verifySignIn', { securityCode: code === '00000000' ? '11111111' : '00000000' })).body.error,
      'wrong_code',
    );
    assert.equal((await owner.call('verifySignIn', { securityCode: code })).body['status'], 'VERIFIED');
    assert.equal((await listSuspensions(world.deps.db, 10))[0]?.tries, WRONG_NETWORK.max);
  },
);

inWorld('passwords, codes and whatever else is guessed fill one counter of the network', async (world) => {
  for (let n = 0; n < 10; n += 1) {
    const waiting = world.browser({ address: PLACE });
    assert.equal((await waiting.call('signUp', { email: `w${n}@example.com`, password: PASSWORD })).status, 200);
    for (let tries = 0; tries < 4; tries += 1)
      assert.equal((await waiting.call('verifySignIn', { securityCode: `1234567${tries}` })).body.error, 'wrong_code');
  }
  assert.deepEqual(new Set(await guess(world, WRONG_NETWORK.max - 40)), new Set(['wrong_credentials']));
  assert.equal((await world.browser({ address: PLACE }).signIn(EMAIL, WRONG)).body.error, 'address_suspended');
  const waiting = world.browser();
  await waiting.call('signUp', { email: EMAIL, password: PASSWORD });
  const code = await world.codeFor(EMAIL);
  const moved = waiting.copy({ address: PLACE });
  assert.equal((await moved.call('verifySignIn', { securityCode: code })).body.error, 'address_suspended', 'even the right code');
  assert.equal((await waiting.call('verifySignIn', { securityCode: code })).status, 200);
});

inWorld('right passwords suspend nobody, however many people sign in behind one address; nor do codes that had expired', async (world) => {
  await world.signedUp(EMAIL);
  for (let n = 0; n < WRONG_NETWORK.max + 10; n += 1) {
    const answered = await world.browser({ address: PLACE }).signIn(EMAIL, PASSWORD);
    if (answered.status !== 200) assert.equal(answered.body.error, 'account_throttled');
    const late = world.browser({ address: PLACE });
    assert.equal((await late.call('verifySignIn', { securityCode: '12345678' })).body.error, 'code_expired');
  }
  assert.deepEqual(await listSuspensions(world.deps.db, 10), []);
});

inWorld('our own trouble is no wrong guess: a database or a hasher that fails suspends nobody', async (world) => {
  await world.signedUp(EMAIL);
  const { hasher } = world.deps;
  const verify = hasher.verify;
  Object.assign(hasher, { verify: () => Promise.reject(new Error('out of memory')) });
  for (let n = 0; n < GUESS_NETWORK.max + 10; n += 1)
    assert.equal((await world.browser({ address: PLACE }).signIn(`n${n}@example.com`, WRONG)).status, 500);
  Object.assign(hasher, { verify });
  assert.equal((await world.browser({ address: PLACE }).signIn(EMAIL, WRONG)).body.error, 'wrong_credentials');
  assert.deepEqual(await listSuspensions(world.deps.db, 10), []);
});

inWorld('a suspension can be lifted: at once the network guesses from zero, and the next suspension is longer', async (world) => {
  await guess(world, WRONG_NETWORK.max);
  assert.equal((await letNetworkIn(world.deps, OPERATOR, PLACE))?.network, PLACE);
  assert.equal(await letNetworkIn(world.deps, OPERATOR, PLACE), null, 'once');
  assert.deepEqual(new Set(await guess(world, WRONG_NETWORK.max - 1)), new Set(['wrong_credentials']));
  assert.deepEqual(await guess(world, 2), ['wrong_credentials', 'address_suspended']);
  assert.equal((await findSuspension(world.deps.db, PLACE, world.clock.now()))?.until, world.clock.now() + SUSPENSION_LIVES[1]);
});

inWorld(
  'a range on the list is counted and never suspended, also when it was suspended before; accounts keep their own limits',
  async (world) => {
    await guess(world, WRONG_NETWORK.max);
    assert.equal((await guess(world, 1))[0], 'address_suspended');
    await allowRange(world.deps, OPERATOR, { range: '203.0.113.0/24', note: 'our office' });
    assert.deepEqual(await guess(world, 1), ['wrong_credentials'], 'at once');
    world.clock.advance(SUSPENSION_LIVES[0]);
    assert.deepEqual(new Set(await guess(world, 2 * WRONG_NETWORK.max)), new Set(['wrong_credentials']));
    assert.deepEqual([await suspensionEvents(world), (await listSuspensions(world.deps.db, 10))[0]?.times], [1, 1]);
    for (let n = 0; n < SIGN_IN_STRANGERS.max; n += 1) await world.browser({ address: PLACE }).signIn(EMAIL, WRONG);
    assert.equal((await world.browser({ address: PLACE }).signIn(EMAIL, WRONG)).body.error, 'account_throttled');
    assert.deepEqual(
      (await guess(world, WRONG_NETWORK.max + 1, '203.0.114.1')).slice(-1),
      ['address_suspended'],
      'its neighbour is not on it',
    );
  },
);

inWorld('who has many addresses side by side is still one guesser: an IPv4 /24, an IPv6 /48', async (world) => {
  for (const [place, elsewhere] of [
    [(n: number) => `203.0.113.${n + 1}`, '203.0.114.1'],
    [(n: number) => `2001:db8:7:${n.toString(16)}::1`, '2001:db8:8::1'],
  ] as const) {
    const each = GUESS_NETWORK.max - 1;
    const networks = Math.ceil(GUESS_WIDER_NETWORK.max / each);
    let wrong = 0;
    for (let n = 0; n < networks; n += 1)
      wrong += (await guess(world, each, place(n))).filter((word) => word === 'wrong_credentials').length;
    assert.equal(wrong, GUESS_WIDER_NETWORK.max);
    const refused = await world.browser({ address: place(networks) }).signIn(EMAIL, WRONG);
    assert.equal(refused.body.error, 'address_suspended');
    assert.ok(Number(refused.headers['retry-after']) <= 15 * 60);
    assert.deepEqual(await guess(world, 1, elsewhere), ['wrong_credentials']);
  }
  assert.deepEqual(await listSuspensions(world.deps.db, 10), [], 'no single one of them guessed enough');
  world.clock.advance(15 * MINUTE);
  assert.deepEqual(await guess(world, 1, '203.0.113.200'), ['wrong_credentials']);
});

inWorld('suspensions that no longer count are deleted after thirty days, and not before', async (world) => {
  await guess(world, WRONG_NETWORK.max);
  world.clock.advance(SUSPENSION_LIVES[0] + QUIET - 1);
  await deleteExpiredRows(world.deps, new AbortController().signal);
  assert.equal((await listSuspensions(world.deps.db, 10)).length, 1);
  world.clock.advance(DAY);
  await deleteExpiredRows(world.deps, new AbortController().signal);
  assert.deepEqual(await listSuspensions(world.deps.db, 10), []);
});

test('a range is what it says, in one spelling, and nothing that covers half the world', () => {
  for (const [text, range] of [
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['2001:DB8::7', '2001:db8::7/128'],
    ['2001:db8:1:2:3::/48', '2001:db8:1::/48'],
    ['::ffff:203.0.113.7', '203.0.113.7/32'],
  ] as const)
    assert.equal(parseRange(text), range, text);
  for (const text of [
    '',
    '/',
    '203.0.113.0/',
    '203.0.113.0/33',
    '203.0.113.0/7',
    '::/15',
    '1.2.3/24',
    '0x7f.1',
    '1.2.3.4/24/24',
    '1.2.3.4/-1',
    'fe80::1%1',
    '::ffff:1.2.3.4/128',
  ])
    assert.equal(parseRange(text), null, text);
  assert.ok(isInRange('203.0.113.255', '203.0.113.0/24') && !isInRange('203.0.114.0', '203.0.113.0/24'));
  assert.ok(
    isInRange('::ffff:203.0.113.9', '203.0.113.0/24') &&
      !isInRange('2001:db8::1', '203.0.113.0/24') &&
      !isInRange('unknown', '203.0.113.0/24'),
  );
  assert.deepEqual(
    [widerNetworkOf('203.0.113.9'), widerNetworkOf('2001:db8:7:9::1'), widerNetworkOf('x')],
    ['203.0.113.0/24', '2001:db8:7::/48', 'unknown'],
  );
  assert.ok(CODE_ACCOUNT.max < WRONG_NETWORK.max);
});
