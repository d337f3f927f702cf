import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { CODE_LIFE } from '../../src/oauth/authorization-code.ts';
import { backendOf, openSite } from '../backends.ts';
import { actions, claimsOf, everything, familyOf, sessionOf } from '../families.ts';
import { addSite, codeFor, newVerifier } from '../sites.ts';
import { inWorld } from '../world.ts';

inWorld('a code becomes an access token, a refresh token and the user as the site may know them', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop', { roles: ['buyer', 'seller'] });
  const session = await sessionOf(world, ada);
  const { userId } = session;
  assert.ok(userId !== null);
  await saveClientRoles(world.deps.db, { userId, clientId: 'shop', roles: ['buyer'], now: world.clock.now() });
  const answered = await backendOf(world.browser(), shop).redeem(await codeFor(world, ada, shop));
  assert.equal(answered.status, 200, answered.text);
  const { accessToken, refreshToken, ...said } = answered.body;
  assert.deepEqual(said, {
    expiresIn: 300,
    gen: 0,
    sid: session.id,
    expiresAt: session.expiresAt,
    keep: true,
    user: { id: userId, roles: ['buyer'], displayName: '', email: 'ada@example.com', emailVerified: true },
  });
  const claims = claimsOf(accessToken);
  const family = await familyOf(world, String(refreshToken));
  assert.deepEqual(
    [claims.aud, claims.sub, claims.sid, claims.fid, claims.roles, claims.role],
    ['shop', userId, session.id, family.id, ['buyer'], undefined],
  );
  assert.equal(family.expiresAt, session.expiresAt, 'one absolute end for all sites');
  assert.deepEqual(answered.setCookies, []);
  assert.equal(answered.headers['cache-control'], 'no-store');
});

inWorld('a site is told no more of the user than the scope of its code allows', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const { body } = await backendOf(world.browser(), shop).redeem(await codeFor(world, ada, shop, { scope: 'openid' }));
  assert.deepEqual(Object.keys(body['user'] as object).sort(), ['id', 'roles']);
});

/** That a session was looked at under its lock is no change. */
function untouched(tables: Awaited<ReturnType<typeof everything>>): object {
  return { ...tables, sessions: (tables['sessions'] ?? []).map((row) => ({ ...row, touched_at: 0 })) };
}

inWorld(
  'of client, redirect URI, verifier and expiry only the one in sixteen where all are right passes, and the others spend nothing',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const redirectUris = ['https://shop.example.net/auth/callback', 'https://shop.example.net/other'];
    const shop = await addSite(world, 'shop', { redirectUris });
    const other = await addSite(world, 'other', { redirectUris });
    const passed: string[] = [];
    for (let row = 0; row < 16; row += 1) {
      const wrong = { client: (row & 1) > 0, redirectUri: (row & 2) > 0, verifier: (row & 4) > 0, expiry: (row & 8) > 0 };
      const given = await codeFor(world, ada, shop);
      // The last moment that is right, and the first that is wrong.
      world.clock.advance(wrong.expiry ? CODE_LIFE : CODE_LIFE - 1);
      const backend = backendOf(world.browser(), wrong.client ? other : shop);
      const body = {
        code: given.code,
        codeVerifier: wrong.verifier ? newVerifier().verifier : given.verifier,
        redirectUri: wrong.redirectUri ? redirectUris[1] : redirectUris[0],
      };
      const before = await everything(world);
      const answered = await backend.call('token', body);
      if (answered.status === 200) passed.push(JSON.stringify(wrong));
      else {
        assert.deepEqual([answered.status, answered.body.error], [400, 'grant_refused'], JSON.stringify(wrong));
        assert.deepEqual(untouched(await everything(world)), untouched(before), 'nothing was changed');
        const late = await backendOf(world.browser(), shop).redeem(given);
        assert.equal(late.status, wrong.expiry ? 400 : 200, 'the code of somebody honest is as good as before');
      }
    }
    assert.deepEqual(passed, ['{"client":false,"redirectUri":false,"verifier":false,"expiry":false}']);
  },
);

inWorld('of twenty parallel redemptions of one code one answers with tokens, and the replay ends what it issued', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const given = await codeFor(world, ada, shop);
  const answers = await Promise.all(Array.from({ length: 20 }, () => backendOf(world.browser(), shop).redeem(given)));
  const [won, ...lost] = answers.sort((a, b) => a.status - b.status);
  assert.ok(won?.status === 200 && lost.every(({ body }) => body.error === 'grant_refused'));
  const families = await world.deps.db.all(`select state from refresh_tokens where client_id = 'shop'`);
  assert.deepEqual(
    families.map((row) => row['state']),
    ['revoked'],
  );
  assert.equal((await actions(world)).filter((action) => action === 'code.replayed').length, 1);
  assert.ok(world.deps.revoked.isRevoked(claimsOf(won.body['accessToken'])), 'its access token is refused at once');
  assert.equal((await ada.call('session')).body['status'], 'VERIFIED', 'the session goes on');
});

inWorld('a code that comes again with a wrong verifier or a wrong address ends nothing: anybody may have seen it', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const given = await codeFor(world, ada, shop);
  const backend = backendOf(world.browser(), shop);
  const { body } = await backend.redeem(given);
  const { code, verifier: codeVerifier } = given;
  for (const again of [
    { code, codeVerifier: newVerifier().verifier, redirectUri: shop.redirectUri },
    { code, codeVerifier, redirectUri: `${shop.redirectUri}/` },
    { code, redirectUri: shop.redirectUri },
  ])
    assert.equal((await backend.call('token', again)).body.error, 'grant_refused');
  assert.equal((await backend.call('refresh', { refreshToken: body['refreshToken'] })).status, 200);
});

inWorld('no code opens a session that was signed out, is held, or whose user is suspended', async (world) => {
  const shop = await addSite(world, 'shop');
  const backend = backendOf(world.browser(), shop);
  const out = await world.signedUp('out@example.com');
  const codeOfOut = await codeFor(world, out, shop);
  await out.act('signOut');
  const held = await world.signedUp('held@example.com');
  const codeOfHeld = await codeFor(world, held, shop);
  await held.copy().refresh();
  await held.refresh();
  assert.equal((await sessionOf(world, held)).state, 'held');
  const suspended = await world.signedUp('suspended@example.com');
  const codeOfSuspended = await codeFor(world, suspended, shop);
  await world.deps.db.all(`update users set suspended_at = 1 where email = 'suspended@example.com'`);
  for (const code of [codeOfOut, codeOfHeld, codeOfSuspended]) assert.equal((await backend.redeem(code)).body.error, 'grant_refused');
});

inWorld('what is no code, and a field that nobody knows, is refused; a header with an attempt means nothing here', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const backend = backendOf(world.browser(), shop);
  const { code, verifier } = await codeFor(world, ada, shop);
  const right = { code, codeVerifier: verifier, redirectUri: shop.redirectUri };
  for (const bad of ['x', `${code}x`, code.slice(4), `PTC_${code.slice(4)}`])
    assert.equal((await backend.call('token', { ...right, code: bad })).body.error, 'grant_refused');
  for (const bad of [{ ...right, code: [code] }, { ...right, grant: 'x' }, { code }, { ...right, codeVerifier: null }])
    assert.equal((await backend.call('token', bad)).body.error, 'invalid_fields');
  assert.equal((await backend.call('token', right, { [HEADERS.attempt]: 'nonsense' })).status, 200);
});

inWorld('two sign-ins at one site in two tabs both work', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const [first, second] = [await openSite(world, ada, shop), await openSite(world, ada, shop)];
  for (const { backend, refreshToken } of [first, second]) assert.equal((await backend.call('refresh', { refreshToken })).status, 200);
});
