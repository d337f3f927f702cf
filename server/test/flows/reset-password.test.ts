import assert from 'node:assert/strict';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { MAIL_ADDRESS } from '../../src/guessing/limits.ts';
import { actions, everything } from '../families.ts';
import { DAY, HOUR, inWorld, PASSWORD, type World } from '../world.ts';

/** Forgotten passwords: whoever reads the mailbox chooses a new one. */

const EMAIL = 'ada@example.com';
const NEW = 'another horse battery staple';

async function forgot(world: World, email = EMAIL) {
  const answered = await world.browser().call('forgotPassword', { email });
  await world.settled();
  return answered;
}
async function linkFor(world: World, email = EMAIL) {
  assert.equal((await forgot(world, email)).status, 204);
  return world.tokenFor(email, 'reset');
}
const reset = (world: World, token: string, password = NEW) => world.browser().call('resetPassword', { token, password });

inWorld(
  'a new password by the link: it signs in, the old one does not, and everybody who was signed in is out within a second',
  async (world) => {
    const owner = await world.signedUp(EMAIL);
    const elsewhere = world.browser();
    await elsewhere.signIn(EMAIL, PASSWORD);
    const bearer = {
      authorization: `Bearer ${String((await elsewhere.refresh()).body['accessToken'])}`,
      origin: undefined,
      'sec-fetch-site': undefined,
    };
    const token = await linkFor(world);
    const browser = world.browser();
    const answered = await browser.call('resetPassword', { token, password: NEW });
    assert.deepEqual([answered.status, answered.body], [200, { status: 'SIGNED_OUT' }]);
    assert.deepEqual(answered.setCookies, [], 'it signs nobody in');
    for (const signedIn of [owner, elsewhere]) {
      assert.equal((await signedIn.call('me')).body.error, 'signed_out');
      assert.equal((await signedIn.refresh()).body.error, 'session_ended');
    }
    // No database is asked for the list of sessions: the revocation alone stops the token.
    assert.equal((await world.browser().call('mySessions', undefined, { headers: bearer })).body.error, 'signed_out');
    assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials');
    const [letter] = await world.mails();
    assert.equal((await browser.signIn(EMAIL, NEW)).body['status'], 'UNVERIFIED', 'after a recovery every browser types a code');
    assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })).body['status'], 'VERIFIED');
    assert.deepEqual([letter?.to, letter?.subject], [EMAIL, 'Your password at localhost:4000 was changed']);
    const ofUser = await world.deps.db.all("select minimum_uv from revocations where kind = 'sub'");
    assert.deepEqual(
      ofUser.map((row) => row['minimum_uv']),
      [2],
      'so that a token of a session that nobody listed is dead as well',
    );
    const [user] = await world.deps.db.all('select uv, recovered_at from users');
    assert.deepEqual([user?.['uv'], user?.['recovered_at']], [2, world.clock.now()]);
    const done = await actions(world);
    assert.ok(done.includes('password.forgotten') && done.includes('password.reset'));
  },
);

inWorld('a link works once, for an hour, and only until the next one; what is none of ours is answered alike', async (world) => {
  await world.signedUp(EMAIL);
  const first = await linkFor(world);
  const second = await linkFor(world);
  assert.equal((await reset(world, first)).body.error, 'link_expired', 'a newer link kills the older');
  assert.equal((await reset(world, second)).status, 200);
  assert.deepEqual([(await reset(world, second)).status, (await reset(world, second)).body.error], [410, 'link_expired']);
  const third = await linkFor(world);
  world.clock.advance(HOUR - 1);
  assert.equal((await reset(world, third, 'yet another horse battery')).status, 200);
  const fourth = await linkFor(world);
  world.clock.advance(HOUR);
  assert.equal((await reset(world, fourth)).body.error, 'link_expired');
  for (const odd of ['x', 'A'.repeat(43), `${fourth}x`, fourth.toLowerCase(), '../../etc', "' or 1=1"])
    assert.equal((await reset(world, odd)).body.error, 'link_expired', odd);
});

inWorld('a refused password keeps the link, and the rules know whose account it is', async (world) => {
  await world.signedUp(EMAIL);
  const token = await linkFor(world);
  for (const [password, cause] of [
    ['too short', 'password_too_short'],
    ['ada@example.com', 'password_context'],
    ['passwordpassword', 'password_common'],
  ] as const) {
    const answered = await reset(world, token, password);
    assert.deepEqual([answered.status, answered.body['fields']], [422, { password: cause }]);
  }
  assert.equal((await reset(world, token)).status, 200);
});

inWorld('twenty parallel calls with one link set one password', async (world) => {
  await world.signedUp(EMAIL);
  const token = await linkFor(world);
  const passwords = Array.from({ length: 20 }, (_, n) => `${NEW} number ${n}`);
  const answers = await Promise.all(passwords.map((password) => reset(world, token, password)));
  const won = answers.flatMap(({ status }, n) => (status === 200 ? [n] : []));
  assert.equal(won.length, 1);
  assert.ok(answers.every(({ status, body }) => status === 200 || body.error === 'link_expired'));
  for (const [n, password] of passwords.slice(0, 4).entries())
    assert.equal((await world.browser().signIn(EMAIL, password)).status === 200, won[0] === n);
  const [user] = await world.deps.db.all('select uv from users');
  assert.equal(user?.['uv'], 2);
});

inWorld('a password change makes a link that is under way worthless, and so does a suspension', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const token = await linkFor(world);
  await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: NEW });
  assert.equal((await reset(world, token)).body.error, 'link_expired');
  const next = await linkFor(world);
  await world.deps.db.all('update users set suspended_at = $1', [world.clock.now()]);
  assert.equal((await reset(world, next)).body.error, 'link_expired');
  const letters = (await world.mails()).length;
  await forgot(world);
  assert.equal((await world.mails()).length, letters, 'a suspended account is mailed nothing');
});

inWorld('only an account gets a letter; one without a password gets its first', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await world.deps.db.all('delete from passwords');
  const before = (await world.mails()).length;
  assert.equal((await forgot(world, 'nobody@example.com')).status, 204);
  assert.equal((await world.mails()).length, before);
  assert.equal((await reset(world, await linkFor(world))).status, 200);
  assert.equal((await world.browser().signIn(EMAIL, NEW)).status, 200);
  assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
});

inWorld('known and unknown addresses are limited alike: five letters an hour, and one network has twenty', async (world) => {
  await world.signedUp('known@example.com');
  world.clock.advance(DAY);
  for (const email of ['known@example.com', 'nobody@example.com']) {
    const errors: (string | undefined)[] = [];
    for (let n = 0; n < MAIL_ADDRESS.max + 1; n += 1) errors.push((await forgot(world, email)).body.error);
    assert.deepEqual(errors, [...Array<undefined>(MAIL_ADDRESS.max).fill(undefined), 'account_throttled'], email);
  }
  const one = world.browser();
  const answers: number[] = [];
  for (let n = 0; n < 21; n += 1) answers.push((await one.call('forgotPassword', { email: `n${n}@example.com` })).status);
  assert.deepEqual(answers, [...Array<number>(20).fill(204), 429]);
});

inWorld(
  'whoever tries tokens is counted with those who guess passwords, and suspended; an honest link and an old letter are no guesses',
  async (world) => {
    const owner = await world.signedUp(EMAIL);
    const address = '203.0.113.9';
    const guesser = world.browser({ address });
    const answers: (string | undefined)[] = [];
    for (let n = 0; n < 55; n += 1) answers.push((await guesser.call('resetPassword', { token: `${n}`, password: NEW })).body.error);
    assert.deepEqual(answers.indexOf('address_suspended'), 50);
    assert.equal((await world.browser({ address }).signIn(EMAIL, PASSWORD)).body.error, 'address_suspended', 'for passwords as well');
    const token = await linkFor(world);
    assert.equal((await guesser.call('resetPassword', { token, password: NEW })).body.error, 'address_suspended');
    const known = owner.copy({ address });
    assert.equal(
      (await known.call('resetPassword', { token, password: 'short' })).body.error,
      'password_refused',
      'a device that the account knows',
    );

    const honest = world.browser();
    for (let n = 0; n < 70; n += 1)
      assert.equal((await honest.call('resetPassword', { token, password: 'short' })).body.error, 'password_refused');
    assert.equal((await honest.call('resetPassword', { token, password: NEW })).status, 200);
    for (let n = 0; n < 70; n += 1) await honest.call('resetPassword', { token, password: NEW });
    assert.deepEqual(
      (await world.deps.db.all('select network from suspensions')).map((row) => row['network']),
      [address],
    );
  },
);

inWorld('the link is looked at by GET and HEAD without any effect, however often; only what the page posts uses it', async (world) => {
  await world.signedUp(EMAIL);
  const token = await linkFor(world);
  const before = await everything(world);
  for (let n = 0; n < 5; n += 1) {
    for (const method of ['GET', 'HEAD']) {
      const looked = await world.browser().send(method, `/reset?token=${token}`, undefined, { headers: { accept: 'text/html' } });
      assert.equal(looked.status, 200);
    }
  }
  assert.deepEqual(await everything(world), before);
  assert.equal((await reset(world, token)).status, 200);
});

inWorld('a token is in no row, no answer and no other letter, and only the mailbox of the account gets it', async (world) => {
  await world.signedUp(EMAIL);
  const token = await linkFor(world);
  const letters = await world.mails();
  assert.deepEqual(
    letters.filter((letter) => JSON.stringify(letter).includes(token)).map(({ to }) => to),
    [EMAIL],
  );
  const rows = await everything(world);
  assert.ok(!JSON.stringify(rows).includes(token));
  const answered = await reset(world, token);
  assert.ok(!answered.text.includes(token) && !JSON.stringify(answered.headers).includes(token));
});

inWorld('a page of another site asks for no letter and resets nothing', async (world) => {
  await world.signedUp(EMAIL);
  const token = await linkFor(world);
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', [HEADERS.csrf]: undefined };
  for (const [call, body] of [
    ['forgotPassword', { email: EMAIL }],
    ['resetPassword', { token, password: NEW }],
  ] as const)
    assert.equal((await world.browser().call(call, body, { headers })).body.error, 'origin_refused');
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).status, 200);
});

inWorld(
  'without a script: ask, choose, sign in; an answered form is a redirect, and a page of an over link says so before a password is typed',
  async (world) => {
    await world.signedUp(EMAIL);
    const browser = world.browser();
    const page = async (path: string) => browser.send('GET', path, undefined, { headers: { accept: 'text/html' } });
    const submit = async (path: string, fields: Record<string, string>) => {
      const token = /name="form_token" value="([^"]+)"/.exec((await page(path)).text + (await page(PAGES.forgot)).text)?.[1] ?? '';
      return browser.submit(path.split('?')[0] ?? path, { [FORM_FIELDS.form]: token, ...fields });
    };
    const sent = await submit(PAGES.forgot, { email: EMAIL });
    assert.deepEqual([sent.status, sent.headers['location']], [303, `${PAGES.forgot}?notice=sent`]);
    assert.match((await page(`${PAGES.forgot}?notice=sent`)).text, /If there is an account with this address/);
    await world.settled();
    const token = await world.tokenFor(EMAIL, 'reset');
    const path = `${PAGES.reset}?token=${token}`;
    const refused = await submit(path, { token, password: 'short' });
    assert.equal(refused.status, 422);
    assert.match(refused.text, /The password is too short/);
    assert.ok(refused.text.includes(token), 'the form keeps the link');
    const done = await submit(path, { token, password: NEW });
    assert.deepEqual([done.status, done.headers['location']], [303, `${PAGES.signIn}?notice=password_reset`]);
    assert.match((await page(path)).text, /used already/);
    assert.doesNotMatch((await page(path)).text, /<input[^>]*type="password"/);
    assert.equal((await submit(PAGES.reset, { token, password: NEW })).status, 410);
    assert.equal((await browser.submit(PAGES.reset, { token, password: NEW })).status, 403, 'no form of ours');
    const signIn = await submit(PAGES.signIn, { email: EMAIL, password: NEW });
    assert.deepEqual([signIn.status, signIn.headers['location']], [303, PAGES.verifySignIn], 'after a recovery every browser types a code');
    assert.equal((await submit(PAGES.verifySignIn, { securityCode: await world.codeFor(EMAIL) })).status, 303);
    assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  },
);
