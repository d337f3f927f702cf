import assert from 'node:assert/strict';
import { AUTH_PATHS, AUTH_PREFIX, AUTH_PREFIX_ALIAS, fillPath, PAGES } from '@portico/protocol/routes';
import { CODE_ACCOUNT, GUESS_NETWORK, SIGN_IN_STRANGERS } from '../../src/guessing/limits.ts';
import { TRIES } from '../../src/guessing/security-code.ts';
import type { Answered, Browser } from '../browser.ts';
import { HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** How often somebody may guess, by whichever door; and that those who do not guess get in meanwhile. */

const EMAIL = 'ada@example.com';
const WRONG = 'not the password of anybody';
/** Any address will do: which is the hundredth guesser's matters to nobody. */
const place = (n: number) => `203.0.${n >> 8}.${n & 255}`;
const wrongCode = (right: string, n: number) => String((Number(right) + 1 + n) % 100_000_000).padStart(8, '0');

async function guess(world: World, times: number, options: { email?: string; address?: string } = {}): Promise<string[]> {
  const words: string[] = [];
  for (let n = 0; n < times; n += 1) {
    const answered = await world.browser({ address: options.address ?? place(n) }).signIn(options.email ?? EMAIL, WRONG);
    words.push(answered.body.error ?? 'in');
  }
  return words;
}

inWorld('a code takes five guesses, an account twenty an hour over all its codes, from whatever address they come', async (world) => {
  const browser = world.browser();
  await browser.call('signUp', { email: EMAIL, password: PASSWORD });
  const elsewhere = (n: number) => browser.copy({ address: place(n) });
  let guesses = 0;
  for (let code = 0; code < CODE_ACCOUNT.max / TRIES; code += 1) {
    const right = await world.codeFor(EMAIL);
    for (let n = 0; n < TRIES; n += 1) {
      const answered = await elsewhere((guesses += 1)).call('verifySignIn', { securityCode: wrongCode(right, n) });
      assert.deepEqual([answered.body.error, answered.body['triesLeft']], ['wrong_code', TRIES - 1 - n]);
    }
    world.clock.advance(MINUTE);
    assert.equal((await elsewhere(guesses).call('resendCode')).status, 200);
  }
  assert.equal(guesses, 20);
  const right = await world.codeFor(EMAIL);
  const throttled = await elsewhere(99).call('verifySignIn', { securityCode: right });
  assert.deepEqual([throttled.status, throttled.body.error], [429, 'account_throttled'], 'even the right one');
  assert.ok(Number(throttled.headers['retry-after']) > 0);
  // A new sign-up with the address buys no new guesses either.
  const again = world.browser();
  world.clock.advance(50 * MINUTE);
  assert.equal((await again.call('signUp', { email: EMAIL, password: PASSWORD })).body.error, 'account_throttled');
  world.clock.advance(10 * MINUTE);
  assert.equal((await again.call('signUp', { email: EMAIL, password: PASSWORD })).status, 200);
  assert.equal((await again.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })).status, 200);
});

inWorld(
  'an account that is throttled is throttled at every door: both prefixes, the plain form, with and without a bearer token',
  async (world) => {
    const owner = await world.signedUp(EMAIL);
    assert.deepEqual(new Set(await guess(world, SIGN_IN_STRANGERS.max)), new Set(['wrong_credentials']));
    const path = fillPath(AUTH_PATHS.signIn, { authProvider: 'credential' });
    const body = { email: ` ${EMAIL.toUpperCase()} `, password: PASSWORD };
    const form = world.browser();
    const page = await form.send('GET', PAGES.signIn, undefined, { headers: { accept: 'text/html' } });
    const form_token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const bearer = { authorization: `Bearer ${String((await owner.refresh()).body['accessToken'])}` };
    const doors: readonly Answered[] = [
      await world.browser().send('POST', AUTH_PREFIX + path, body),
      await world.browser().send('POST', AUTH_PREFIX_ALIAS + path, body),
      await world.browser().send('POST', AUTH_PREFIX + path, body, { headers: bearer }),
      await form.submit(PAGES.signIn, { ...body, form_token }),
    ];
    for (const answered of doors) {
      assert.equal(answered.status, 429);
      assert.ok(Number(answered.headers['retry-after']) > 0);
      assert.deepEqual(
        answered.setCookies.filter((line) => line.includes('_rt=')),
        [],
      );
    }
    const odd = [
      `/${AUTH_PREFIX}${path}`,
      `${AUTH_PREFIX}${path}/`,
      AUTH_PREFIX + path.toUpperCase(),
      `${AUTH_PREFIX}${path};x`,
      `${AUTH_PREFIX}/%2f${path}`,
    ];
    for (const spelled of odd) assert.equal((await world.browser().send('POST', spelled, body)).status, 404, spelled);
    // Percent-encoding is undone before the route is chosen: the same door, the same counter.
    assert.equal((await world.browser().send('POST', `${AUTH_PREFIX}/%73ignin/credential`, body)).status, 429);
    world.clock.advance(15 * MINUTE);
    assert.equal((await world.browser().send('POST', AUTH_PREFIX + path, body)).status, 200);
  },
);

inWorld('while a stranger attacks an account its owner signs in on a known device, refreshes, and changes the password', async (world) => {
  const owner = await world.signedUp(EMAIL);
  await owner.act('signOut');
  assert.equal((await guess(world, 100)).filter((word) => word === 'wrong_credentials').length, SIGN_IN_STRANGERS.max);
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body.error, 'account_throttled', 'a device that nobody knows has to wait');
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).status, 200);
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
  const changed = await owner.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' });
  assert.equal(changed.status, 200, changed.text);
  world.clock.advance(15 * MINUTE);
  assert.equal((await world.browser().signIn(EMAIL, 'another horse battery staple')).status, 200, 'a quarter of an hour later, anywhere');
});

inWorld(
  'behind the attacker’s own network twenty people sign in on their devices, and strangers to it wait a quarter of an hour',
  async (world) => {
    const address = '203.0.113.77';
    await world.signedUp(EMAIL);
    const neighbours: Browser[] = [];
    for (let n = 0; n < 20; n += 1) {
      const browser = await world.signedUp(`n${n}@example.com`);
      await browser.act('signOut');
      neighbours.push(browser.copy({ address }));
    }
    // Fewer than the network's fifty: nobody behind it notices.
    await guess(world, GUESS_NETWORK.max - 1, { address });
    const newcomer = await world.browser({ address }).signIn('n0@example.com', PASSWORD);
    assert.equal(newcomer.status, 200, newcomer.text);
    assert.deepEqual((await guess(world, 30, { address })).slice(-1), ['address_suspended']);
    for (const [n, browser] of neighbours.entries())
      assert.equal((await browser.signIn(`n${n}@example.com`, PASSWORD)).status, 200, `neighbour ${n}`);
    const late = await world.browser({ address }).signIn('n0@example.com', PASSWORD);
    assert.equal(late.body.error, 'address_suspended');
    assert.ok(Number(late.headers['retry-after']) <= 15 * 60);
    assert.equal((await world.browser().signIn('n1@example.com', PASSWORD)).status, 200, 'and elsewhere nothing has happened');
    world.clock.advance(15 * MINUTE);
    assert.equal((await world.browser({ address }).signIn('n0@example.com', PASSWORD)).status, 200);
  },
);

inWorld('signing up with the owner’s address and typing wrong codes does not keep the owner of a held session out', async (world) => {
  const owner = await world.signedUp(EMAIL);
  world.clock.advance(HOUR);
  await owner.copy().refresh();
  assert.equal((await owner.refresh()).body.error, 'session_held');
  for (let n = 0; n < 4; n += 1) {
    const stranger = world.browser();
    assert.equal((await stranger.call('signUp', { email: EMAIL, password: PASSWORD })).status, 200);
    for (let tries = 0; tries < TRIES; tries += 1) await stranger.call('verifySignIn', { securityCode: `0000000${tries}` });
  }
  const stranger = world.browser();
  await stranger.call('signUp', { email: EMAIL, password: PASSWORD });
  assert.equal((await stranger.call('verifySignIn', { securityCode: '00000009' })).body.error, 'account_throttled');
  assert.equal((await owner.call('resendCode')).status, 200);
  assert.equal((await owner.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })).body['status'], 'VERIFIED');
});

inWorld('one wrong password too many is written down once a window, however long the attack', async (world) => {
  await world.signedUp(EMAIL);
  await guess(world, 40);
  const events = async () => (await world.deps.db.all("select reason from events where action = 'signin.throttled'")).length;
  assert.equal(await events(), 1);
  world.clock.advance(HOUR);
  await guess(world, 40);
  assert.equal(await events(), 2);
});
