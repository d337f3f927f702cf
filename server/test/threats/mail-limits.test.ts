import assert from 'node:assert/strict';
import { MAIL_ADDRESS, MAIL_NETWORK, WAITING_ACCOUNT } from '../../src/guessing/limits.ts';
import { SENDS } from '../../src/guessing/security-code.ts';
import { HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** Portico as somebody's mail cannon: how many letters a stranger can make it send, to one person and in all. */

const lettersTo = async (world: World, email: string) => (await world.mails()).filter(({ to }) => to === email).length;

for (const known of [true, false]) {
  inWorld(
    `a stranger makes us write at most five letters an hour to ${known ? 'a known' : 'an unknown'} address, by all doors together`,
    async (world) => {
      const email = 'ada@example.com';
      if (known) await world.signedUp(email);
      world.clock.advance(HOUR);
      const before = await lettersTo(world, email);
      const strangers = Array.from({ length: 8 }, () => world.browser());
      for (const stranger of strangers) await stranger.call('signUp', { email, password: PASSWORD });
      for (let minute = 0; minute < 8; minute += 1) {
        world.clock.advance(MINUTE);
        for (const stranger of strangers.slice(0, 3)) await stranger.call('resendCode');
        await world.browser().signIn(email, `${PASSWORD}${known ? ' wrong' : ''}`);
        await world.settled();
      }
      assert.equal((await lettersTo(world, email)) - before, MAIL_ADDRESS.max);
      const refused = await world.browser().call('signUp', { email, password: PASSWORD });
      assert.deepEqual([refused.status, refused.body.error], [429, 'account_throttled']);
      assert.ok(Number(refused.headers['retry-after']) > 0);
    },
  );
}

inWorld('one network makes us write at most twenty letters an hour, to however many people', async (world) => {
  const address = '203.0.113.9';
  const browsers = Array.from({ length: 12 }, () => world.browser({ address }));
  for (const [n, browser] of browsers.entries())
    assert.equal((await browser.call('signUp', { email: `n${n}@example.com`, password: PASSWORD })).status, 200);
  for (let minute = 0; minute < 2; minute += 1) {
    world.clock.advance(MINUTE);
    for (const [n, browser] of browsers.entries()) {
      await browser.call('resendCode');
      await world.browser({ address }).signIn(`n${n}@example.com`, PASSWORD);
      await world.settled();
    }
  }
  const letters = (await world.mails()).length;
  assert.ok(letters <= MAIL_NETWORK.max && letters > 15, `${letters} letters`);
  for (const refused of [
    await browsers[0]?.call('resendCode'),
    await world.browser({ address }).call('signUp', { email: 'z@example.com', password: PASSWORD }),
  ]) {
    assert.deepEqual([refused?.status, refused?.body.error], [429, 'address_suspended']);
    assert.ok(Number(refused?.headers['retry-after']) > 0);
  }
  assert.equal(
    (await world.browser().call('signUp', { email: 'y@example.com', password: PASSWORD })).status,
    200,
    'another network is somebody else',
  );
  world.clock.advance(HOUR);
  assert.equal((await world.browser({ address }).call('signUp', { email: 'z@example.com', password: PASSWORD })).status, 200);
});

inWorld('one sign-up mails five codes, one a minute, and an address can wait for twenty sign-ups a day', async (world) => {
  const browser = world.browser();
  await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
  assert.equal((await browser.call('resendCode')).body.error, 'too_many_requests');
  for (let n = 1; n < SENDS; n += 1) {
    world.clock.advance(HOUR);
    assert.equal((await browser.call('resendCode')).status, 200);
  }
  world.clock.advance(HOUR);
  assert.equal((await browser.call('resendCode')).status, 429, 'the sixth code of one sign-up');
  let taken = 0;
  for (let n = 0; n < WAITING_ACCOUNT.max + 5; n += 1) {
    world.clock.advance(15 * MINUTE);
    taken += (await world.browser().call('signUp', { email: 'bob@example.com', password: PASSWORD })).status === 200 ? 1 : 0;
  }
  assert.equal(taken, WAITING_ACCOUNT.max);
});

inWorld(
  'no letter to anybody who did not ask: sign-in on a known device, refresh, session list and wrong codes mail nobody',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const before = (await world.mails()).length;
    await world.browser().signIn('nobody@example.com', PASSWORD);
    await world.browser().signIn('ada@example.com', 'a wrong password entirely');
    await browser.signIn('ada@example.com', PASSWORD);
    await browser.refresh();
    await browser.call('mySessions');
    await browser.act('signOut');
    await world.browser().call('verifySignIn', { securityCode: '12345678' });
    await world.browser().call('resendCode');
    await world.settled();
    assert.equal((await world.mails()).length, before);
  },
);
