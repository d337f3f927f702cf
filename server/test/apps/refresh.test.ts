import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { setRoles } from '../../src/clients/set-roles.ts';
import type { Answered } from '../browser.ts';
import { OPERATOR } from '../clients/registered.ts';
import { actions, claimsOf, everything, familyOf, sessionOf } from '../families.ts';
import { DAY, HOUR, inWorld, ORIGIN, PASSWORD } from '../world.ts';
import { addApp, appToken, callFrom, openApp, refreshFrom, requireOk } from './apps.ts';

/** Each app in the browser has its own family, with the whole protocol of the chain. */

const kindsOf = (answers: readonly Answered[]) => answers.map(({ body }) => body.error ?? (body['kind'] as string)).toSorted();

inWorld(
  'an app refreshes with its own cookie: its own token, its own chain, what its scope lets it know, and no other cookie',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const notes = await addApp(world, 'notes', { roles: ['author'], accessLife: 2 * 60_000 });
    const own = await familyOf(world, ada);
    const session = await sessionOf(world, ada);
    await setRoles(world.deps, OPERATOR, { userId: session.userId ?? '', clientId: 'notes', roles: ['author'] });
    const answer = await openApp(notes, ada, { scope: 'openid profile' });
    assert.deepEqual(Object.keys(answer.body).sort(), ['accessToken', 'csrfToken', 'expiresAt', 'expiresIn', 'gen', 'kind', 'user']);
    const { kind, gen, expiresAt, expiresIn, user } = answer.body;
    assert.deepEqual([kind, gen, expiresAt, expiresIn], ['rotated', 1, session.expiresAt, 120]);
    assert.deepEqual(user, { id: session.userId, roles: ['author'], displayName: '' });
    const claims = claimsOf(answer.body['accessToken']);
    assert.deepEqual([claims.aud, claims.client_id, claims.sid, claims.scope], ['notes', 'notes', session.id, 'openid profile']);
    assert.deepEqual([claims.roles, claims.role, claims.csrf_from], [['author'], undefined, undefined]);
    const [line = '', ...others] = answer.setCookies;
    assert.deepEqual(others, []);
    assert.match(line, /^portico_rt_notes=ptr_[A-Za-z0-9_-]{76}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    assert.deepEqual(await familyOf(world, ada), own, 'the browser’s own chain did not move');
    const status = (await callFrom(notes, ada, 'session')).body;
    assert.deepEqual([status['status'], status['user'], status['gen'], status['expiresAt']], ['VERIFIED', user, 1, expiresAt]);
  },
);

inWorld(
  'on https the cookie of an app has the prefix that no sibling host can plant',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const notes = await addApp(world, 'notes.v-2_x', { origin: 'https://notes.example.com' });
    const [line = ''] = (await openApp(notes, ada)).setCookies;
    assert.match(line, /^__Host-portico_rt_notes\.v-2_x=ptr_[A-Za-z0-9_-]{76}; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/);
    const planted = ada.copy();
    planted.jar.set(`${COOKIES.refresh}_${notes.id}`, { value: appToken(ada, notes), endsAt: null });
    planted.jar.delete(`__Host-${COOKIES.refresh}_${notes.id}`);
    assert.equal((await refreshFrom(notes, planted, { attempt: null })).body.error, 'refresh_invalid');
  },
  { config: { origin: 'https://example.com', appOrigin: 'https://app.example.com', apiOrigin: 'https://api.example.com' } },
);

inWorld('twenty callers with one cookie of an app: one successor, and all are signed in', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  await openApp(notes, ada);
  const attempt = ada.newAttempt(1);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refreshFrom(notes, ada.copy(), { attempt })));
  assert.deepEqual(kindsOf(answers), [...Array.from({ length: 19 }, () => 'replayed'), 'rotated']);
  assert.equal(new Set(answers.map(({ setCookies }) => setCookies[0]?.split(';')[0])).size, 1);
  assert.equal((await familyOf(world, appToken(ada, notes))).gen, 2);
  world.clock.advance(10 * DAY);
  assert.equal(
    (await refreshFrom(notes, ada, { attempt })).body['kind'],
    'replayed',
    'an answer that was lost is given again, however late',
  );
});

inWorld('two apps and our own pages refresh at the same moment, again and again, and all live', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const [notes, maps] = [await addApp(world), await addApp(world, 'maps', { origin: 'http://localhost:5174' })];
  await openApp(notes, ada);
  await openApp(maps, ada);
  for (let gen = 1; gen <= 5; gen += 1) {
    const answers = await Promise.all([refreshFrom(notes, ada, { gen }), refreshFrom(maps, ada, { gen }), ada.refresh()]);
    assert.deepEqual(kindsOf(answers), ['rotated', 'rotated', 'rotated']);
  }
});

inWorld('a generation that is not the cookie’s is told to read again, and GET session says which it is', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  await openApp(notes, ada);
  const before = await everything(world);
  const answer = await refreshFrom(notes, ada, { gen: 0 });
  assert.deepEqual([answer.status, answer.body.error, answer.setCookies], [409, 'retry', []]);
  assert.equal((await callFrom(notes, ada, 'session')).body['gen'], 1);
  assert.deepEqual(await everything(world), before);
  const late = ada.copy();
  for (const gen of [1, 2]) requireOk(await refreshFrom(notes, ada, { gen }));
  const behind = await callFrom(notes, late, 'session');
  assert.deepEqual([behind.status, behind.body.error, behind.body['gen']], [409, 'retry', 1]);
  assert.equal((await refreshFrom(notes, ada, { gen: 3, attempt: 'nonsense' })).body.error, 'bad_attempt');
});

inWorld('a copied cookie of an app ends that app in this session, and nothing else: owner and thief meet at authorize', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const [notes, maps] = [await addApp(world), await addApp(world, 'maps', { origin: 'http://localhost:5174' })];
  await openApp(notes, ada);
  await openApp(maps, ada);
  const thief = ada.copy({ address: '203.0.113.9' });
  requireOk(await refreshFrom(notes, thief, { gen: 1 }));
  world.clock.advance(HOUR);
  const noticed = await refreshFrom(notes, ada, { gen: 1 });
  assert.deepEqual([noticed.status, noticed.body.error, noticed.setCookies], [400, 'session_ended', []]);
  assert.equal((await refreshFrom(notes, thief, { gen: 2 })).body.error, 'session_ended');
  assert.ok((await actions(world)).includes('refresh.reuse'));
  assert.equal((await refreshFrom(maps, ada, { gen: 1 })).body['kind'], 'rotated');
  assert.equal((await ada.refresh()).body['kind'], 'rotated');
  assert.equal((await openApp(notes, ada)).body['kind'], 'rotated');
});

inWorld('without the device cookie, or with another one, a cookie of an app is a copied one', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  for (const device of [null, 'A'.repeat(22)]) {
    ada.jar.delete('portico_rt_notes');
    await openApp(notes, ada);
    const thief = ada.copy();
    thief.jar.delete(COOKIES.device);
    if (device !== null) thief.jar.set(COOKIES.device, { value: device, endsAt: null });
    assert.equal((await callFrom(notes, thief, 'session')).body.error, 'retry', 'a look ends nothing');
    assert.equal((await refreshFrom(notes, thief, { gen: 1 })).body.error, 'session_ended');
    assert.equal((await refreshFrom(notes, ada, { gen: 1 })).body.error, 'session_ended');
  }
  assert.equal((await ada.refresh()).status, 200);
});

inWorld('where the operator widened it, a copied cookie of an app holds the whole session', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world, 'notes', { reuseEnds: 'session' });
  await openApp(notes, ada);
  requireOk(await refreshFrom(notes, ada.copy(), { gen: 1 }));
  world.clock.advance(HOUR);
  assert.equal((await refreshFrom(notes, ada, { gen: 1 })).body.error, 'session_held');
  assert.equal((await ada.refresh()).body.error, 'session_held');
});

inWorld('a session that is held is held at the app too, with the way to the code; after the code it is entered anew', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  await openApp(notes, ada);
  const copied = ada.copy();
  await copied.refresh();
  world.clock.advance(HOUR);
  assert.equal((await ada.refresh()).body.error, 'session_held');
  for (const browser of [ada, copied]) {
    const held = await refreshFrom(notes, browser, { gen: 1 });
    assert.deepEqual([held.status, held.body.error, held.setCookies], [403, 'session_held', []]);
    assert.equal(held.body['verifyUrl'], ORIGIN + PAGES.verifySignIn);
    assert.deepEqual((await callFrom(notes, browser, 'session')).body, { status: 'HELD' });
  }
  await ada.call('resendCode');
  requireOk(await ada.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') }));
  assert.equal((await refreshFrom(notes, ada, { gen: 1 })).body.error, 'session_ended', 'what the thief has copied stays dead');
  assert.equal((await openApp(notes, ada)).body['kind'], 'rotated');
  assert.equal((await refreshFrom(notes, copied, { gen: 1 })).body.error, 'session_ended');
});

inWorld('whatever ends the session ends it at the app: a new password, everywhere, a suspended user', async (world) => {
  const notes = await addApp(world);
  const browsers = [
    await world.signedUp('ada@example.com'),
    await world.signedUp('eve@example.com'),
    await world.signedUp('bob@example.com'),
  ];
  const [ada, eve, bob] = browsers;
  assert.ok(ada !== undefined && eve !== undefined && bob !== undefined);
  const tokens = [];
  for (const browser of browsers) tokens.push(claimsOf((await openApp(notes, browser)).body['accessToken']));
  requireOk(await ada.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }));
  requireOk(await eve.act('signOut', { everywhere: true }), 204);
  await world.deps.db.all('update users set suspended_at = $1 where email = $2', [1, 'bob@example.com']);
  for (const browser of browsers) assert.equal((await refreshFrom(notes, browser, { gen: 1 })).body.error, 'session_ended');
  for (const claims of tokens.slice(0, 2)) assert.ok(world.deps.revoked.isRevoked(claims), 'and its access token is refused at once');
});

inWorld('extending: softly the cookie is set again while it is the newest; hard it rotates', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world, 'notes', { idleLife: DAY });
  const { csrfToken } = (await openApp(notes, ada)).body;
  world.clock.advance(2 * HOUR);
  const token = appToken(ada, notes);
  const soft = requireOk(await callFrom(notes, ada, 'extendSoft'), 204);
  assert.deepEqual(soft.setCookies, [`portico_rt_notes=${token}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax`]);
  assert.equal((await familyOf(world, token)).idleAt, world.clock.now() + DAY);
  const headers = { 'portico-csrf': String(csrfToken), 'portico-attempt': ada.newAttempt(1) };
  const late = ada.copy();
  const hard = requireOk(await callFrom(notes, ada, 'extendHard', { headers }));
  assert.deepEqual([hard.body['kind'], hard.body['gen'], hard.setCookies.length], ['rotated', 2, 1]);
  const again = requireOk(await callFrom(notes, late, 'extendHard', { headers }));
  assert.equal(again.body['kind'], 'replayed');
  const behind = ada.copy();
  requireOk(await refreshFrom(notes, ada, { gen: 2 }));
  assert.deepEqual((await callFrom(notes, behind, 'extendSoft')).setCookies, [], 'or the browser would fall back to it');
  world.clock.advance(DAY);
  assert.equal(appToken(ada, notes), '', 'it has rested for too long, and its cookie ended with it');
});
