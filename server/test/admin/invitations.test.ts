import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { allowAccount } from '../../src/accounts/allow-account.ts';
import { parseEmail } from '../../src/accounts/email.ts';
import { insertVerifiedUser } from '../../src/accounts/user.ts';
import { DAY, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { eventOf, staff } from './staff.ts';

const EMAIL = 'ada@example.com';

/** A browser that has signed up by the link, and waits for its code. */
async function signingUp(world: World, token: string) {
  const browser = world.browser();
  const begun = await browser.call('signUp', { email: EMAIL, password: PASSWORD, inviteToken: token });
  return { browser, begun, code: begun.status === 200 ? await world.codeFor(EMAIL) : '' };
}

/** Staff has its accounts before the door is closed to strangers. */
async function thenByInvitation(world: World) {
  const operator = await staff(world, 'admin');
  Object.assign(world.deps, { config: { ...world.deps.config, signup: 'invite' } });
  return operator;
}

inWorld('an admin invites, the address signs up by the letter, and the list tells open, used and expired apart', async (world) => {
  const operator = await staff(world, 'admin');
  assert.equal((await operator.act('invite', { email: 'Ada@Example.com' })).status, 204);
  const event = await eventOf(world, 'invitation.made');
  assert.deepEqual(
    [event?.['actor_id'], event?.['target_kind'], event?.['target'], event?.['after_json']],
    [operator.id, 'invitation', 'A••••@Example.com', JSON.stringify({ expiresAt: world.clock.now() + 7 * DAY })],
  );
  world.clock.advance(MINUTE);
  assert.equal((await operator.act('invite', { email: 'bob@example.com' })).status, 204);
  const token = await world.tokenFor('Ada@Example.com', 'signUp');
  const browser = world.browser();
  await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD, inviteToken: token });
  assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') })).status, 200);
  const seen = await operator.see('invitations');
  assert.deepEqual(
    seen.items.map(({ email, status }) => [email, status]),
    [
      ['bob@example.com', 'open'],
      ['Ada@Example.com', 'used'],
    ],
  );
  assert.deepEqual([seen.signup, seen.domains, seen.mailServer], ['open', [], false]);
  const { next } = await operator.see('invitations', { query: { limit: '1' } });
  const second = await operator.see('invitations', { query: { limit: '1', cursor: next ?? '' } });
  assert.deepEqual([second.items.map(({ email }) => email), second.next], [['Ada@Example.com'], null]);
  const emails = async (query: Record<string, string>) => (await operator.see('invitations', { query })).items.map(({ email }) => email);
  assert.deepEqual(await emails({ status: 'used' }), ['Ada@Example.com']);
  assert.deepEqual(await emails({ status: 'open' }), ['bob@example.com']);
  assert.deepEqual(await emails({ email: ' BOB@example.com ' }), ['bob@example.com']);
  assert.deepEqual(await emails({ status: 'expired' }), []);
  world.clock.advance(7 * DAY);
  const again = await staff(world, 'support');
  const expired = (await again.see('invitations', { query: { status: 'expired' } })).items;
  assert.deepEqual(
    expired.map(({ email, status }) => [email, status]),
    [['bob@example.com', 'expired']],
  );
});

inWorld('sent again, the link before is dead; withdrawn, the newest is dead at once; withdrawing twice is told', async (world) => {
  const operator = await thenByInvitation(world);
  await operator.act('invite', { email: EMAIL });
  const first = await world.tokenFor(EMAIL, 'signUp');
  await operator.act('invite', { email: EMAIL });
  const second = await world.tokenFor(EMAIL, 'signUp');
  assert.notEqual(first, second);
  assert.equal((await signingUp(world, first)).begun.body.error, 'signup_by_invitation');
  const waiting = await signingUp(world, second);
  assert.equal(waiting.begun.status, 200);
  assert.equal((await operator.act('withdrawInvitation', { email: EMAIL })).status, 204);
  assert.equal((await signingUp(world, second)).begun.body.error, 'signup_by_invitation');
  const late = await waiting.browser.call('verifySignIn', { securityCode: waiting.code });
  assert.equal(late.body.error, 'signup_by_invitation', 'also for whoever opened it before, and types the code now');
  const event = await eventOf(world, 'invitation.withdrawn');
  assert.deepEqual([event?.['actor_id'], event?.['target'], event?.['after_json']], [operator.id, 'a••••@example.com', null]);
  assert.match(String(event?.['before_json']), /^\{"expiresAt":\d+\}$/);
  for (const email of [EMAIL, 'nobody@example.com', 'nonsense'])
    assert.equal((await operator.act('withdrawInvitation', { email })).status, 404);
  assert.deepEqual((await operator.see('invitations')).items, []);
});

inWorld(
  'of a withdrawal and twenty sign-ups at once either one account comes or none, and after the withdrawal none ever',
  async (world) => {
    const operator = await thenByInvitation(world);
    const { db } = world.deps;
    for (const [at, text] of ['ada@example.com', 'bob@example.com'].entries()) {
      assert.equal((await operator.act('invite', { email: text })).status, 204);
      const email = parseEmail(text);
      assert.ok(email !== null);
      const signUp = () => db.transaction(async (tx) => insertVerifiedUser(tx, world.deps, await allowAccount(tx, world.deps, email), ''));
      const withdraw = () => operator.act('withdrawInvitation', { email: text });
      const before = at === 0 ? [withdraw()] : [];
      const racing = Promise.allSettled(Array.from({ length: 20 }, signUp));
      const [withdrawn] = await Promise.all(at === 0 ? before : [withdraw()]);
      await racing;
      const accounts = await db.all('select id from users where email_key = $1', [text]);
      assert.equal(accounts.length, withdrawn?.status === 204 ? 0 : 1, String(withdrawn?.status));
      await assert.rejects(signUp, { code: 'signup_by_invitation' });
    }
  },
);

inWorld(
  'what could never be used is refused at the field, and what was typed stays there',
  async (world) => {
    const operator = await staff(world, 'admin', 'boss@corp.example');
    const fieldOf = async (email: string) => (await operator.act('invite', { email })).body['fields'];
    assert.deepEqual(await fieldOf('ada@elsewhere.example'), { email: 'domain_refused' });
    assert.deepEqual(await fieldOf('boss@corp.example'), { email: 'has_account' });
    assert.deepEqual(await fieldOf('not an address'), { email: 'email_malformed' });
    assert.deepEqual(await fieldOf(''), { email: 'malformed' });
    assert.deepEqual(await world.deps.db.all('select email from invitations'), []);
    const back = ADMIN_PAGES.invitations;
    const page = await operator.submit('invite', { email: 'ada@elsewhere.example', back });
    assert.equal(page.status, 400);
    assert.ok(page.text.includes(en.fields.domain_refused) && page.text.includes('value="ada@elsewhere.example"'));
    assert.ok(page.text.includes('corp.example'), 'it says which domains may');
    const done = await operator.submit('invite', { email: 'ada@corp.example', back });
    assert.deepEqual([done.status, done.headers['location']], [303, `${back}?done=invite`]);
    const shown = await operator.page(`${back}?done=invite`);
    assert.ok(shown.text.includes(en.admin.done.invite) && shown.text.includes('ada@corp.example'));
    const token = await world.tokenFor('ada@corp.example', 'signUp');
    assert.ok(!shown.text.includes(token) && !(await operator.read('invitations')).text.includes(token), 'the link is in the letter alone');
    assert.equal((await operator.submit('withdrawInvitation', { email: 'ada@corp.example', back })).status, 303);
    for (const query of [{ status: 'dead' }, { limit: 'all' }, { cursor: 'x' }] as Record<string, string>[]) {
      const refused = await operator.read('invitations', { query });
      assert.deepEqual([refused.status, refused.body['fields']], [400, { [Object.keys(query)[0] ?? '']: 'malformed' }]);
    }
  },
  { config: { signupDomains: ['corp.example'] } },
);

inWorld('where nobody can sign up nobody is invited: closed at the field, and the page says why', async (world) => {
  const operator = await staff(world, 'admin');
  const closed = { ...world.deps.config, signup: 'closed' as const };
  Object.assign(world.deps, { config: closed });
  const page = await operator.page(ADMIN_PAGES.invitations);
  assert.ok(page.text.includes(en.admin.invitations.policies.closed));
  assert.ok(!page.text.includes('action="/admin/do/invitations"'));
  assert.deepEqual((await operator.act('invite', { email: EMAIL })).body['fields'], { email: 'signup_closed' });
});

inWorld('nobody is mailed without end, and support reads and invites nobody', async (world) => {
  const [operator, support] = [await staff(world, 'admin'), await staff(world, 'support')];
  assert.equal((await support.act('invite', { email: EMAIL })).body.error, 'role_required');
  for (let n = 0; n < 5; n += 1) assert.equal((await operator.act('invite', { email: EMAIL })).status, 204);
  const sixth = await operator.act('invite', { email: EMAIL });
  assert.deepEqual([sixth.status, sixth.body.error], [429, 'account_throttled']);
  assert.equal((await support.act('withdrawInvitation', { email: EMAIL })).body.error, 'role_required');
  const page = await support.page(ADMIN_PAGES.invitations);
  assert.ok(page.text.includes(EMAIL) && !page.text.includes('/admin/do/invitations'));
});
