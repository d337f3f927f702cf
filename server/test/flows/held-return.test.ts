import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { isKnownDevice } from '../../src/accounts/device.ts';
import { HELD_CODES } from '../../src/guessing/limits.ts';
import { TRIES } from '../../src/guessing/security-code.ts';
import { tokenHash } from '../../src/platform/crypto.ts';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import type { Browser } from '../browser.ts';
import { actions, claimsOf, familyOf, sessionOf } from '../families.ts';
import { DAY, HOUR, inWorld, MINUTE, type World } from '../world.ts';

/** The way back from HELD: the owner types a mailed code and is in; what the thief has copied stays dead. */

const EMAIL = 'ada@example.com';
const OTHER_CODE = (code: string) => (code === '00000000' ? '11111111' : '00000000');

/** Thief first, then the owner: the session is held. */
async function stolen(world: World, email = EMAIL, away = DAY): Promise<{ owner: Browser; thief: Browser; attempts: Attempts }> {
  const owner = await world.signedUp(email);
  const attempts: Attempts = new Map();
  await refreshHonestly(owner, attempts);
  const thief = owner.copy({ address: '203.0.113.66' });
  world.clock.advance(away);
  assert.equal((await thief.refresh()).body['kind'], 'rotated');
  assert.equal((await refreshHonestly(owner, attempts)).body.error, 'session_held');
  return { owner, thief, attempts };
}

async function askForCode(world: World, browser: Browser, email = EMAIL): Promise<string> {
  const asked = await browser.call('resendCode');
  assert.equal(asked.status, 200, asked.text);
  assert.equal(asked.body['status'], 'HELD');
  return world.codeFor(email);
}

async function codesMailed(world: World): Promise<number> {
  return (await actions(world)).filter((action) => action === 'code.sent').length;
}

inWorld('thief first: the owner sees the code page, gets in by the mailed code, and every copy of the thief stays dead', async (world) => {
  const { owner, thief, attempts } = await stolen(world);
  const before = await sessionOf(world, owner);
  const oldFamily = await familyOf(world, owner);
  const oldDevice = owner.cookie(COOKIES.device) ?? '';
  const page = await owner.send('GET', '/auth/verify-signin', undefined, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 200);
  assert.equal(await codesMailed(world), 0, 'opening the page mails nothing by itself');

  world.clock.advance(HOUR);
  const done = await owner.call('verifySignIn', { securityCode: await askForCode(world, owner) });
  assert.equal(done.body['status'], 'VERIFIED', done.text);
  const after = await sessionOf(world, owner);
  assert.notEqual(after.id, before.id);
  assert.equal(claimsOf(done.body['accessToken']).sid, after.id);
  assert.equal(after.expiresAt, before.expiresAt);
  assert.equal(after.authTime, before.authTime);
  assert.equal(claimsOf(done.body['accessToken']).auth_time, Math.floor(before.authTime / 1000));
  assert.deepEqual(after.amr, ['pwd', 'otp']);
  assert.equal((await familyOf(world, owner)).expiresAt, oldFamily.expiresAt);
  assert.equal((await sessionOf(world, thief)).state, 'revoked');

  // A new device cookie; the old one is known no longer.
  const newDevice = owner.cookie(COOKIES.device) ?? '';
  assert.notEqual(newDevice, oldDevice);
  const userId = after.userId ?? '';
  assert.equal(await isKnownDevice(world.deps.db, userId, tokenHash(newDevice)), true);
  assert.equal(await isKnownDevice(world.deps.db, userId, tokenHash(oldDevice)), false);
  assert.equal((await familyOf(world, owner)).deviceHash, tokenHash(newDevice));

  for (const dead of [thief, thief.copy()]) {
    assert.equal((await dead.refresh()).body.error, 'session_ended');
    assert.deepEqual((await dead.call('session')).body, { status: 'SIGNED_OUT' });
    assert.equal((await dead.call('me')).body.error, 'signed_out');
    assert.equal((await dead.call('resendCode')).body.error, 'code_expired');
  }
  assert.equal((await owner.call('me')).body['email'], EMAIL);
  attempts.clear();
  for (let day = 0; day < 3; day += 1) {
    world.clock.advance(DAY);
    assert.equal((await refreshHonestly(owner, attempts)).body['kind'], 'rotated');
  }
  assert.ok((await actions(world)).includes('session.recovered'));
});

inWorld('after the return the end of the session is the old one, to the millisecond', async (world) => {
  const { owner } = await stolen(world);
  const { expiresAt } = await sessionOf(world, owner);
  world.clock.advance(6 * HOUR);
  await owner.call('verifySignIn', { securityCode: await askForCode(world, owner) });
  const cookie = owner.jar.get(COOKIES.refresh);
  const endsAt = cookie?.endsAt ?? 0;
  assert.ok(endsAt <= expiresAt && endsAt > expiresAt - 1_000);
  world.clock.advance(expiresAt - world.clock.now() - 2_000);
  const last = await owner.refresh();
  assert.equal(last.status, 200);
  assert.ok(claimsOf(last.body['accessToken']).exp * 1000 <= expiresAt);
  world.clock.advance(2_000);
  owner.jar.set(COOKIES.refresh, { value: cookie?.value ?? '', endsAt: null });
  assert.equal((await owner.refresh({ attempt: null })).body.error, 'session_ended');
});

inWorld('a session without "keep me signed in" comes back without it: no device cookie, no Max-Age', async (world) => {
  const owner = await world.signedUp(EMAIL, { keep: false });
  const thief = owner.copy();
  await thief.refresh();
  await owner.refresh();
  const done = await owner.call('verifySignIn', { securityCode: await askForCode(world, owner) });
  assert.equal(done.status, 200, done.text);
  assert.equal(owner.cookie(COOKIES.device), undefined);
  assert.ok(done.setCookies.filter((line) => !line.includes(COOKIES.waiting)).every((line) => !line.includes('Max-Age')));
  assert.equal((await familyOf(world, owner)).deviceHash, null);
});

inWorld('the device of the family that was held loses its trust, even when the browser that returns has lost its cookie', async (world) => {
  const owner = await world.signedUp(EMAIL);
  const device = owner.cookie(COOKIES.device) ?? '';
  const userId = (await sessionOf(world, owner)).userId ?? '';
  owner.jar.delete(COOKIES.device);
  assert.equal((await owner.refresh()).body.error, 'session_held');
  assert.equal((await owner.call('verifySignIn', { securityCode: await askForCode(world, owner) })).status, 200);
  assert.equal(await isKnownDevice(world.deps.db, userId, tokenHash(device)), false);
  assert.notEqual(owner.cookie(COOKIES.device), undefined);
});

inWorld('a code is mailed only when the held browser asks, at most three an hour, one a minute', async (world) => {
  const { owner } = await stolen(world);
  assert.equal(await codesMailed(world), 0);
  assert.equal((await owner.call('verifySignIn', { securityCode: '12345678' })).body.error, 'code_expired');
  const codes = new Set([await askForCode(world, owner)]);
  const early = await owner.call('resendCode');
  assert.equal(early.body.error, 'too_many_requests');
  assert.equal(early.headers['retry-after'], '60');
  for (let more = 1; more < HELD_CODES.max; more += 1) {
    world.clock.advance(MINUTE);
    codes.add(await askForCode(world, owner));
  }
  assert.equal(codes.size, 3);
  world.clock.advance(MINUTE);
  const fourth = await owner.call('resendCode');
  assert.equal(fourth.body.error, 'account_throttled');
  assert.ok(Number(fourth.headers['retry-after']) > 3_000);
  assert.equal(await codesMailed(world), 3);
  // The newest one works, the older ones died with it.
  const [first = '', , third = ''] = codes;
  assert.equal((await owner.call('verifySignIn', { securityCode: first })).body.error, 'wrong_code');
  assert.equal((await owner.call('verifySignIn', { securityCode: third })).status, 200);
});

inWorld('an hour later a further code may be asked for; a code ends after ten minutes and five tries', async (world) => {
  const { owner } = await stolen(world);
  const first = await askForCode(world, owner);
  world.clock.advance(10 * MINUTE);
  assert.equal((await owner.call('verifySignIn', { securityCode: first })).body.error, 'code_expired');
  const second = await askForCode(world, owner);
  for (let left = TRIES - 1; left >= 0; left -= 1) {
    const answer = await owner.call('verifySignIn', { securityCode: OTHER_CODE(second) });
    assert.equal(answer.body.error, 'wrong_code');
    assert.equal(answer.body['triesLeft'], left);
  }
  assert.equal((await owner.call('verifySignIn', { securityCode: second })).body.error, 'code_expired');
  world.clock.advance(MINUTE);
  await askForCode(world, owner);
  world.clock.advance(MINUTE);
  assert.equal((await owner.call('resendCode')).body.error, 'account_throttled');
  world.clock.advance(HOUR);
  assert.equal((await owner.call('verifySignIn', { securityCode: await askForCode(world, owner) })).status, 200);
});

for (const copied of ['without', 'with'] as const) {
  inWorld(
    `the owner's code works in the owner's browser only, and a thief ${copied} the transaction cookie cannot kill it`,
    async (world) => {
      const owner = await world.signedUp(EMAIL);
      // The sign-in page gives a browser its transaction cookie; whoever copies the whole jar later has it too.
      await owner.send('GET', '/signup', undefined, { headers: { accept: 'text/html' } });
      if (copied === 'with') owner.receive({ setCookies: [`${COOKIES.transaction}=${'T'.repeat(22)}; Path=/`] });
      const thief = owner.copy();
      await thief.refresh();
      await owner.refresh();
      assert.equal(thief.cookie(COOKIES.transaction) !== undefined, copied === 'with');

      const code = await askForCode(world, owner);
      assert.equal((await thief.call('verifySignIn', { securityCode: code })).body.error, 'code_expired', 'not this browser');
      world.clock.advance(MINUTE);
      const theirs = await askForCode(world, thief);
      assert.notEqual(theirs, code);
      for (let tries = 0; tries < TRIES; tries += 1) await thief.call('verifySignIn', { securityCode: OTHER_CODE(theirs) });
      assert.equal((await thief.call('verifySignIn', { securityCode: theirs })).body.error, 'code_expired');
      const done = await owner.call('verifySignIn', { securityCode: code });
      assert.equal(done.body['status'], 'VERIFIED', done.text);
      assert.equal((await thief.call('verifySignIn', { securityCode: theirs })).body.error, 'code_expired');
      assert.equal((await thief.refresh()).body.error, 'session_ended');
    },
  );
}

inWorld('a code of one held session opens no other', async (world) => {
  const { owner } = await stolen(world);
  const second = await stolen(world, 'bob@example.com', 0);
  const code = await askForCode(world, owner);
  const other = await askForCode(world, second.owner, 'bob@example.com');
  if (code !== other) assert.equal((await second.owner.call('verifySignIn', { securityCode: code })).body.error, 'wrong_code');
  assert.equal((await owner.call('verifySignIn', { securityCode: code })).status, 200);
  assert.equal((await second.owner.call('session')).body['status'], 'HELD');
});

inWorld('twenty right codes at once open one session', async (world) => {
  const { owner } = await stolen(world);
  const code = await askForCode(world, owner);
  const answers = await Promise.all(Array.from({ length: 20 }, () => owner.copy().call('verifySignIn', { securityCode: code })));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
  assert.ok(
    answers.every((answer) => answer.status === 200 || answer.body.error === 'code_expired' || answer.body.error === 'account_throttled'),
  );
  const [living] = await world.deps.db.all("select count(*) as n from sessions where state = 'active'");
  assert.equal(living?.['n'], 1);
});

inWorld('sixty-four wrong codes at once are five tries', async (world) => {
  const { owner } = await stolen(world);
  const code = await askForCode(world, owner);
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, n) =>
      owner.copy({ address: `192.0.2.${n + 1}` }).call('verifySignIn', { securityCode: OTHER_CODE(code) }),
    ),
  );
  assert.equal(answers.filter((answer) => answer.body.error === 'wrong_code').length, TRIES);
  assert.equal((await owner.call('verifySignIn', { securityCode: code })).status === 200, false);
});
