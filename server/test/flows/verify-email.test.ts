import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { AUTH_PREFIX, PAGES } from '@portico/protocol/routes';
import type { Browser } from '../browser.ts';
import { everything } from '../families.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** The link in the letter of a sign-up: as good as its code, and no better. */

const EMAIL = 'ada@example.com';

async function waiting(world: World, email = EMAIL) {
  const browser = world.browser();
  assert.equal((await browser.call('signUp', { email, password: PASSWORD })).status, 200);
  return { browser, token: await world.tokenFor(email, 'verifyEmail') };
}

inWorld('the link finishes the sign-up in the browser that began it, once, and then the code of its letter is dead', async (world) => {
  const { browser, token } = await waiting(world);
  const securityCode = await world.codeFor(EMAIL);
  const answered = await browser.call('verifyEmail', { token });
  assert.equal(answered.body['status'], 'VERIFIED', answered.text);
  assert.equal((await browser.call('me')).body['email'], EMAIL);
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
  assert.equal((await browser.call('verifyEmail', { token })).body.error, 'link_expired');
  assert.equal((await browser.call('verifySignIn', { securityCode })).body.error, 'code_expired');
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).status, 200);
});

inWorld(
  'A001: in any other browser the link opens nothing and stays good for its own: the victim’s click is worth nothing to the attacker',
  async (world) => {
    const { browser: attacker, token } = await waiting(world, 'victim@example.com');
    const victim = world.browser();
    assert.deepEqual(
      [(await victim.call('verifyEmail', { token })).status, (await victim.call('verifyEmail', { token })).body.error],
      [410, 'link_expired'],
    );
    // Not even in a browser that waits for a sign-up of its own, with the same address.
    await victim.call('signUp', { email: 'victim@example.com', password: 'the password of the victim' });
    assert.equal((await victim.call('verifyEmail', { token })).body.error, 'link_expired');
    assert.deepEqual(await world.deps.db.all('select id from users'), []);
    assert.equal((await attacker.call('session')).body['status'], 'UNVERIFIED');
    const own = await world.tokenFor('victim@example.com', 'verifyEmail');
    assert.equal((await attacker.call('verifyEmail', { token: own })).body.error, 'link_expired');
    assert.equal((await victim.call('verifyEmail', { token: own })).body['status'], 'VERIFIED');
    assert.equal((await attacker.call('verifyEmail', { token })).body.error, 'link_expired', 'the address belongs to the victim now');
    assert.equal((await world.browser().signIn('victim@example.com', PASSWORD)).body.error, 'wrong_credentials');
  },
);

inWorld('the link lives as long as the code beside it, and every further letter has one of its own', async (world) => {
  const { browser, token } = await waiting(world);
  world.clock.advance(MINUTE);
  assert.equal((await browser.call('resendCode')).status, 200);
  const second = await world.tokenFor(EMAIL, 'verifyEmail');
  assert.notEqual(second, token);
  world.clock.advance(9 * MINUTE);
  assert.equal((await browser.call('verifyEmail', { token })).body.error, 'link_expired', 'ten minutes old');
  assert.equal((await browser.call('verifyEmail', { token: second })).body['status'], 'VERIFIED');
});

inWorld('after the code was typed, and after the waiting was ended, the link opens nothing', async (world) => {
  const { browser, token } = await waiting(world);
  await browser.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) });
  assert.equal((await browser.call('verifyEmail', { token })).body.error, 'link_expired');
  const other = await waiting(world, 'bob@example.com');
  await other.browser.call('notMe');
  assert.equal((await other.browser.call('verifyEmail', { token: other.token })).body.error, 'link_expired');
  assert.equal((await world.deps.db.all('select id from users')).length, 1);
});

inWorld('twenty parallel clicks, and twenty with codes among them, open one account and one session', async (world) => {
  const { browser, token } = await waiting(world);
  const securityCode = await world.codeFor(EMAIL);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      n % 5 === 4 ? browser.copy().call('verifySignIn', { securityCode }) : browser.copy().call('verifyEmail', { token }),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  for (const { status, body } of answers) assert.ok(status === 200 || ['link_expired', 'code_expired'].includes(body.error ?? ''));
  assert.equal((await world.deps.db.all('select id from users')).length, 1);
  assert.equal((await world.deps.db.all("select id from sessions where state = 'active'")).length, 1);
});

inWorld('an address that has an account gets a letter without any link but the sign-in', async (world) => {
  await world.signedUp('known@example.com');
  await world.browser().call('signUp', { email: 'known@example.com', password: PASSWORD });
  const [letter] = await world.mails();
  assert.match(letter?.subject ?? '', /already have an account/);
  assert.doesNotMatch(JSON.stringify(letter), /token=/);
});

inWorld('GET and HEAD of the page and of the call change nothing', async (world) => {
  const { browser, token } = await waiting(world);
  const before = await everything(world);
  for (const path of [`${PAGES.verifyEmail}?token=${token}`, `${AUTH_PREFIX}/verify-email?token=${token}`]) {
    for (const method of ['GET', 'HEAD']) {
      for (const accept of ['text/html', 'application/json']) await browser.send(method, path, undefined, { headers: { accept } });
    }
  }
  assert.deepEqual(await everything(world), before);
  assert.equal((await browser.call('verifyEmail', { token })).body['status'], 'VERIFIED');
});

inWorld('the page says in another browser what to do, and opens the account by a button where the sign-up began', async (world) => {
  const { browser, token } = await waiting(world);
  const path = `${PAGES.verifyEmail}?token=${token}`;
  const look = (who: Browser) => who.send('GET', path, undefined, { headers: { accept: 'text/html' } });
  const elsewhere = (await look(world.browser())).text;
  assert.match(elsewhere, /Type the code from the letter there, or open the link there/);
  assert.ok(!/<form/.test(elsewhere));
  const form = (await look(browser)).text;
  const fields = { [FORM_FIELDS.form]: /name="form_token" value="([^"]+)"/.exec(form)?.[1] ?? '', token };
  const other = world.browser();
  const foreign = await other.submit(PAGES.verifyEmail, fields);
  assert.equal(foreign.status, 403, 'the form’s token is bound to its browser');
  const done = await browser.submit(PAGES.verifyEmail, fields);
  assert.deepEqual([done.status, done.headers['location']], [303, PAGES.dashboard]);
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  assert.match((await look(browser)).text, /only in the browser where you began/);
});
