import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, fillPath } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import { MAIL_ADDRESS, MAIL_NETWORK, WAITING_ACCOUNT } from '../../src/guessing/limits.ts';
import { SENDS } from '../../src/guessing/security-code.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** Portico as somebody's mail cannon: how many letters a stranger can make it send, to one person and in all. */

const lettersTo = async (world: World, email: string) => (await world.mails()).filter(({ to }) => to === email).length;

/** Somebody who is signed in, at this address, with a fresh proof. */
async function movable(world: World, address = '203.0.113.77') {
  const browser = await world.signedUp('mover@example.com', { address: '203.0.113.78' });
  return browser.copy({ address });
}

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
        await world.browser().call('forgotPassword', { email });
        await world.settled();
      }
      assert.equal((await lettersTo(world, email)) - before, MAIL_ADDRESS.max);
      for (const refused of [
        await world.browser().call('signUp', { email, password: PASSWORD }),
        await world.browser().call('forgotPassword', { email }),
        await (await movable(world)).act('myEmail', { email }),
      ]) {
        assert.deepEqual([refused.status, refused.body.error], [429, 'account_throttled']);
        assert.ok(Number(refused.headers['retry-after']) > 0);
      }
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
    await world.browser({ address }).call('forgotPassword', { email: 'z@example.com' }),
    await (await movable(world, address)).act('myEmail', { email: 'z@example.com' }),
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

/** What a stranger, and somebody who is signed in, may send to each call. */
const BODIES: Readonly<Record<string, (email: string) => object>> = {
  [AUTH_PATHS.signUp]: (email) => ({ email, password: PASSWORD }),
  [AUTH_PATHS.signInCredential]: (email) => ({ email, password: PASSWORD }),
  [AUTH_PATHS.verifySignIn]: () => ({ securityCode: '12345678' }),
  [AUTH_PATHS.forgotPassword]: (email) => ({ email }),
  [AUTH_PATHS.resetPassword]: () => ({ token: 'A'.repeat(43), password: PASSWORD }),
  [AUTH_PATHS.verifyEmail]: () => ({ token: 'A'.repeat(43) }),
  [AUTH_PATHS.confirmEmail]: () => ({ token: 'A'.repeat(43) }),
  [AUTH_PATHS.undoEmail]: () => ({ token: 'A'.repeat(43) }),
  [AUTH_PATHS.setupLink]: () => ({ token: 'A'.repeat(43) }),
  [AUTH_PATHS.setup]: (email) => ({ token: 'A'.repeat(43), email, password: PASSWORD }),
  [AUTH_PATHS.mySetup]: () => ({ token: 'A'.repeat(43) }),
  [AUTH_PATHS.myEmail]: (email) => ({ email }),
  [AUTH_PATHS.myProof]: () => ({ password: PASSWORD }),
};

inWorld(
  'every call that writes to an address which somebody typed says so in the table of calls, and is counted by address and by network',
  async (world) => {
    const mailing = new Set<string>();
    for (const { method, path } of AUTH_ROUTES.filter((route) => route.method !== 'GET')) {
      await world.deps.db.all('delete from users');
      const own = await world.signedUp('own@example.com');
      await world.signedUp('known@example.com');
      const waiting = world.browser();
      await waiting.call('signUp', { email: 'waits@example.com', password: PASSWORD });
      world.clock.advance(MINUTE);
      await world.settled();
      const before = (await world.mails()).length;
      for (const browser of [world.browser(), waiting, own]) {
        for (const email of ['known@example.com', 'waits@example.com', 'nobody@example.com']) {
          const url = AUTH_PREFIX + fillPath(path, { authProvider: 'github', id: 'A'.repeat(22) });
          await browser.send(method, url, BODIES[path]?.(email) ?? {}, { headers: { [HEADERS.csrf]: browser.csrf } });
        }
      }
      await world.settled();
      const written = (await world.mails()).slice(0, (await world.mails()).length - before);
      // The owner of a session may write to the own mailbox, within limits of that session.
      if (written.some(({ to }) => to !== 'own@example.com')) mailing.add(`${method} ${path}`);
      world.clock.advance(DAY);
    }
    const said = AUTH_ROUTES.filter(({ limit }) => limit.includes(MAIL_ADDRESS.name) && limit.includes(MAIL_NETWORK.name));
    assert.deepEqual([...mailing].sort(), said.map(({ method, path }) => `${method} ${path}`).sort());
  },
);
