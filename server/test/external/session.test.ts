import assert from 'node:assert/strict';
import { setClientDisabled } from '../../src/clients/client.ts';
import { backendOf, openSite } from '../backends.ts';
import { claimsOf, everything, familyOf, sessionOf } from '../families.ts';
import { addSite } from '../sites.ts';
import { DAY, inWorld } from '../world.ts';

const NOTHING = { status: 'SIGNED_OUT', tokenGood: false };

inWorld('a backend learns how its own session stands, and changes nothing by asking', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, sid, accessToken } = await openSite(world, ada, await addSite(world, 'shop'));
  const { expiresAt, userId } = await sessionOf(world, ada);
  const before = await everything(world);
  const user = { id: userId, roles: [], displayName: '', email: 'ada@example.com', emailVerified: true };
  assert.deepEqual((await backend.call('session', { sid })).body, { status: 'VERIFIED', tokenGood: true, expiresAt, user });
  const { sub, uv, fid, cv } = claimsOf(accessToken);
  assert.deepEqual((await backend.call('session', { sid, sub, uv, fid, cv, clientId: 'shop' })).body['tokenGood'], true);
  assert.deepEqual(await everything(world), before);
});

inWorld('of a session in which the site is not open it learns the same as of one that never was', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const opened = await openSite(world, ada, await addSite(world, 'shop'));
  const stranger = backendOf(world.browser(), await addSite(world, 'stranger'));
  const unknown = await stranger.call('session', { sid: 'A'.repeat(22) });
  const living = await stranger.call('session', { sid: opened.sid });
  assert.deepEqual([living.status, living.body], [unknown.status, unknown.body]);
  assert.deepEqual(living.body, NOTHING);
  for (const clientId of ['shop', 'portico', 'nobody'])
    assert.deepEqual((await stranger.call('session', { sid: opened.sid, clientId })).body, NOTHING, `as if it were ${clientId}`);
  assert.deepEqual((await opened.backend.call('session', { sid: opened.sid, clientId: 'portico' })).body, NOTHING);
});

inWorld('every end ends it: sign-out, leaving the site, idleness, the absolute end, suspension', async (world) => {
  const shop = await addSite(world, 'shop', { idleLife: 2 * DAY });
  const enter = async (name: string) => {
    const browser = await world.signedUp(`${name}@example.com`);
    return { browser, ...(await openSite(world, browser, shop)) };
  };
  const [out, left, idle, over, suspended] = [
    await enter('out'),
    await enter('left'),
    await enter('idle'),
    await enter('over'),
    await enter('susp'),
  ];
  const stands = async ({ backend, sid }: typeof out) => (await backend.call('session', { sid })).body;
  await out.browser.act('signOut');
  await left.backend.call('signOut', { refreshToken: left.refreshToken, local: true });
  await world.deps.db.all(`update users set suspended_at = 1 where email = 'susp@example.com'`);
  await world.deps.db.all(`update sessions set expires_at = $2 where id = $1`, [over.sid, world.clock.now()]);
  for (const one of [out, left, over, suspended]) assert.deepEqual(await stands(one), NOTHING);
  assert.equal((await stands(idle))['status'], 'VERIFIED');
  world.clock.advance(2 * DAY);
  assert.deepEqual(await stands(idle), NOTHING);
});

inWorld('a held session is HELD to a site that is open in it, with nothing of the user', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, sid } = await openSite(world, ada, await addSite(world, 'shop'));
  await ada.copy().refresh();
  await ada.refresh();
  assert.deepEqual((await backend.call('session', { sid })).body, { status: 'HELD', tokenGood: false });
});

inWorld('a token of an older user version, another user, an ended grant or an older client version is not good', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const first = await openSite(world, ada, shop);
  const second = await openSite(world, ada, shop);
  const { sid, backend } = first;
  const { sub, uv, cv, fid } = claimsOf(first.accessToken);
  const good = async (question: object) => (await backend.call('session', { sid, sub, uv, cv, fid, ...question })).body['tokenGood'];
  assert.equal(await good({}), true);
  assert.equal(await good({ sub: 'somebody-else' }), false);
  assert.equal(await good({ fid: (await familyOf(world, ada)).id }), false, 'the browser’s own grant is none of this site');
  await world.deps.db.all('update users set uv = uv + 1 where id = $1', [sub]);
  assert.deepEqual([await good({}), await good({ uv: uv + 1 })], [false, true]);
  const older = await backend.call('session', { sid, uv });
  assert.equal(older.body['status'], 'VERIFIED', 'the sign-in goes on: the site refreshes and has a good one');
  await world.deps.db.all(`update refresh_tokens set state = 'revoked' where id = $1`, [fid ?? '']);
  assert.equal(await good({ uv: uv + 1 }), false);
  assert.equal(await good({ uv: uv + 1, fid: claimsOf(second.accessToken).fid }), true, 'the other tab’s grant lives');
  await setClientDisabled(world.deps.db, 'shop', 1);
  await setClientDisabled(world.deps.db, 'shop', null);
  assert.equal(await good({ uv: uv + 1, fid: claimsOf(second.accessToken).fid }), false, 'made before the site was disabled');
});

inWorld('a verifier of another client’s tokens learns whether they are good, and nothing of the user', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await openSite(world, ada, await addSite(world, 'shop'));
  const verifier = backendOf(world.browser(), await addSite(world, 'api', { kind: 'machine', audiences: ['shop'] }));
  const { sid, sub, uv, fid, cv } = claimsOf(shop.accessToken);
  const asked = { sid, sub, uv, fid, cv, clientId: 'shop' };
  const { expiresAt } = await sessionOf(world, ada);
  assert.deepEqual((await verifier.call('session', asked)).body, { status: 'VERIFIED', tokenGood: true, expiresAt });
  await shop.backend.call('signOut', { refreshToken: shop.refreshToken });
  assert.deepEqual((await verifier.call('session', asked)).body, NOTHING);
});

inWorld('what is no session id, and a version that is no number, is refused', async (world) => {
  const backend = backendOf(world.browser(), await addSite(world, 'shop'));
  const sid = 'A'.repeat(22);
  for (const bad of [{}, { sid: 'x' }, { sid, uv: '1' }, { sid, uv: -1 }, { sid, uv: 1.5 }, { sid, fid: '*' }, { sid, sub: ['a'] }])
    assert.equal((await backend.call('session', bad)).body.error, 'invalid_fields', JSON.stringify(bad));
});
