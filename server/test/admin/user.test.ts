import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { fillPath, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { insertIdentity } from '../../src/accounts/identity.ts';
import { deletePassword } from '../../src/accounts/password.ts';
import { FORCED_RESETS } from '../../src/guessing/limits.ts';
import type { Browser } from '../browser.ts';
import { claimsOf } from '../families.ts';
import { addSite, openSite } from '../sites.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { eventOf, growOlder, type Staff, staff } from './staff.ts';

const ADA = 'ada@example.com';
const idOf = async (browser: Browser) => String((await browser.call('me')).body['id']);
const signedIn = async (browser: Browser) => (await browser.call('me')).status === 200;
const at = (userId: string) => fillPath(ADMIN_PAGES.user, { userId });

async function ada(world: World): Promise<{ browser: Browser; userId: string }> {
  const browser = await world.signedUp(ADA);
  return { browser, userId: await idOf(browser) };
}

/** Who did what to whom, with what was before and after. */
async function written(world: World, action: string, by: Staff, userId: string): Promise<readonly unknown[]> {
  const event = await eventOf(world, action);
  assert.deepEqual([event?.['actor_id'], event?.['target_kind'], event?.['target'], event?.['user_id']], [by.id, 'user', userId, userId]);
  const { before_json: before, after_json: after } = event ?? {};
  return [before, after].map((json) => (typeof json === 'string' ? JSON.parse(json) : null));
}

const link = (world: World, userId: string, provider: string) =>
  insertIdentity(world.deps.db, world.deps, {
    provider,
    subject: userId,
    userId,
    label: '<b>ada</b>',
    tokens: null,
    now: world.deps.now(),
  });

inWorld('the screen tells of an account what an operator needs, and nothing that opens it', async (world) => {
  const support = await staff(world, 'support');
  const { browser, userId } = await ada(world);
  await link(world, userId, 'github');
  const site = await addSite(world, 'notes', { roles: ['reader', 'editor'] });
  await addSite(world, 'shop', { roles: ['buyer'] });
  await openSite(world, browser, site);
  const seen = await support.see('user', { params: { userId } });
  assert.deepEqual([seen.user.email, seen.user.role, seen.own, seen.may], [ADA, 'user', false, { act: false, decide: false }]);
  assert.deepEqual(
    seen.sessions.map(({ state, device, address, sites }) => [state, device, address, sites.length]),
    [['active', 'Firefox on Windows', browser.options.address, 1]],
  );
  assert.deepEqual(
    seen.identities.map(({ authProvider, label }) => [authProvider, label]),
    [['github', '<b>ada</b>']],
  );
  assert.deepEqual(
    seen.sites.map(({ clientId, defined, roles }) => [clientId, defined, roles]),
    [['notes', ['reader', 'editor'], []]],
  );
  assert.deepEqual(
    seen.otherSites.map(({ clientId }) => clientId),
    ['shop'],
  );
  const asked = await support.see('user', { params: { userId }, query: { site: 'shop' } });
  assert.deepEqual(asked.sites.map(({ clientId }) => clientId).sort(), ['notes', 'shop']);
  assert.ok(seen.events.some(({ action, own }) => action === 'site.opened' || own));
  const page = await support.page(at(userId));
  assert.equal(page.status, 200);
  assert.ok(page.text.includes('&lt;b>ada') && !page.text.includes('<b>ada') && !page.text.includes('data-act'));
  for (const text of [page.text, JSON.stringify(seen)])
    assert.doesNotMatch(text, /argon2|"uv"|sealed|tokenHash|subject/, 'neither hash nor version nor what a service calls them by');
  assert.equal((await support.read('user', { params: { userId: 'A'.repeat(22) } })).status, 404);
  assert.equal((await support.read('user', { params: { userId: 'nobody' } })).status, 404);
  assert.equal((await support.page(at('A'.repeat(22)))).status, 404);
});

inWorld('suspended: signed out at once, no way in, let in again later; of ten operators at once one writes it', async (world) => {
  const admin = await staff(world, 'admin');
  const { browser, userId } = await ada(world);
  const params = { userId };
  assert.deepEqual((await admin.act('suspendUser', { confirm: 'bob@example.com' }, params)).body['fields'], { confirm: 'confirm_differs' });
  assert.equal(await signedIn(browser), true, 'another name, and nothing happened');
  const answers = await Promise.all(Array.from({ length: 10 }, () => admin.act('suspendUser', { confirm: ADA, reason: 'spam' }, params)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]));
  assert.equal((await world.deps.db.all(`select 1 from events where action = 'user.suspended'`)).length, 1);
  assert.deepEqual(await written(world, 'user.suspended', admin, userId), [{ suspended: false }, { suspended: true, sessionsEnded: 1 }]);
  assert.equal((await eventOf(world, 'user.suspended'))?.['reason'], 'spam');
  assert.equal(await signedIn(browser), false);
  assert.equal((await world.browser().signIn(ADA, PASSWORD)).status, 401);
  assert.equal((await admin.act('forceReset', { confirm: ADA }, params)).body.error, 'user_suspended');
  assert.ok((await admin.page(at(userId))).text.includes(en.admin.user.suspendedNow));
  const form = await admin.submit('reinstateUser', { back: at(userId) }, params);
  assert.deepEqual([form.status, form.headers['location']], [303, `${at(userId)}?done=reinstateUser`]);
  assert.deepEqual(await written(world, 'user.reinstated', admin, userId), [{ suspended: true }, { suspended: false }]);
  assert.equal((await world.browser().signIn(ADA, PASSWORD)).status, 200);
});

inWorld(
  'a forced reset: the old password and every session are worth nothing at once, and only the mailed link leads back',
  async (world) => {
    const admin = await staff(world, 'admin');
    const { browser, userId } = await ada(world);
    const params = { userId };
    await browser.act('myEmail', { email: 'thief@example.com' });
    await world.browser().call('forgotPassword', { email: ADA });
    await world.settled();
    const older = await world.tokenFor(ADA, 'reset');
    const refused = await admin.submit('forceReset', { confirm: 'someone@example.com', back: at(userId) }, params);
    assert.equal(refused.status, 400);
    assert.ok(refused.text.includes(en.fields.confirm_differs));
    assert.equal(await signedIn(browser), true, 'another name, and nothing happened');

    assert.equal((await admin.act('forceReset', { confirm: ADA.toUpperCase() }, params)).status, 204);
    assert.deepEqual(await written(world, 'user.reset_forced', admin, userId), [{ hasOne: true }, { hasOne: false, sessionsEnded: 1 }]);
    assert.equal(await signedIn(browser), false);
    assert.equal((await browser.refresh()).status, 400);
    assert.equal((await browser.signIn(ADA, PASSWORD)).status, 401, 'from the known device too');
    const chosen = 'another horse battery staple';
    assert.equal((await world.browser().call('resetPassword', { token: older, password: chosen })).body.error, 'link_expired');
    const begun = `select 1 from mail_links where user_id = $1 and purpose = 'confirm_email' and used_at is null`;
    assert.deepEqual(await world.deps.db.all(begun, [userId]), [], 'what a thief had begun');
    const [letter] = await world.mails();
    assert.deepEqual([letter?.to, letter?.subject], [ADA, 'Choose a new password for localhost:4000']);
    const token = await world.tokenFor(ADA, 'reset');
    assert.equal((await world.browser().call('resetPassword', { token, password: chosen })).status, 200);
    assert.equal((await world.browser().signIn(ADA, PASSWORD)).status, 401);
    assert.equal((await world.browser().signIn(ADA, chosen)).status, 200);
  },
);

inTappedWorld('a password that was right before the reset signs nobody in after it', async (world, tap) => {
  const admin = await staff(world, 'admin');
  const { userId } = await ada(world);
  const thief = world.browser();
  tap.before('from sightings where user_id', async () => {
    assert.equal((await admin.act('forceReset', { confirm: ADA }, { userId })).status, 204);
  });
  assert.equal((await thief.signIn(ADA, PASSWORD)).status, 401);
  assert.equal(await signedIn(thief), false);
});

inWorld('forced resets of one account are few an hour, and a stranger cannot use them up', async (world) => {
  const admin = await staff(world, 'admin');
  const { userId } = await ada(world);
  for (let n = 0; n < 8; n += 1) await world.browser().call('forgotPassword', { email: ADA });
  await world.settled();
  for (let n = 0; n < FORCED_RESETS.max; n += 1)
    assert.equal((await admin.act('forceReset', { confirm: ADA }, { userId })).status, 204, `${n}`);
  const held = await admin.act('forceReset', { confirm: ADA }, { userId });
  assert.deepEqual([held.status, held.body.error], [429, 'account_throttled']);
  assert.ok(Number(held.headers['retry-after']) > 0);
});

inWorld('after a change of address the link of a forced reset goes to the old mailbox, for a week', async (world) => {
  const admin = await staff(world, 'admin');
  const { browser, userId } = await ada(world);
  await browser.act('myEmail', { email: 'thief@example.com' });
  const moved = await browser.act('confirmEmail', { token: await world.tokenFor('thief@example.com', 'confirmEmail') });
  assert.equal(moved.status, 200, moved.text);
  assert.equal((await admin.act('forceReset', { confirm: 'thief@example.com' }, { userId })).status, 204);
  assert.equal((await world.mails())[0]?.to, ADA);
});

inWorld('signed out everywhere by an operator: every browser of the user at the next call, nobody else', async (world) => {
  const admin = await staff(world, 'admin');
  const { browser, userId } = await ada(world);
  const other = world.browser();
  assert.equal((await other.signIn(ADA, PASSWORD)).status, 200);
  assert.deepEqual([await signedIn(browser), await signedIn(other)], [true, true]);
  assert.equal((await admin.act('endUserSessions', {}, { userId })).status, 204);
  assert.deepEqual([await signedIn(browser), await signedIn(other), await signedIn(admin.browser)], [false, false, true]);
  const events = await world.deps.db.all(`select actor_id, reason from events where action = 'session.ended' and user_id = $1`, [userId]);
  assert.deepEqual(
    events.map((row) => [row['actor_id'], row['reason']]),
    [
      [admin.id, 'ended_by_operator'],
      [admin.id, 'ended_by_operator'],
    ],
  );
  assert.deepEqual((await admin.see('user', { params: { userId } })).sessions, []);
});

inWorld('a service is unlinked with its name typed, and the last way in stays, however many try at once', async (world) => {
  const admin = await staff(world, 'admin');
  const { userId } = await ada(world);
  await deletePassword(world.deps.db, userId);
  for (const provider of ['github', 'gitlab']) await link(world, userId, provider);
  const unlink = (authProvider: string, confirm = authProvider) => admin.act('unlinkIdentity', { authProvider, confirm }, { userId });
  assert.deepEqual((await unlink('github', 'gitlab')).body['fields'], { confirm: 'confirm_differs' });
  const answers = await Promise.all(['github', 'gitlab', 'github', 'gitlab'].map((provider) => unlink(provider)));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  assert.ok(answers.some(({ body }) => body.error === 'last_way_in'));
  const [before] = await written(world, 'identity.unlinked', admin, userId);
  assert.equal((await admin.see('user', { params: { userId } })).identities.length, 1);
  assert.ok(['github', 'gitlab'].includes((before as { service: string }).service));
  const letter = (await world.mails()).find(({ to }) => to === ADA);
  assert.ok(letter?.text.includes(en.admin.user.byOperator) && !letter.text.includes('198.51'), 'where the operator sits is not told');
});

inWorld('roles at a site: given by ticks, taken away at once, unknown ones refused', async (world) => {
  const admin = await staff(world, 'admin');
  const { browser, userId } = await ada(world);
  const site = await addSite(world, 'notes', { roles: ['reader', 'editor'] });
  const params = { userId };
  const given = await admin.submit(
    'setUserSiteRoles',
    { clientId: 'notes', 'roles.reader': 'yes', 'roles.editor': 'yes', back: at(userId) },
    params,
  );
  assert.equal(given.status, 303);
  const opened = await openSite(world, browser, site);
  assert.deepEqual(await written(world, 'roles.changed', admin, userId), [{ roles: [] }, { roles: ['editor', 'reader'] }]);
  assert.equal((await admin.act('setUserSiteRoles', { clientId: 'notes', roles: ['god'] }, params)).body.error, 'roles_unknown');
  assert.equal((await admin.act('setUserSiteRoles', { clientId: 'nowhere', roles: [] }, params)).status, 404);
  const before = claimsOf((await browser.refresh()).body['accessToken']).uv ?? 0;
  assert.equal((await admin.act('setUserSiteRoles', { clientId: 'notes', roles: ['reader'] }, params)).status, 204);
  assert.ok((claimsOf((await browser.refresh()).body['accessToken']).uv ?? 0) > before, 'older tokens are refused');
  assert.deepEqual((await admin.see('user', { params })).sites[0]?.roles, ['reader']);
  assert.ok(opened);
});

inWorld('only an owner gives roles in Portico; the last one stays, and is told so at the field', async (world) => {
  const owner = await staff(world, 'owner');
  const admin = await staff(world, 'admin');
  const { browser, userId } = await ada(world);
  assert.equal((await admin.act('setRole', { role: 'admin' }, { userId })).body.error, 'role_required');
  assert.equal((await owner.act('setRole', { role: 'god' }, { userId })).status, 400);
  assert.equal((await owner.act('setRole', { role: 'support' }, { userId })).status, 204);
  assert.deepEqual(await written(world, 'user.role_changed', owner, userId), [{ role: 'user' }, { role: 'support' }]);
  assert.equal((await browser.send('GET', `/api/v1/admin/users/${userId}`)).status, 200);
  assert.equal((await owner.act('setRole', { role: 'user' }, { userId })).status, 204);
  assert.equal((await browser.send('GET', `/api/v1/admin/users/${userId}`)).status, 401, 'the token that says more');
  await browser.refresh();
  assert.equal((await browser.send('GET', `/api/v1/admin/users/${userId}`)).status, 403);
  const stays = await owner.submit('setRole', { role: 'user', back: at(owner.id) }, { userId: owner.id });
  assert.equal(stays.status, 409);
  assert.ok(stays.text.includes(en.fields.last_owner));
  await owner.act('setRole', { role: 'owner' }, { userId });
  const [mine, theirs] = await Promise.all([
    owner.act('setRole', { role: 'user' }, { userId: owner.id }),
    owner.act('setRole', { role: 'user' }, { userId }),
  ]);
  // Whoever comes second is told that nobody else is left, or is no owner any more by then.
  const [done, refused] = [mine, theirs].sort((a, b) => a.status - b.status);
  assert.ok(done?.status === 204 && [401, 403, 409].includes(refused?.status ?? 0), `${mine.status} ${theirs.status}`);
  assert.equal((await world.deps.db.all("select id from users where role = 'owner'")).length, 1, 'both at once leave one');
});

inWorld('a deleted account is gone with the user’s next call; the log says who did it, and not to whom by name', async (world) => {
  const owner = await staff(world, 'owner');
  const { browser, userId } = await ada(world);
  const params = { userId };
  assert.deepEqual((await owner.act('deleteUser', { confirm: 'ada' }, params)).body['fields'], { confirm: 'confirm_differs' });
  const wrong = await owner.submit('deleteUser', { confirm: 'ada', back: at(userId) }, params);
  assert.ok(wrong.status === 400 && wrong.text.includes(en.fields.confirm_differs) && wrong.text.includes(ADA));
  const gone = await owner.submit('deleteUser', { confirm: ADA, back: at(userId) }, params);
  assert.deepEqual([gone.status, gone.headers['location']], [303, `${ADMIN_PAGES.users}?done=deleteUser`]);
  assert.equal(await signedIn(browser), false);
  assert.equal((await world.browser().signIn(ADA, PASSWORD)).status, 401);
  assert.deepEqual(await written(world, 'account.deleted', owner, userId), [{ role: 'user' }, null]);
  const log = JSON.stringify(await world.deps.db.all('select * from events where user_id = $1', [userId]));
  assert.ok(!log.includes('ada@') && !log.includes(browser.options.address));
  assert.equal((await world.mails()).find(({ to }) => to === ADA)?.subject, 'Your account at localhost:4000 was deleted');
  assert.equal((await owner.read('user', { params })).status, 404);
  assert.equal((await owner.act('deleteUser', { confirm: ADA }, params)).status, 404);
});

const ACTS = [
  ['suspendUser', { confirm: 'x' }],
  ['reinstateUser', {}],
  ['forceReset', { confirm: 'x' }],
  ['endUserSessions', {}],
  ['unlinkIdentity', { authProvider: 'github', confirm: 'github' }],
  ['setUserSiteRoles', { clientId: 'notes', roles: ['reader'] }],
] as const;

inWorld('an admin does nothing to an owner or another admin; owners may; nobody does to themselves what locks them out', async (world) => {
  const admin = await staff(world, 'admin');
  const owner = await staff(world, 'owner');
  await addSite(world, 'notes', { roles: ['reader'] });
  const other = await staff(world, 'admin', 'other@staff.example');
  const rows = async () => JSON.stringify(await world.deps.db.all('select id, uv, suspended_at, role from users order by id'));
  const before = await rows();
  for (const target of [owner, other, admin]) {
    for (const [act, body] of ACTS) {
      const typed = /suspend|force/.test(act) ? { confirm: target.email } : body;
      const refused = (await admin.act(act, typed, { userId: target.id })).body.error;
      assert.equal(refused, target === admin && /suspend|force/.test(act) ? 'own_account' : 'role_required', `${act} ${target.email}`);
    }
  }
  for (const act of ['suspendUser', 'forceReset', 'deleteUser'] as const)
    assert.equal((await owner.act(act, { confirm: owner.email }, { userId: owner.id })).body.error, 'own_account', act);
  assert.equal(await rows(), before);
  assert.ok((await signedIn(owner.browser)) && (await signedIn(other.browser)));
  assert.equal((await owner.act('suspendUser', { confirm: other.email }, { userId: other.id })).status, 204);
  assert.equal(await signedIn(other.browser), false);
});

inTappedWorld('who rises while an admin acts on them is judged by what they have become', async (world, tap) => {
  const admin = await staff(world, 'admin');
  const { userId, browser } = await ada(world);
  for (const [act, body] of [
    ['suspendUser', { confirm: ADA }],
    ['forceReset', { confirm: ADA }],
    ['reinstateUser', {}],
  ] as const) {
    const suspendedAt = act === 'reinstateUser' ? 1 : null;
    await world.deps.db.all(`update users set role = 'user', suspended_at = $2 where id = $1`, [userId, suspendedAt]);
    tap.after('previous_email_until from users where id = $1', async () => {
      await world.deps.db.all(`update users set role = 'admin' where id = $1`, [userId]);
    });
    assert.equal((await admin.act(act, body, { userId })).body.error, 'role_required', act);
    const [row] = await world.deps.db.all('select suspended_at from users where id = $1', [userId]);
    assert.equal(row?.['suspended_at'], suspendedAt, act);
  }
  await world.deps.db.all(`update users set suspended_at = null where id = $1`, [userId]);
  assert.ok(await signedIn(browser));
});

inWorld('what gives rights, shuts out or destroys wants a proof of five minutes; a plain form is led to it and back', async (world) => {
  const owner = await staff(world, 'owner');
  const { browser, userId } = await ada(world);
  growOlder(world, 6 * MINUTE);
  await owner.browser.refresh();
  for (const [act, body] of [...ACTS, ['setRole', { role: 'admin' }] as const, ['deleteUser', { confirm: ADA }] as const]) {
    const { status, body: answer } = await owner.act(act, body, { userId });
    if (act === 'endUserSessions') assert.equal(status, 204);
    else assert.deepEqual([status, answer.error], [403, 'fresh_signin_required'], act);
  }
  const led = await owner.submit('suspendUser', { confirm: ADA, back: at(userId) }, { userId });
  assert.equal(led.status, 303);
  assert.ok(String(led.headers['location']).startsWith(PAGES.dashboardProof));
  assert.equal((await world.browser().signIn(ADA, PASSWORD)).status, 200, 'nothing happened');
  assert.ok(browser);
});
