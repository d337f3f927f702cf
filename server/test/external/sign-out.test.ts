import assert from 'node:assert/strict';
import { backendOf, openSite, refreshed } from '../backends.ts';
import { actions, claimsOf, everything } from '../families.ts';
import { addSite } from '../sites.ts';
import { DAY, inWorld, PASSWORD } from '../world.ts';

inWorld(
  'signed out of one site is signed out of all: every site’s token is refused at once, and the browser is signed out',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const shop = await openSite(world, ada, await addSite(world, 'shop'));
    const blog = await openSite(world, ada, await addSite(world, 'blog'));
    const answered = await shop.backend.call('signOut', { refreshToken: shop.refreshToken });
    assert.deepEqual([answered.status, answered.text], [204, '']);
    for (const { accessToken } of [shop, blog]) assert.ok(world.deps.revoked.isRevoked(claimsOf(accessToken)));
    assert.equal((await blog.backend.call('refresh', { refreshToken: blog.refreshToken })).body.error, 'session_ended');
    assert.equal((await ada.refresh()).body.error, 'session_ended');
    const ended = await world.deps.db.all(`select client_id, reason from events where action = 'session.ended'`);
    assert.deepEqual(
      ended.map((row) => ({ ...row })),
      [{ client_id: 'shop', reason: 'signed_out' }],
      'the log says which site asked',
    );
  },
);

inWorld('it is idempotent, and a token that names nothing is answered the same', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
  const twenty = await Promise.all(Array.from({ length: 20 }, () => backend.call('signOut', { refreshToken })));
  assert.ok(twenty.every(({ status }) => status === 204));
  assert.equal((await actions(world)).filter((action) => action === 'session.ended').length, 1);
  const before = await everything(world);
  for (const token of [refreshToken, 'garbage', 'A'.repeat(80)]) {
    const answered = await backend.call('signOut', { refreshToken: token });
    assert.deepEqual([answered.status, answered.text], [204, '']);
  }
  assert.deepEqual(await everything(world), before);
});

inWorld('the oldest token of the site still signs out, and refreshes nothing', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const first = await openSite(world, ada, await addSite(world, 'shop'));
  let newest = first;
  for (let time = 0; time < 6; time += 1) newest = await refreshed(newest);
  world.clock.advance(DAY);
  assert.equal((await first.backend.call('signOut', { refreshToken: first.refreshToken })).status, 204);
  assert.equal((await newest.backend.call('refresh', { refreshToken: newest.refreshToken })).body.error, 'session_ended');
});

inWorld('everywhere ends every session of the user, and nobody else’s', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const phone = ada.copy();
  phone.jar.clear();
  assert.equal((await phone.signIn('ada@example.com', PASSWORD)).body['status'], 'VERIFIED');
  const eve = await world.signedUp('eve@example.com');
  const shop = await addSite(world, 'shop');
  const { backend, refreshToken } = await openSite(world, ada, shop);
  const eves = await openSite(world, eve, shop);
  assert.equal((await backend.call('signOut', { refreshToken, everywhere: true })).status, 204);
  for (const browser of [ada, phone]) assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
  assert.equal((await eves.backend.call('refresh', { refreshToken: eves.refreshToken })).status, 200);
});

inWorld('local leaves this site alone: the session and its other sites go on, and a later token of the site has no say', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const site = await addSite(world, 'shop');
  const shop = await openSite(world, ada, site);
  const tab = await openSite(world, ada, site);
  const blog = await openSite(world, ada, await addSite(world, 'blog'));
  assert.equal((await shop.backend.call('signOut', { refreshToken: shop.refreshToken, local: true })).status, 204);
  for (const { refreshToken, accessToken, backend } of [shop, tab]) {
    assert.equal((await backend.call('refresh', { refreshToken })).body.error, 'session_ended', 'in every tab');
    assert.ok(world.deps.revoked.isRevoked(claimsOf(accessToken)));
  }
  assert.ok(!world.deps.revoked.isRevoked(claimsOf(blog.accessToken)));
  assert.ok((await actions(world)).includes('site.left'));
  // Whoever left a site is not signed out by it afterwards.
  for (const extra of [{}, { everywhere: true }, { local: true }])
    assert.equal((await shop.backend.call('signOut', { refreshToken: shop.refreshToken, ...extra })).status, 204);
  assert.equal((await ada.call('session')).body['status'], 'VERIFIED');
  assert.equal((await blog.backend.call('refresh', { refreshToken: blog.refreshToken })).status, 200);
});

inWorld('a site cannot end a sign-in with a token that is not its own', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await openSite(world, ada, await addSite(world, 'shop'));
  const thief = backendOf(world.browser(), await addSite(world, 'thief'));
  for (const refreshToken of [shop.refreshToken, ada.refreshToken])
    for (const extra of [{}, { everywhere: true }, { local: true }])
      assert.equal((await thief.call('signOut', { refreshToken, ...extra })).status, 204);
  assert.equal((await actions(world)).filter((action) => action === 'refresh.wrong_client').length, 6);
  assert.equal((await shop.backend.call('refresh', { refreshToken: shop.refreshToken })).status, 200);
  assert.equal((await ada.call('session')).body['status'], 'VERIFIED');
});

inWorld('everywhere and local at once is refused', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { backend, refreshToken } = await openSite(world, ada, await addSite(world, 'shop'));
  const answered = await backend.call('signOut', { refreshToken, everywhere: true, local: true });
  assert.deepEqual([answered.status, answered.body.error], [400, 'invalid_fields']);
  assert.equal((await backend.call('refresh', { refreshToken })).status, 200);
});
