import assert from 'node:assert/strict';
import { OAUTH } from '@portico/protocol/routes';
import { setRoles } from '../../src/clients/set-roles.ts';
import type { Browser } from '../browser.ts';
import { claimsOf, everything, sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { ask, refreshing, tokensOf } from '../oauth/ask.ts';
import { inWorld, type World } from '../world.ts';
import { OPERATOR, registerSite, tokensAt } from './registered.ts';

async function userOf(world: World, browser: Browser): Promise<string> {
  return (await sessionOf(world, browser)).userId ?? '';
}

inWorld('tokens of a site carry the roles that its user has there, and neither another site’s nor Portico’s own', async (world) => {
  const notes = await registerSite(world, 'notes', { roles: ['author', 'editor', 'admin'] });
  const shop = await registerSite(world, 'shop', { roles: ['clerk', 'editor'], accessAlg: 'HS256' });
  const browser = await world.signedUp('ada@example.com');
  const userId = await userOf(world, browser);
  await world.deps.db.all("update users set role = 'owner'");
  await setRoles(world.deps, OPERATOR, { userId, clientId: 'notes', roles: ['editor', 'author', 'editor'] });
  await setRoles(world.deps, OPERATOR, { userId, clientId: 'shop', roles: ['clerk'] });
  for (const [site, roles] of [
    [notes, ['author', 'editor']],
    [shop, ['clerk']],
  ] as const) {
    const { accessToken, refreshToken, idToken } = await tokensAt(world, browser, site);
    const refreshed = tokensOf(await ask(world, 'token', site, refreshing(refreshToken)));
    for (const token of [accessToken, refreshed.accessToken]) {
      const claims = claimsOf(token);
      assert.deepEqual([claims.aud, claims.roles, claims.role, claims.csrf_from], [site.id, roles, undefined, undefined]);
      assert.doesNotMatch(JSON.stringify(claims), /owner/);
    }
    assert.doesNotMatch(JSON.stringify(claimsOf(idToken)), /owner|clerk|editor/);
    const facts = await ask(world, 'introspect', site, { token: accessToken });
    assert.deepEqual([facts.body['roles'], /owner/.test(facts.text)], [roles, false]);
    const headers = { 'sec-fetch-site': undefined, authorization: `Bearer ${accessToken}` };
    const userinfo = await world.browser().send('GET', OAUTH.userinfo, undefined, { headers });
    assert.deepEqual([userinfo.status, /owner/.test(userinfo.text)], [200, false]);
    assert.doesNotMatch(userinfo.text, site === notes ? /clerk/ : /author/);
  }
});

inWorld('a role that is given arrives with the next refresh; until then every token is good', async (world) => {
  const notes = await registerSite(world, 'notes', { roles: ['author', 'editor'] });
  const browser = await world.signedUp('ada@example.com');
  const userId = await userOf(world, browser);
  const before = await tokensAt(world, browser, notes);
  const change = await setRoles(world.deps, OPERATOR, { userId, clientId: 'notes', roles: ['editor'] });
  assert.deepEqual(change, { before: [], after: ['editor'], lowered: false });
  await setRoles(world.deps, OPERATOR, { userId, clientId: 'notes', roles: ['editor', 'author'] });
  assert.equal((await ask(world, 'introspect', notes, { token: before.accessToken })).body['active'], true);
  assert.equal((await world.deps.db.all("select id from revocations where kind = 'sub'")).length, 0);
  assert.deepEqual(claimsOf(before.accessToken).roles, []);
  assert.deepEqual(claimsOf(tokensOf(await ask(world, 'token', notes, refreshing(before.refreshToken))).accessToken).roles, [
    'author',
    'editor',
  ]);
});

onTwoNodes(
  'a role that is taken makes every access token of its user old on every node within a second, and ends no sign-in',
  async (here, there) => {
    const notes = await registerSite(here, 'notes', { roles: ['author', 'editor'] });
    const shop = await registerSite(here, 'shop');
    const [ada, eve] = [await here.signedUp('ada@example.com'), await here.signedUp('eve@example.com')];
    const userId = await userOf(here, ada);
    await setRoles(here.deps, OPERATOR, { userId, clientId: 'notes', roles: ['author', 'editor'] });
    const [atNotes, atShop, ofEve] = [await tokensAt(here, ada, notes), await tokensAt(here, ada, shop), await tokensAt(here, eve, notes)];
    assert.deepEqual(claimsOf(atNotes.accessToken).roles, ['author', 'editor']);
    const change = await setRoles(here.deps, OPERATOR, { userId, clientId: 'notes', roles: ['author'] });
    assert.deepEqual([change.after, change.lowered], [['author'], true]);

    const { uv } = claimsOf(atNotes.accessToken);
    const [row] = await here.deps.db.all("select subject, minimum_uv from revocations where kind = 'sub'");
    assert.deepEqual({ ...row }, { subject: userId, minimum_uv: uv + 1 });
    const isActive = async (world: World, token: string, site = notes) => (await ask(world, 'introspect', site, { token })).body['active'];
    assert.equal(await isActive(here, atNotes.accessToken), false);
    assert.equal(await isActive(here, atShop.accessToken, shop), false, 'the version is the user’s: the other site refreshes, too');
    assert.equal(await isActive(here, ofEve.accessToken), true);
    for (let tries = 0; tries < 100 && !there.deps.revoked.isRevoked({ aud: 'notes', sub: userId, uv }); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(there.deps.revoked.isRevoked({ aud: 'notes', sub: userId, uv }));
    assert.equal(await isActive(there, atNotes.accessToken), false);

    const fresh = tokensOf(await ask(here, 'token', notes, refreshing(atNotes.refreshToken)));
    assert.deepEqual(claimsOf(fresh.accessToken).roles, ['author']);
    assert.equal(await isActive(here, fresh.accessToken), true);
    assert.equal((await ask(here, 'token', shop, refreshing(atShop.refreshToken))).status, 200);
    assert.equal((await ada.refresh()).status, 200, 'and the browser is signed in as before');
  },
);

inWorld('a role that the site has not defined, a user or a site that is not there: refused, and nothing changes', async (world) => {
  await registerSite(world, 'notes', { roles: ['author'] });
  await registerSite(world, 'shop', { roles: ['clerk'] });
  const userId = await userOf(world, await world.signedUp('ada@example.com'));
  const before = await everything(world);
  for (const [asked, code] of [
    [{ userId, clientId: 'notes', roles: ['clerk'] }, 'roles_unknown'],
    [{ userId, clientId: 'notes', roles: ['author', 'owner'] }, 'roles_unknown'],
    [{ userId, clientId: 'notes', roles: ['Author'] }, 'roles_unknown'],
    [{ userId, clientId: 'notes', roles: [''] }, 'roles_unknown'],
    [{ userId, clientId: 'nobody', roles: [] }, 'not_found'],
    [{ userId, clientId: 'portico', roles: [] }, 'not_found'],
    [{ userId: 'nobody', clientId: 'notes', roles: ['author'] }, 'not_found'],
  ] as const)
    await assert.rejects(setRoles(world.deps, OPERATOR, asked), { code });
  assert.deepEqual(await everything(world), before);
  assert.equal((await world.deps.db.all('select user_id from client_roles')).length, 0);
});

inWorld('roles of a suspended user can be taken, and two changes at once are made one after the other', async (world) => {
  await registerSite(world, 'notes', { roles: ['a', 'b', 'c'] });
  const userId = await userOf(world, await world.signedUp('ada@example.com'));
  await setRoles(world.deps, OPERATOR, { userId, clientId: 'notes', roles: ['a', 'b', 'c'] });
  await world.deps.db.all('update users set suspended_at = 1');
  const uv = async () => Number((await world.deps.db.all('select uv from users'))[0]?.['uv']);
  const read = await uv();
  const changes = await Promise.all(
    [['a'], ['b'], ['c'], ['a', 'b'], ['b', 'c']].map((roles) => setRoles(world.deps, OPERATOR, { userId, clientId: 'notes', roles })),
  );
  // Each change begins where another one ended: together they are a chain.
  const lowered = changes.filter((change) => change.lowered).length;
  assert.ok(lowered >= 1);
  assert.equal(await uv(), read + lowered);
  const ends = changes.map(({ after }) => after.join());
  const begins = changes.map(({ before }) => before.join());
  assert.equal(begins.filter((begin) => begin === 'a,b,c').length, 1);
  for (const begin of begins) assert.ok(begin === 'a,b,c' || ends.includes(begin), begin);
  assert.equal((await world.deps.db.all("select id from events where action = 'roles.changed'")).length, 6);
});
