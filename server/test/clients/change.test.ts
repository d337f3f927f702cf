import assert from 'node:assert/strict';
import { decodeProtectedHeader } from 'jose';
import { type Changed, type ClientChange, changeClient, versionOf } from '../../src/clients/change-client.ts';
import { findClient } from '../../src/clients/client.ts';
import { sentencesOf } from '../../src/clients/client-problem.ts';
import { findClientRoles } from '../../src/clients/client-role.ts';
import { registerClient } from '../../src/clients/register-client.ts';
import { setRoles } from '../../src/clients/set-roles.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { ask, refreshing, tokensOf } from '../oauth/ask.ts';
import { inWorld, ORIGIN, type World } from '../world.ts';
import { OPERATOR, registerSite, tokensAt } from './registered.ts';

const change = (world: World, id: string, settings: ClientChange, seen: string | null = null) =>
  changeClient(world.deps, OPERATOR, id, settings, seen);
const problemsOf = (changed: Changed) => (changed.kind === 'refused' ? sentencesOf(changed.problems).join('; ') : changed.kind);
const isActive = async (world: World, site: Parameters<typeof ask>[2], token: string) =>
  (await ask(world, 'introspect', site, { token })).body['active'];

async function changesIn(world: World): Promise<unknown[]> {
  const rows = await world.deps.db.all(
    "select target, before_json, after_json from events where action = 'client.changed' order by at, id",
  );
  return rows.map((row) => [row['target'], JSON.parse(String(row['before_json'])), JSON.parse(String(row['after_json']))]);
}

inWorld(
  'a change is checked like a registration, written down with before and after, and one that changes nothing is none',
  async (world) => {
    await registerSite(world, 'notes');
    await registerSite(world, 'game', { kind: 'native', redirectUris: ['com.example.game:/cb'] });
    await registerSite(world, 'app', { kind: 'spa', origins: ['https://app.example.net'] });
    await registerSite(world, 'other', { kind: 'spa', origins: ['https://other.example.net'] });
    for (const [id, settings, sentence] of [
      ['notes', { name: 'Notes\u202e' }, /the name must be/],
      ['notes', { redirectUris: [] }, /needs a redirect URI/],
      ['notes', { redirectUris: ['http://notes.example.net/cb'] }, /must use https/],
      ['notes', { redirectUris: [`${ORIGIN}/cb`] }, /is Portico's own/],
      ['notes', { backchannelLogoutUri: `${ORIGIN}/x` }, /is Portico's own/],
      ['notes', { scopes: ['everything'] }, /there is no scope/],
      ['notes', { audiences: ['nobody'] }, /there is no client "nobody"/],
      ['notes', { audiences: ['portico'] }, /there is no client "portico"/],
      ['notes', { accessLife: 1 }, /2 to 15 minutes/],
      ['app', { origins: ['https://other.example.net'] }, /belongs to the client "other"/],
      ['app', { accessAlg: 'HS256' }, /cannot have HS256/],
      ['app', { pkce: 'nonce' }, /PKCE can be replaced/],
      ['game', { confirmation: 'once' }, /confirmed always/],
      ['nobody', { name: 'x' }, /^unknown$/],
      ['portico', { name: 'x' }, /^unknown$/],
    ] as const)
      assert.match(problemsOf(await change(world, id, settings)), sentence, JSON.stringify(settings));
    assert.equal((await change(world, 'app', { origins: ['https://app.example.net'], name: 'app' })).kind, 'unchanged', 'its own origin');
    assert.deepEqual(await changesIn(world), []);

    const done = await change(world, 'notes', { name: 'Better notes', idleLife: 3_600_000, redirectUris: ['https://new.example.net/cb'] });
    assert.equal(done.kind === 'changed' && done.client.cv, 1, 'tokens go on');
    assert.deepEqual(await changesIn(world), [
      [
        'notes',
        { idleLife: null, name: 'notes', redirectUris: ['https://notes.example.net/auth/callback'] },
        { idleLife: 3_600_000, name: 'Better notes', redirectUris: ['https://new.example.net/cb'] },
      ],
    ]);
  },
);

inWorld('of operators who change one site at once each sees what the other did; two cannot take one origin', async (world) => {
  await registerSite(world, 'notes');
  const seen = versionOf((await findClient(world.deps.db, 'notes')) as never);
  const all = await Promise.all(Array.from({ length: 8 }, (_, n) => change(world, 'notes', { name: `Notes ${n}` }, seen)));
  assert.deepEqual(all.map(({ kind }) => kind).sort(), ['changed', ...Array.from({ length: 7 }, () => 'stale')]);
  const ids = ['a', 'b', 'c', 'd'];
  for (const id of ids) await registerSite(world, id);
  const origin = 'https://wanted.example.net';
  const taken = await Promise.all([
    ...ids.map((id) => change(world, id, { origins: [origin] })),
    registerClient(world.deps, OPERATOR, { id: 'e', name: 'e', kind: 'spa', origins: [origin], redirectUris: [`${origin}/cb`] }),
  ]);
  assert.equal(taken.filter(({ kind }) => kind === 'changed' || kind === 'registered').length, 1);
});

inWorld('a scope that is taken is in nothing that is answered after it, and tokens that say it are refused', async (world) => {
  const notes = await registerSite(world, 'notes');
  const ada = await world.signedUp('ada@example.com');
  const before = await tokensAt(world, ada, notes);
  assert.match(claimsOf(before.accessToken).scope ?? '', /email/);
  await change(world, 'notes', { scopes: ['openid', 'profile'] });
  assert.ok(world.deps.revoked.isRevoked({ aud: 'notes', sub: 'x', cv: 1 }));
  assert.equal(await isActive(world, notes, before.accessToken), false);
  const answer = await ask(world, 'token', notes, refreshing(before.refreshToken));
  const after = tokensOf(answer);
  assert.deepEqual([claimsOf(after.accessToken).scope, answer.body['scope']], ['openid profile', 'openid profile']);
  assert.doesNotMatch(answer.text, /ada@example/);
  assert.equal(await isActive(world, notes, after.accessToken), true);
  const facts = await ask(world, 'introspect', notes, { token: after.refreshToken });
  assert.equal(facts.body['scope'], 'openid profile');
  const told = await world.browser().send('GET', '/oauth/userinfo', undefined, {
    headers: { 'sec-fetch-site': undefined, authorization: `Bearer ${after.accessToken}` },
  });
  assert.deepEqual([told.status, told.body['email']], [200, undefined]);
  await change(world, 'notes', { scopes: ['openid', 'profile', 'email'] });
  assert.match(claimsOf(tokensOf(await ask(world, 'token', notes, refreshing(after.refreshToken))).accessToken).scope ?? '', /email/);
});

inWorld('a role that a site gives up is taken from everybody who has it, and begins with nobody when it comes back', async (world) => {
  const notes = await registerSite(world, 'notes', { roles: ['author', 'editor'] });
  const ada = await world.signedUp('ada@example.com');
  const userId = (await sessionOf(world, ada)).userId ?? '';
  await setRoles(world.deps, OPERATOR, { userId, clientId: 'notes', roles: ['author', 'editor'] });
  const before = await tokensAt(world, ada, notes);
  assert.equal((await change(world, 'notes', { roles: ['author', 'reader'] })).kind, 'changed');
  assert.equal(await isActive(world, notes, before.accessToken), false, 'no token says it any more');
  const after = tokensOf(await ask(world, 'token', notes, refreshing(before.refreshToken)));
  assert.deepEqual(claimsOf(after.accessToken).roles, ['author']);
  assert.deepEqual(await findClientRoles(world.deps.db, userId, 'notes'), ['author']);
  const events = await world.deps.db.all("select after_json from events where action = 'roles.changed' and before_json is not null");
  const said = events.map((event) => String(event['after_json']));
  assert.deepEqual(new Set(said), new Set(['{"roles":["author","editor"]}', '{"roles":["author"]}']));

  // Whoever took it died in the middle: the row still has it.
  await world.deps.db.all('update client_roles set roles = $1', ['["author","editor"]']);
  const unseen = tokensOf(await ask(world, 'token', notes, refreshing(after.refreshToken)));
  assert.deepEqual(claimsOf(unseen.accessToken).roles, ['author']);
  assert.equal((await change(world, 'notes', { roles: ['author', 'editor'] })).kind, 'changed');
  assert.deepEqual(await findClientRoles(world.deps.db, userId, 'notes'), ['author']);
  assert.deepEqual(claimsOf(tokensOf(await ask(world, 'token', notes, refreshing(unseen.refreshToken))).accessToken).roles, ['author']);
});

inWorld('from ES256 to HS256 a secret is made and told once; back, it is good for nothing at once', async (world) => {
  const notes = await registerSite(world, 'notes');
  const ada = await world.signedUp('ada@example.com');
  const first = await tokensAt(world, ada, notes);
  const to = await change(world, 'notes', { accessAlg: 'HS256' });
  const made = to.kind === 'changed' ? to.signingSecret : null;
  assert.match(made?.secret ?? '', /^ptj_/);
  assert.equal(await isActive(world, notes, first.accessToken), false);
  const second = tokensOf(await ask(world, 'token', notes, refreshing(first.refreshToken)));
  assert.deepEqual(decodeProtectedHeader(second.accessToken).kid, made?.id);
  assert.equal(await isActive(world, notes, second.accessToken), true);
  assert.equal((await change(world, 'notes', { name: 'Still HS256' })).kind, 'changed');
  assert.equal(await isActive(world, notes, second.accessToken), true, 'a name is no reason for a new token');

  const back = await change(world, 'notes', { accessAlg: 'ES256' });
  assert.equal(back.kind === 'changed' && back.signingSecret, null);
  assert.ok(world.deps.revoked.isRevoked({ aud: 'notes', sub: 'x', kid: made?.id ?? '' }));
  assert.equal(await isActive(world, notes, second.accessToken), false);
  const third = tokensOf(await ask(world, 'token', notes, refreshing(second.refreshToken)));
  assert.equal(decodeProtectedHeader(third.accessToken).alg, 'ES256');
  const living = await world.deps.db.all("select id from client_secrets where purpose = 'signing' and expires_at > $1", [
    world.clock.now(),
  ]);
  assert.deepEqual(living, []);
});
