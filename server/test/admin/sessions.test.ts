import assert from 'node:assert/strict';
import { ADMIN_EXPORT_PAGES, ADMIN_EXPORTS, ADMIN_PAGES, ADMIN_PREFIX } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import { holdSession, revokeSession } from '../../src/sessions/session.ts';
import { sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { addSite, openSite } from '../sites.ts';
import { DAY, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { eventOf, type Staff, staff } from './staff.ts';

const idsOf = async (who: Staff, query: Record<string, string> = {}) => (await who.see('sessions', { query })).items.map(({ id }) => id);
const rename = (world: World, email: string, name: string) =>
  world.deps.db.all('update users set display_name = $2 where email_key = $1', [email, name]);

inWorld('every session newest first in pages, found by user, address, id and state, each with what an operator needs', async (world) => {
  const admin = await staff(world, 'admin');
  world.clock.advance(MINUTE);
  const ada = await world.signedUp('ada@example.com', { address: '203.0.113.7' });
  const { id: first, userId } = await sessionOf(world, ada);
  world.clock.advance(MINUTE);
  const phone = world.browser({ address: '2001:db8::7' });
  await phone.signIn('ada@example.com', PASSWORD);
  const [second] = await world.deps.db.all('select id from sessions where user_id = $1 order by created_at desc limit 1', [userId]);
  world.clock.advance(MINUTE);
  await world.browser().call('signUp', { email: 'eve@example.com', password: PASSWORD });
  const mine = (await sessionOf(world, admin.browser)).id;

  const all = await admin.see('sessions');
  assert.deepEqual(
    all.items.map(({ id, user, status, mayEnd, current }) => [id, user?.email ?? null, status, mayEnd, current]),
    [
      [all.items[0]?.id, null, 'unverified', true, false],
      [second?.['id'], 'ada@example.com', 'unverified', true, false],
      [first, 'ada@example.com', 'active', true, false],
      [mine, admin.email, 'active', false, true],
    ],
  );
  const seen = all.items[2];
  assert.deepEqual(
    [seen?.address, seen?.kind, seen?.methods, seen?.lastSeenAt === seen?.createdAt, seen?.endedReason],
    ['203.0.113.7', 'browser', ['pwd', 'otp'], true, null],
  );
  const page = await admin.see('sessions', { query: { limit: '3' } });
  assert.deepEqual(await idsOf(admin, { limit: '3', cursor: page.next ?? '' }), [mine]);

  assert.deepEqual(await idsOf(admin, { user: ` ${userId} ` }), [second?.['id'], first]);
  assert.deepEqual(await idsOf(admin, { address: '203.0.113.7' }), [first]);
  assert.deepEqual(await idsOf(admin, { address: '2001:DB8:0::7' }), [second?.['id']], 'in whichever spelling');
  assert.deepEqual(await idsOf(admin, { session: first }), [first]);
  assert.deepEqual(await idsOf(admin, { session: first, state: 'held' }), []);
  await world.deps.db.transaction((tx) => holdSession(tx, world.deps, first));
  assert.deepEqual(await idsOf(admin, { state: 'held' }), [first]);
  assert.deepEqual(await idsOf(admin, { state: 'active' }), [mine]);
  assert.equal((await idsOf(admin, { state: 'unverified' })).length, 2);
  await world.deps.db.transaction((tx) => revokeSession(tx, world.deps, first, 'not_me'));
  const [ended] = (await admin.see('sessions', { query: { state: 'ended' } })).items;
  assert.deepEqual([ended?.id, ended?.status, ended?.endedReason, ended?.mayEnd], [first, 'ended', 'not_me', false]);
});

inWorld('what is over by its time alone is shown as expired, and is neither active nor anything to end', async (world) => {
  const ada = await world.signedUp('ada@example.com', { keep: false });
  const { id } = await sessionOf(world, ada);
  world.clock.advance(DAY);
  const support = await staff(world, 'support');
  const item = (await support.see('sessions', { query: { session: id } })).items[0];
  assert.deepEqual([item?.status, item?.mayEnd], ['expired', false]);
  assert.ok(!(await idsOf(support, { state: 'active' })).includes(id));
});

onTwoNodes('an ended session is over at every site and node within a reading; its event says who ended it', async (first, second) => {
  const admin = await staff(first, 'admin');
  const site = await addSite(first, 'notes', { backchannelLogoutUri: 'https://notes.example.net/logout' });
  const ada = await first.signedUp('ada@example.com');
  const opened = await openSite(first, ada, site);
  const { id, userId } = await sessionOf(first, ada);
  assert.equal((await ada.call('me')).status, 200);
  assert.equal((await admin.act('endSession', {}, { sessionId: id })).status, 204);
  assert.equal((await ada.call('me')).body.error, 'signed_out', 'the signature is still good, and the session is not');
  const token = { aud: 'notes', sub: userId ?? '', sid: id };
  assert.ok(first.deps.revoked.isRevoked(token), 'here at once');
  await readRevocations(second.deps, NOTHING_READ);
  assert.ok(second.deps.revoked.isRevoked({ aud: 'notes', sub: userId ?? '', sid: id, fid: opened.family.id }));
  assert.equal((await ada.refresh()).body.error, 'session_ended');
  const [family] = await first.deps.db.all('select state from refresh_tokens where id = $1', [opened.family.id]);
  assert.equal(family?.['state'], 'revoked');
  assert.equal((await first.deps.db.all('select id from logouts where session_id = $1', [id])).length, 1, 'the site is told');
  const event = await eventOf(first, 'session.ended');
  assert.deepEqual(
    ['actor_id', 'user_id', 'session_id', 'target_kind', 'target', 'reason', 'before_json', 'after_json'].map((name) => event?.[name]),
    [admin.id, userId, id, 'session', id, 'ended_by_operator', '{"state":"active"}', '{"state":"revoked"}'],
  );
});

inWorld('of twenty operators who end a session at once one writes the event; an unknown session is told', async (world) => {
  const admin = await staff(world, 'admin');
  const ada = await world.signedUp('ada@example.com');
  const { id } = await sessionOf(world, ada);
  const answers = await Promise.all(Array.from({ length: 20 }, () => admin.act('endSession', {}, { sessionId: id })));
  assert.ok(answers.every(({ status }) => status === 204));
  assert.equal((await world.deps.db.all("select id from events where action = 'session.ended'")).length, 1);
  assert.equal((await world.deps.db.all('select id from revocations where subject = $1', [id])).length, 1);
  assert.equal((await admin.act('endSession', {}, { sessionId: 'A'.repeat(22) })).status, 404);
  assert.equal((await admin.act('endSession', {}, { sessionId: '..' })).status, 404);
});

inWorld('an admin ends no session of an admin or owner, support ends none, an owner ends every one', async (world) => {
  const [support, admin, owner] = [await staff(world, 'support'), await staff(world, 'admin'), await staff(world, 'owner')];
  const peer = await staff(world, 'admin', 'peer@staff.example');
  const idOf = async (who: Staff) => (await sessionOf(world, who.browser)).id;
  const user = (await sessionOf(world, await world.signedUp('ada@example.com'))).id;
  for (const target of [await idOf(owner), await idOf(peer), await idOf(admin)])
    assert.equal((await admin.act('endSession', {}, { sessionId: target })).body.error, 'role_required');
  assert.equal((await support.act('endSession', {}, { sessionId: user })).body.error, 'role_required');
  const offered = (await admin.see('sessions')).items.filter(({ mayEnd }) => mayEnd).map(({ id }) => id);
  assert.deepEqual(offered.sort(), [await idOf(support), user].sort());
  assert.ok((await support.see('sessions')).items.every(({ mayEnd }) => !mayEnd));
  assert.equal((await owner.act('endSession', {}, { sessionId: await idOf(peer) })).status, 204);
  assert.equal((await peer.read('sessions')).body.error, 'signed_out');
});

inWorld('by plain form: the session is ended, the page says so, and what people call themselves is a text', async (world) => {
  const admin = await staff(world, 'admin');
  const { id } = await sessionOf(world, await world.signedUp('ada@example.com'));
  await rename(world, 'ada@example.com', '<script>alert(1)</script>');
  const back = `${ADMIN_PAGES.sessions}?session=${id}`;
  const page = await admin.page(back);
  assert.ok(page.text.includes('&lt;script>alert(1)') && !page.text.includes('<script>alert'));
  assert.ok(page.text.includes(`/admin/do/sessions/${id}/end`));
  const done = await admin.submit('endSession', { back }, { sessionId: id });
  assert.deepEqual([done.status, done.headers['location']], [303, `${back}&done=endSession`]);
  const after = await admin.page(`${back}&done=endSession`);
  assert.ok(after.text.includes(en.admin.done.endSession) && after.text.includes(en.admin.sessions.reasons.ended_by_operator));
  assert.ok(!after.text.includes(`/admin/do/sessions/${id}/end`), 'nothing is left to end');
});

inWorld('as CSV, with the same filters, for whoever may read; a formula is a text', async (world) => {
  const support = await staff(world, 'support');
  const ada = await world.signedUp('ada@example.com', { address: '203.0.113.7', userAgent: '=HYPERLINK("http://evil.example")' });
  const { id, userId } = await sessionOf(world, ada);
  const file = await support.browser.send('GET', `${ADMIN_PREFIX}${ADMIN_EXPORTS.sessions}?address=203.0.113.7`);
  assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8');
  const [head = '', row = '', ...rest] = file.text.split('\r\n');
  assert.deepEqual(rest, ['']);
  assert.ok(head.startsWith('session,status,user_id,email,kind,user_agent,'));
  assert.ok(row.startsWith(`${id},active,${userId},ada@example.com,browser,"'=HYPERLINK(""http://evil.example"")",203.0.113.7,pwd otp,`));
  assert.equal((await support.page(`${ADMIN_EXPORT_PAGES}${ADMIN_EXPORTS.sessions}?state=held`)).text.split('\r\n').length, 2);
  const user = await staff(world, 'user');
  assert.equal((await user.browser.send('GET', `${ADMIN_PREFIX}${ADMIN_EXPORTS.sessions}`)).body.error, 'role_required');
});

inWorld('a filter that is none is refused with its name', async (world) => {
  const admin = await staff(world, 'admin');
  const fieldsOf = async (query: Record<string, string>) => {
    const { status, body } = await admin.read('sessions', { query });
    return [status, body['fields']];
  };
  assert.deepEqual(await fieldsOf({ address: '203.0.113.7/24' }), [400, { address: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ address: "1' or '1'='1" }), [400, { address: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ user: 'ada' }), [400, { user: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ session: 'x'.repeat(23) }), [400, { session: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ state: 'revoked' }), [400, { state: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ limit: '0' }), [400, { limit: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ order: 'asc' }), [400, { order: 'unknown' }]);
  const { next } = await admin.see('sessions', { query: { limit: '1' } });
  assert.equal(next, null, 'there is one session');
});
