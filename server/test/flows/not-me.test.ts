import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { insertIdentity, listIdentities } from '../../src/accounts/identity.ts';
import { WRONG_NETWORK } from '../../src/guessing/limits.ts';
import { NOT_ME_LIFE, RESET_LIFE } from '../../src/mail/link-lives.ts';
import type { Browser } from '../browser.ts';
import { actions, everything, sessionOf } from '../families.ts';
import { DAY, HOUR, inWorld, PASSWORD, type World } from '../world.ts';

/** "This was not me" from the letter about a new sign-in: everything ends, and only the mailbox leads back in. */

const EMAIL = 'ada@example.com';
const PAGE = { headers: { accept: 'text/html' } };

/** Ada's own browser, a thief in her neighbourhood who knows her password, and the token of the letter that told her. */
async function told(world: World): Promise<{ owner: Browser; thief: Browser; token: string }> {
  const owner = await world.signedUp(EMAIL);
  world.clock.advance(HOUR);
  const thief = world.browser();
  assert.equal((await thief.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
  return { owner, thief, token: await tokenOf(world, PAGES.notMe) };
}

async function tokenOf(world: World, page: string, to = EMAIL): Promise<string> {
  const mail = (await world.mails()).find((one) => one.to === to && one.text.includes(`${page}?token=`));
  return /\?token=([A-Za-z0-9_-]{43})/.exec(mail?.text ?? '')?.[1] ?? assert.fail(`no letter with ${page}`);
}

/** Whoever reads the letter: a browser that has nothing to do with the account. */
const reader = (world: World) => world.browser({ address: '192.0.2.44' });

inWorld('the letter’s link ends every session, makes the password worthless, and mails a way to a new one', async (world) => {
  const { owner, thief, token } = await told(world);
  const done = await reader(world).call('notMe', { token });
  assert.deepEqual([done.status, done.body], [200, { status: 'SIGNED_OUT' }]);
  for (const browser of [owner, thief]) {
    assert.equal((await browser.refresh()).body.error, 'session_ended');
    assert.equal((await browser.call('me')).body.error, 'signed_out', 'the access token too, at once');
    assert.equal((await browser.signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials', 'known devices as well');
  }
  const link = await tokenOf(world, PAGES.reset);
  assert.ok(
    (
      await world.deps.db.all("select * from mail_links where purpose = 'reset_password' and used_at is null and expires_at = $1", [
        world.clock.now() + RESET_LIFE,
      ])
    ).length === 1,
  );
  assert.notEqual(link, token);
  const events = await world.deps.db.all("select user_id from events where action = 'signin.disowned'");
  assert.equal(events.length, 1);
  assert.equal((await world.deps.db.all('select * from devices')).length, 0);
  assert.equal((await world.deps.db.all('select * from sightings')).length, 0);
});

inWorld('opening the link, with GET or HEAD, as often as a scanner likes, changes nothing', async (world) => {
  const { owner, token } = await told(world);
  const before = await everything(world);
  for (const method of ['GET', 'HEAD', 'GET']) {
    const page = await reader(world).send(method, `${PAGES.notMe}?token=${token}`, undefined, PAGE);
    assert.equal(page.status, 200);
    assert.match(String(page.headers['cache-control']), /no-store/);
    assert.equal(page.headers['referrer-policy'], 'same-origin', 'no other site learns the token');
  }
  assert.deepEqual(await everything(world), before);
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
});

inWorld(
  'without JavaScript: page, button, and a page that says what happened; the token stands in no address that follows',
  async (world) => {
    const { owner, token } = await told(world);
    const browser = reader(world);
    const page = await browser.send('GET', `${PAGES.notMe}?token=${token}`, undefined, PAGE);
    const form_token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    assert.ok(page.text.includes(en.pages.mailLink.notMe.title) && page.text.includes(`name="token" value="${token}"`));
    const stranger = world.browser();
    assert.equal((await stranger.submit(PAGES.notMe, { token, form_token })).status, 403, 'a form of another browser');
    assert.equal((await owner.refresh()).body['kind'], 'rotated');
    const done = await browser.submit(PAGES.notMe, { token, form_token });
    assert.deepEqual([done.status, done.headers['location']], [303, `${PAGES.notMe}?notice=done`]);
    const after = await browser.send('GET', String(done.headers['location']), undefined, PAGE);
    assert.ok(after.text.includes(en.pages.mailLink.notMe.done) && !after.text.includes(EMAIL));
    assert.equal((await owner.refresh()).body.error, 'session_ended');
    const twice = await browser.submit(PAGES.notMe, { token, form_token });
    assert.equal(twice.status, 410);
    assert.ok(twice.text.includes(en.errors.link_expired));
    for (const broken of ['', '?token=', `?token=${token.slice(1)}`, `?token=${token}&token=${token}`])
      assert.ok((await browser.send('GET', PAGES.notMe + broken, undefined, PAGE)).text.includes(en.pages.mailLink.notMe.over), broken);
  },
);

inWorld('twenty posts of one token at once act once', async (world) => {
  const { token } = await told(world);
  const answers = await Promise.all(Array.from({ length: 20 }, () => world.browser().call('notMe', { token })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.ok(answers.every(({ status, body }) => status === 200 || body.error === 'link_expired'));
  assert.equal((await actions(world)).filter((action) => action === 'signin.disowned').length, 1);
  assert.equal((await world.mails()).filter(({ text }) => text.includes(`${PAGES.reset}?token=`)).length, 1);
  const [user] = await world.deps.db.all('select uv from users');
  assert.equal(user?.['uv'], 2);
});

inWorld('it works for seven days, also after the thief has signed out, and after the thief has changed the password', async (world) => {
  const { thief, token } = await told(world);
  const changed = await thief.act('myPassword', { currentPassword: PASSWORD, newPassword: 'the horse of the thief is new' });
  assert.equal(changed.status, 200, changed.text);
  await thief.act('signOut');
  world.clock.advance(NOT_ME_LIFE - 1);
  assert.equal((await reader(world).call('notMe', { token })).status, 200);
  assert.equal((await thief.signIn(EMAIL, 'the horse of the thief is new')).body.error, 'wrong_credentials');
});

inWorld('a day too late, used, made up, or of another purpose it is worth nothing', async (world) => {
  const { owner, token } = await told(world);
  const code = async (value: string) => (await reader(world).call('notMe', { token: value })).body.error;
  assert.equal(await code('A'.repeat(43)), 'link_expired');
  assert.equal(await code('short'), 'link_expired');
  await world.deps.db.all("update mail_links set purpose = 'undo_email'");
  assert.equal(await code(token), 'link_expired');
  await world.deps.db.all("update mail_links set purpose = 'not_me'");
  world.clock.advance(NOT_ME_LIFE);
  assert.equal(await code(token), 'link_expired');
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
});

inWorld('made-up tokens are guesses: fifty suspend the network', async (world) => {
  const browser = reader(world);
  for (let n = 0; n < WRONG_NETWORK.max; n += 1)
    assert.equal((await browser.call('notMe', { token: String(n).padStart(43, 'A') })).body.error, 'link_expired');
  assert.equal((await browser.call('notMe', { token: 'A'.repeat(43) })).body.error, 'address_suspended');
});

inWorld('the way to a new password goes to the mailbox that was told, not to one that the thief put in its place', async (world) => {
  const { token } = await told(world);
  await world.deps.db.all("update users set email = 'eve@example.com', email_key = 'eve@example.com'");
  assert.equal((await reader(world).call('notMe', { token })).status, 200);
  await tokenOf(world, PAGES.reset);
  assert.deepEqual(
    (await world.mails()).filter(({ to }) => to === 'eve@example.com'),
    [],
  );
});

inWorld('a service that was linked since that sign-in goes with it; one from before stays', async (world) => {
  const owner = await world.signedUp(EMAIL);
  const userId = (await sessionOf(world, owner)).userId ?? '';
  const link = (provider: string) =>
    insertIdentity(world.deps.db, world.deps, { provider, subject: '1', userId, label: provider, tokens: null, now: world.clock.now() });
  await link('github');
  world.clock.advance(DAY);
  await world.browser().signIn(EMAIL, PASSWORD);
  world.clock.advance(1);
  await link('gitlab');
  assert.equal((await reader(world).call('notMe', { token: await tokenOf(world, PAGES.notMe) })).status, 200);
  assert.deepEqual(
    (await listIdentities(world.deps.db, userId)).map(({ provider }) => provider),
    ['github'],
  );
});

inWorld('another user’s sessions, and a not-me without a token, are another matter', async (world) => {
  const bob = await world.signedUp('bob@example.com');
  const { owner, token } = await told(world);
  assert.deepEqual((await reader(world).call('notMe')).body, { status: 'SIGNED_OUT' }, 'a browser that waits for nothing');
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
  await reader(world).call('notMe', { token });
  assert.equal((await bob.refresh()).body['kind'], 'rotated');
  assert.equal((await bob.signIn('bob@example.com', PASSWORD)).body['status'], 'VERIFIED');
});
