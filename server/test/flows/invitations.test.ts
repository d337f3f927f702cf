import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { allowAccount } from '../../src/accounts/allow-account.ts';
import { parseEmail } from '../../src/accounts/email.ts';
import { makeInvitation } from '../../src/accounts/invitation.ts';
import { insertVerifiedUser } from '../../src/accounts/user.ts';
import { everything } from '../families.ts';
import { DAY, inWorld, PASSWORD, type World } from '../world.ts';

/** Sign-up by invitation only. */

const EMAIL = 'ada@example.com';
const INVITE = { config: { signup: 'invite' } } as const;

function address(text: string) {
  const email = parseEmail(text);
  assert.ok(email);
  return email;
}
const invite = async (world: World, text = EMAIL) => (await makeInvitation(world.deps.db, world.deps, address(text))).token;
const signUp = (world: World, email: string, inviteToken: string) =>
  world.browser().call('signUp', { email, password: PASSWORD, inviteToken });

inWorld(
  'the invited address signs up with the link of its letter and proves itself by its code; the invitation is used up by the account',
  async (world) => {
    const token = await invite(world);
    const browser = world.browser();
    const begun = await browser.call('signUp', { email: 'Ada@Example.com', password: PASSWORD, inviteToken: token });
    assert.equal(begun.body['status'], 'UNVERIFIED', 'an invitation proves no mailbox');
    assert.equal((await signUp(world, EMAIL, token)).status, 200, 'a second try, before the first has typed its code');
    const code = (await world.mails())
      .filter(({ to }) => to === 'Ada@Example.com')
      .at(-1)
      ?.text.match(/\b\d{8}\b/)?.[0];
    assert.equal((await browser.call('verifySignIn', { securityCode: code })).body['status'], 'VERIFIED');
    assert.equal((await signUp(world, EMAIL, token)).body.error, 'signup_by_invitation', 'the link is used up');
  },
  INVITE,
);

inWorld(
  'an invitation is for one address, seven days, and until the next one; nobody else signs up with it',
  async (world) => {
    const first = await invite(world);
    assert.equal((await signUp(world, 'eve@example.com', first)).body.error, 'signup_by_invitation');
    assert.equal((await signUp(world, 'ada@example.com.evil.example', first)).body.error, 'signup_by_invitation');
    const second = await invite(world);
    assert.equal((await signUp(world, EMAIL, first)).body.error, 'signup_by_invitation', 'inviting again kills the letter before');
    world.clock.advance(7 * DAY - 1);
    assert.equal((await signUp(world, EMAIL, second)).status, 200);
    world.clock.advance(1);
    assert.equal((await signUp(world, EMAIL, second)).body.error, 'signup_by_invitation');
  },
  INVITE,
);

inWorld(
  'an invitation that ended while the sign-up waited opens nothing, and its code stays good for the next invitation',
  async (world) => {
    const token = await invite(world);
    world.clock.advance(7 * DAY - 60_000);
    const browser = world.browser();
    await browser.call('signUp', { email: EMAIL, password: PASSWORD, inviteToken: token });
    const securityCode = await world.codeFor(EMAIL);
    world.clock.advance(60_000);
    assert.equal((await browser.call('verifySignIn', { securityCode })).body.error, 'signup_by_invitation');
    assert.deepEqual(await world.deps.db.all('select id from users'), []);
    await invite(world);
    assert.equal((await browser.call('verifySignIn', { securityCode })).body['status'], 'VERIFIED');
  },
  INVITE,
);

inWorld(
  'of twenty parallel accounts that one invitation might make, by whichever way, one is made',
  async (world) => {
    await invite(world);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        world.deps.db.transaction(async (tx) => insertVerifiedUser(tx, world.deps, await allowAccount(tx, world.deps, address(EMAIL)), '')),
      ),
    );
    const made = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value !== null);
    assert.equal(made.length, 1);
    assert.equal((await world.deps.db.all('select id from users')).length, 1);
  },
  INVITE,
);

inWorld('where sign-up is open an invitation is not needed and does no harm', async (world) => {
  const token = await invite(world);
  assert.equal((await signUp(world, 'bob@example.com', token)).status, 200);
  await world.signedUp(EMAIL);
  const [row] = await world.deps.db.all('select used_at from invitations');
  assert.notEqual(row?.['used_at'], null, 'the account that came of it uses it up');
});

inWorld(
  'the domains count for the invited too, and a closed sign-up is closed for them',
  async (world) => {
    const token = await invite(world);
    assert.equal((await signUp(world, EMAIL, token)).body.error, 'signup_domain_refused');
  },
  { config: { signup: 'invite', signupDomains: ['corp.example'] } },
);

inWorld('a token of an invitation is nowhere in the database', async (world) => {
  const token = await invite(world);
  const rows = await world.deps.db.all('select * from invitations');
  assert.equal(rows.length, 1);
  assert.ok(!JSON.stringify(rows).includes(token));
});

inWorld(
  'the page of the link shows the invited address, keeps the token in its form, and changes nothing by being opened; other pages offer no sign-up',
  async (world) => {
    const token = await invite(world);
    const browser = world.browser();
    const page = (path: string) => browser.send('GET', path, undefined, { headers: { accept: 'text/html' } });
    for (const path of [PAGES.landing, PAGES.signIn]) assert.ok(!(await page(path)).text.includes(`href="${PAGES.signUp}"`), path);
    for (const query of ['', '?invite=', `?invite=${'A'.repeat(43)}`, '?invite=a&invite=b']) {
      const without = await page(`${PAGES.signUp}${query}`);
      assert.ok(without.text.includes('created by invitation') && !without.text.includes('name="password"'), query);
    }
    const before = await everything(world);
    const shown = await page(`${PAGES.signUp}?invite=${token}`);
    assert.deepEqual(await everything(world), before);
    assert.match(shown.text, /<input[^>]*name="email"[^>]*value="ada@example.com"/);
    const formToken = /name="form_token" value="([^"]+)"/.exec(shown.text)?.[1] ?? '';
    const inviteToken = /name="inviteToken" value="([^"]+)"/.exec(shown.text)?.[1];
    assert.equal(inviteToken, token);
    const fields = { [FORM_FIELDS.form]: formToken, inviteToken: token, email: EMAIL };
    const refused = await browser.submit(PAGES.signUp, { ...fields, password: 'short' });
    assert.ok(refused.status === 422 && refused.text.includes(token), 'a refused form keeps the invitation');
    const done = await browser.submit(PAGES.signUp, { ...fields, password: PASSWORD });
    assert.deepEqual([done.status, done.headers['location']], [303, PAGES.verifySignIn]);
  },
  INVITE,
);

inWorld(
  'closed: the page has no form, even for the invited, and says why',
  async (world) => {
    const token = await invite(world);
    const shown = await world.browser().send('GET', `${PAGES.signUp}?invite=${token}`, undefined, { headers: { accept: 'text/html' } });
    assert.ok(shown.text.includes('New accounts are not created here') && !/<form/.test(shown.text) && !shown.text.includes(EMAIL));
  },
  { config: { signup: 'closed' } },
);
