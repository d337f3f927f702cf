import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { backendOf, openSite, refreshed } from '../backends.ts';
import { actions, claimsOf, everything, familyOf, sessionOf } from '../families.ts';
import { addSite } from '../sites.ts';
import { DAY, HOUR, inWorld, MINUTE, ORIGIN } from '../world.ts';

const attempt = (gen: number, letter: string) => `${gen}.${letter.repeat(22)}`;

inWorld('a backend refreshes: the next token, the generation, and the user as of now', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop', { roles: ['buyer'] });
  const { backend, refreshToken, sid } = await openSite(world, ada, shop);
  const { userId, expiresAt } = await sessionOf(world, ada);
  await saveClientRoles(world.deps.db, { userId: userId ?? '', clientId: 'shop', roles: ['buyer'], now: world.clock.now() });
  const { status, body } = await backend.call('refresh', { refreshToken, attempt: attempt(0, 'A') });
  assert.equal(status, 200);
  assert.deepEqual([body['kind'], body['gen'], body['sid'], body['expiresAt'], body['expiresIn']], ['rotated', 1, sid, expiresAt, 300]);
  assert.deepEqual((body['user'] as { roles: unknown }).roles, ['buyer'], 'a role that was given arrives with the next refresh');
  assert.notEqual(body['refreshToken'], refreshToken);
  await saveClientRoles(world.deps.db, { userId: userId ?? '', clientId: 'shop', roles: [], now: world.clock.now() });
  const next = await backend.call('refresh', { refreshToken: body['refreshToken'] });
  assert.deepEqual((next.body['user'] as { roles: unknown }).roles, []);
  assert.deepEqual(claimsOf(next.body['accessToken']).roles, [], 'and in the token');
});

inWorld('an answer that was lost is given again to the same attempt, a second or ten days later, and nothing is written', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
  const asked = { refreshToken, attempt: attempt(0, 'A') };
  const first = await backend.call('refresh', asked);
  for (const wait of [1000, HOUR, 10 * DAY]) {
    world.clock.advance(wait);
    const before = await everything(world);
    const again = await backend.call('refresh', asked);
    assert.deepEqual([again.body['kind'], again.body['refreshToken']], ['replayed', first.body['refreshToken']]);
    assert.deepEqual(await everything(world), before);
  }
});

inWorld('without attempts the token before the newest is answered with the newest, because the backend proved itself', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
  const answers = await Promise.all(Array.from({ length: 20 }, () => backend.call('refresh', { refreshToken })));
  assert.equal(new Set(answers.map(({ body }) => body['refreshToken'])).size, 1, 'twenty processes of one site get one successor');
  world.clock.advance(DAY);
  assert.equal((await backend.call('refresh', { refreshToken })).body['kind'], 'replayed');
});

inWorld('a copied token ends this site’s grant; the session, and its other site, go on', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await openSite(world, ada, await addSite(world, 'shop'));
  const blog = await openSite(world, ada, await addSite(world, 'blog'));
  const { backend, refreshToken } = shop;
  await backend.call('refresh', { refreshToken, attempt: attempt(0, 'A') });
  const thief = await backend.call('refresh', { refreshToken, attempt: attempt(0, 'B') });
  assert.deepEqual([thief.status, thief.body.error], [400, 'session_ended']);
  assert.equal((await backend.call('refresh', { refreshToken, attempt: attempt(0, 'A') })).body.error, 'session_ended');
  assert.ok(world.deps.revoked.isRevoked(claimsOf(shop.accessToken)));
  assert.ok((await actions(world)).includes('refresh.reuse'));
  assert.equal((await blog.backend.call('refresh', { refreshToken: blog.refreshToken })).status, 200);
  assert.equal((await ada.call('session')).body['status'], 'VERIFIED');
});

inWorld(
  'where the operator says so a copied token of a site holds the whole session, and every site is told where to go',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'bank', { reuseEnds: 'session' }));
    const blog = await openSite(world, ada, await addSite(world, 'blog'));
    await backend.call('refresh', { refreshToken, attempt: attempt(0, 'A') });
    await backend.call('refresh', { refreshToken, attempt: attempt(0, 'B') });
    for (let time = 0; time < 3; time += 1) {
      const held = await blog.backend.call('refresh', { refreshToken: blog.refreshToken });
      assert.deepEqual([held.status, held.body.error, held.body['verifyUrl']], [403, 'session_held', ORIGIN + PAGES.verifySignIn]);
      assert.equal((await blog.backend.call('peek', { refreshToken: blog.refreshToken })).body.error, 'session_held');
    }
    assert.equal((await ada.call('session')).body['status'], 'HELD');
  },
);

inWorld('a genuine token of another client is invalid, changes nothing there, and is noted', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await openSite(world, ada, await addSite(world, 'shop'));
  const thief = backendOf(world.browser(), await addSite(world, 'thief'));
  const before = await everything(world);
  for (const { refreshToken } of [shop, ada]) {
    const answered = await thief.call('refresh', { refreshToken });
    assert.deepEqual([answered.status, answered.body.error], [400, 'refresh_invalid']);
    assert.equal((await thief.call('peek', { refreshToken })).body.error, 'refresh_invalid');
  }
  const after = await everything(world);
  assert.deepEqual({ ...after, events: [] }, { ...before, events: [] });
  assert.equal((after['events'] ?? []).filter(({ action }) => action === 'refresh.wrong_client').length, 2);
  assert.equal((await shop.backend.call('refresh', { refreshToken: shop.refreshToken })).status, 200);
});

inWorld('garbage is invalid, and a token whose session ended, expired or rested too long is ended', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop', { idleLife: 2 * DAY });
  const { backend, refreshToken } = await openSite(world, ada, shop);
  for (const bad of ['x', `${refreshToken.slice(0, -1)}_`, refreshToken.slice(1), 'A'.repeat(80)])
    assert.deepEqual((await backend.call('refresh', { refreshToken: bad })).body.error, 'refresh_invalid');
  world.clock.advance(2 * DAY);
  for (const call of ['refresh', 'peek'] as const) {
    const idle = await backend.call(call, { refreshToken });
    assert.deepEqual([idle.status, idle.body.error], [400, 'session_ended'], 'the site’s own idle life');
  }
  const again = await openSite(world, ada, shop);
  await ada.act('signOut');
  for (const call of ['refresh', 'peek'] as const)
    assert.equal((await backend.call(call, { refreshToken: again.refreshToken })).body.error, 'session_ended');
});

inWorld('no site’s family passes the absolute end of the session, however often it is refreshed', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  let shop = await openSite(world, ada, await addSite(world, 'shop'));
  const { expiresAt } = await sessionOf(world, ada);
  while (world.clock.now() + 4 * DAY < expiresAt) {
    world.clock.advance(4 * DAY);
    shop = await refreshed(shop);
    assert.equal((await familyOf(world, shop.refreshToken)).expiresAt, expiresAt);
  }
  world.clock.advance(expiresAt - world.clock.now() - MINUTE);
  shop = await refreshed(shop);
  assert.equal(claimsOf(shop.accessToken).exp, Math.floor(expiresAt / 1000), 'no access token either');
  world.clock.advance(MINUTE);
  assert.equal((await shop.backend.call('refresh', { refreshToken: shop.refreshToken })).body.error, 'session_ended');
});

inWorld('an attempt for another generation is 503 refresh_busy with Retry-After, and ends nothing', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
  const before = await everything(world);
  const answered = await backend.call('refresh', { refreshToken, attempt: attempt(1, 'A') });
  assert.deepEqual([answered.status, answered.body.error, answered.headers['retry-after']], [503, 'refresh_busy', '1']);
  assert.deepEqual(await everything(world), before);
  assert.equal((await backend.call('refresh', { refreshToken, attempt: attempt(0, 'A') })).body['kind'], 'rotated');
});

inWorld(
  'a malformed attempt, or two that differ, is bad_attempt and spends nothing; the header means the same as the field',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
    const before = await everything(world);
    const header = { [HEADERS.attempt]: attempt(0, 'A') };
    for (const [given, headers] of [
      ['nonsense', {}],
      ['0.short', {}],
      [undefined, { [HEADERS.attempt]: 'nonsense' }],
      [attempt(0, 'B'), header],
    ] as const)
      assert.equal((await backend.call('refresh', { refreshToken, attempt: given }, headers)).body.error, 'bad_attempt', String(given));
    assert.deepEqual(await everything(world), before);
    const rotated = await backend.call('refresh', { refreshToken }, header);
    const again = await backend.call('refresh', { refreshToken, attempt: attempt(0, 'A') }, header);
    assert.deepEqual([again.body['kind'], again.body['refreshToken']], ['replayed', rotated.body['refreshToken']]);
  },
);

inWorld('peek mints an access token and changes nothing: no rotation, no write, no longer life', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const opened = await openSite(world, ada, await addSite(world, 'shop'));
  const { backend, refreshToken } = opened;
  world.clock.advance(HOUR);
  const before = await everything(world);
  const peeked = await backend.call('peek', { refreshToken });
  assert.deepEqual(Object.keys(peeked.body).sort(), ['accessToken', 'expiresIn']);
  const claims = claimsOf(peeked.body['accessToken']);
  assert.deepEqual([claims.aud, claims.sid, claims.fid], ['shop', opened.sid, (await familyOf(world, refreshToken)).id]);
  assert.equal(claims.iat, Math.floor(world.clock.now() / 1000));
  assert.deepEqual(await everything(world), before);
  await refreshed(opened);
  world.clock.advance(2 * MINUTE - 1);
  assert.equal((await backend.call('peek', { refreshToken })).status, 200, 'the link before the newest, for two minutes');
  world.clock.advance(1);
  const late = await backend.call('peek', { refreshToken });
  assert.deepEqual([late.status, late.body.error, late.headers['retry-after']], [503, 'refresh_busy', '1'], 'and never a hold');
});

inWorld('a token that is bound to a key is not looked at without it', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
  await world.deps.db.all(`update refresh_tokens set dpop_key = 'thumbprint' where client_id = 'shop'`);
  assert.equal((await backend.call('peek', { refreshToken })).body.error, 'refresh_invalid');
  assert.equal((await backend.call('refresh', { refreshToken })).body.error, 'refresh_invalid');
});
