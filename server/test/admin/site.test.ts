import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { fillPath } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { SiteContent } from '@portico/ui/admin-views';
import { findClient } from '../../src/clients/client.ts';
import { findClientRoles } from '../../src/clients/client-role.ts';
import { jwksOf, newSiteKey } from '../clients/assertions.ts';
import { registerSite, tokensAt } from '../clients/registered.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { ask, refreshing, refusalOf, tokensOf } from '../oauth/ask.ts';
import { HOUR, inWorld, MINUTE, ORIGIN } from '../world.ts';
import { eventOf, growOlder, staff } from './staff.ts';

const params = { clientId: 'notes' };
const page = fillPath(ADMIN_PAGES.site, params);

/** A change that changes nothing. */
function asItIs({ site, version }: SiteContent): Record<string, unknown> {
  const { name, redirectUris, postLogoutUris, origins, scopes, roles, audiences, backchannelLogoutUri, logoUri } = site;
  const uris = Object.fromEntries(Object.entries({ backchannelLogoutUri, logoUri }).filter(([, uri]) => uri !== null));
  return { version, name, redirectUris, postLogoutUris, origins, scopes, roles, audiences, ...uris };
}

const factsOf = (event: Awaited<ReturnType<typeof eventOf>>) => [
  event?.['actor_id'],
  event?.['target_kind'],
  event?.['target'],
  event?.['before_json'],
  event?.['after_json'],
];

inWorld('a site is changed by whoever looked at it last; each change says who made it, from what into what', async (world) => {
  await registerSite(world, 'notes', { accessLife: 150_000 });
  const admin = await staff(world, 'admin');
  const seen = await admin.see('site', { params });
  assert.deepEqual([seen.site.name, seen.site.accessMinutes, seen.open, seen.items], ['notes', 3, { sessions: 0, isMore: false }, []]);
  const { issuer, curl, lines } = seen.connection;
  assert.deepEqual([issuer, lines.some(({ framework }) => framework === 'express')], [ORIGIN, true]);
  assert.match(curl, /^curl -u 'notes:SECRET' /, 'what was told once is not told again');
  assert.deepEqual(
    seen.secrets.map(({ purpose, expiresAt }) => [purpose, expiresAt]),
    [['authentication', null]],
  );
  assert.equal(seen.events[0]?.action, 'client.added');
  assert.doesNotMatch(JSON.stringify(seen), /pts_|hash/);

  const both = await Promise.all(
    ['Ada’s', 'Eve’s'].map((name) => admin.act('changeSite', { ...asItIs(seen), name, accessMinutes: 3 }, params)),
  );
  assert.deepEqual(
    both.map(({ status }) => status).sort((a, b) => a - b),
    [200, 409],
  );
  assert.equal(both.find(({ status }) => status === 409)?.body.error, 'site_changed');
  assert.equal((await findClient(world.deps.db, 'notes'))?.accessLife, 150_000, 'what a form cannot say is not lost');
  const event = await eventOf(world, 'client.changed');
  const now = await admin.see('site', { params });
  assert.deepEqual(factsOf(event), [admin.id, 'client', 'notes', '{"name":"notes"}', JSON.stringify({ name: now.site.name })]);
  assert.ok(String(event?.['request_id']).length > 0);

  for (const [change, fields] of [
    [{ redirectUris: ['https://a.example.net/*'] }, { redirectUris: 'address_wildcard' }],
    [{ origins: ['https://a.example.net/x'] }, { origins: 'address_origin' }],
    [{ accessMinutes: 1 }, { accessMinutes: 'access_life' }],
    [{ name: '\u202e' }, { name: 'name_malformed' }],
    [{ audiences: ['nobody'] }, { audiences: 'audience_unknown' }],
    [{ accessAlg: 'none' }, { accessAlg: 'malformed' }],
    [{ version: 'x' }, { version: 'malformed' }],
    [{ kind: 'machine' }, { kind: 'unknown' }],
  ] as const) {
    const answer = await admin.act('changeSite', { ...asItIs(now), ...change }, params);
    assert.deepEqual([answer.status, answer.body['fields']], [400, fields], JSON.stringify(change));
  }
  for (const clientId of ['nobody', 'portico'])
    for (const answer of [await admin.read('site', { params: { clientId } }), await admin.act('changeSite', asItIs(now), { clientId })])
      assert.equal(answer.status, 404);
});

inWorld('by plain forms: a refused field says what is wrong and keeps what was typed; a secret stands on the page once', async (world) => {
  const notes = await registerSite(world, 'notes', { backchannelLogoutUri: 'https://notes.example.net/out' });
  const admin = await staff(world, 'admin');
  const { version } = await admin.see('site', { params });
  const form = { version, name: '<b>Notes</b>', redirectUris: notes.redirectUri, 'scopes.openid': 'yes', back: page };
  const refused = await admin.submit('changeSite', { ...form, redirectUris: 'http://evil.example/cb' }, params);
  assert.equal(refused.status, 400);
  assert.ok(refused.text.includes(en.fields.address_plain) && refused.text.includes('&lt;b>Notes') && !refused.text.includes('<b>Notes'));
  assert.equal((await admin.submit('changeSite', { ...form, accessAlg: 'HS256' }, params)).status, 200);
  const { site, secrets } = await admin.see('site', { params });
  assert.deepEqual([site.name, site.scopes, site.backchannelLogoutUri, secrets.length], ['<b>Notes</b>', ['openid'], null, 2]);
  const stale = await admin.submit('changeSite', form, params);
  assert.equal(stale.status, 409);
  assert.ok(stale.text.includes(en.errors.site_changed));

  const rotated = await admin.submit('rotateSecret', { overlap: 'day', back: page }, params);
  const secret = /pts_[A-Za-z0-9_-]{43}/.exec(rotated.text)?.[0] ?? '';
  assert.deepEqual([rotated.status, secret.length], [200, 47]);
  const again = await admin.page(page);
  assert.deepEqual([again.status, /pts_|ptj_/.test(again.text)], [200, false]);
  assert.equal(refusalOf(await ask(world, 'token', { ...notes, secret }, refreshing('x'))), '400 invalid_grant', 'it proves the site');
  const wrong = await admin.submit('removeSite', { confirm: 'Notes', back: page }, params);
  assert.ok(wrong.status === 400 && wrong.text.includes(en.fields.confirm_differs));
  const removed = await admin.submit('removeSite', { confirm: '<B>notes</b>', back: page }, params);
  assert.deepEqual([removed.status, removed.headers['location']], [303, `${ADMIN_PAGES.sites}?done=removeSite`]);
  assert.equal((await admin.page(page)).status, 404);
});

inWorld('support looks and changes nothing; an old proof does neither rotate nor change nor remove', async (world) => {
  await registerSite(world, 'notes', { roles: ['editor'], accessAlg: 'HS256' });
  const [support, admin] = [await staff(world, 'support'), await staff(world, 'admin')];
  const shown = await support.page(page);
  assert.ok(shown.status === 200 && !shown.text.includes('data-act'));
  const seen = await support.see('site', { params });
  const acts = [
    ['changeSite', asItIs(seen)],
    ['rotateSecret', { overlap: 'none' }],
    ['rotateSigningSecret', { overlap: 'none' }],
    ['replaceSiteKeys', { jwks: jwksOf(newSiteKey()) }],
    ['disableSite', { confirm: 'notes' }],
    ['enableSite', {}],
    ['removeSite', { confirm: 'notes' }],
    ['setSiteRoles', { email: admin.email, roles: ['editor'] }],
  ] as const;
  for (const [act, body] of [...acts, ['testLogout', {}] as const])
    assert.equal((await support.act(act, body, params)).body.error, 'role_required', act);
  growOlder(world, 6 * MINUTE);
  for (const { browser } of [support, admin]) await browser.refresh();
  for (const [act, body] of acts) assert.equal((await admin.act(act, body, params)).body.error, 'fresh_signin_required', act);
  assert.deepEqual((await support.see('site', { params })).version, seen.version);
  assert.equal((await support.see('site', { params })).secrets.length, 2);
});

inWorld('rotating breaks nobody during the overlap that was chosen, and a leaked secret is dead at once', async (world) => {
  const notes = await registerSite(world, 'notes', { accessAlg: 'HS256' });
  const admin = await staff(world, 'admin');
  const shownBy = async (act: 'rotateSecret' | 'rotateSigningSecret', overlap: string) => {
    const answer = await admin.act(act, { overlap }, params);
    assert.equal(answer.status, 200, answer.text);
    return answer.body['shown'] as { id: string; secret: string; overlapsUntil: number };
  };
  const proves = async (secret: string) =>
    refusalOf(await ask(world, 'token', { ...notes, secret }, refreshing('x'))) !== '401 invalid_client';
  const old = notes.secret ?? '';
  const second = await shownBy('rotateSecret', 'hour');
  assert.equal(second.overlapsUntil, world.clock.now() + HOUR);
  const { after_json: after } = (await eventOf(world, 'client.secret_rotated')) ?? {};
  assert.deepEqual(JSON.parse(String(after)), { kid: second.id, overlap: HOUR });
  assert.deepEqual([await proves(old), await proves(second.secret)], [true, true]);
  const ada = await world.signedUp('ada@example.com');
  const before = await tokensAt(world, ada, notes);
  const signing = await shownBy('rotateSigningSecret', 'hour');
  const during = tokensOf(await ask(world, 'token', notes, refreshing(before.refreshToken)));
  for (const { accessToken } of [before, during])
    assert.equal((await ask(world, 'introspect', notes, { token: accessToken })).body['active'], true);
  const third = await shownBy('rotateSecret', 'none');
  assert.deepEqual([await proves(old), await proves(second.secret), await proves(third.secret)], [false, false, true]);
  const last = await shownBy('rotateSigningSecret', 'none');
  assert.equal((await ask(world, 'introspect', { ...notes, secret: third.secret }, { token: during.accessToken })).body['active'], false);
  assert.notEqual(last.id, signing.id);
  assert.equal((await admin.act('rotateSecret', { overlap: 'year' }, params)).status, 400);
  assert.deepEqual((await admin.act('replaceSiteKeys', { jwks: jwksOf(newSiteKey()) }, params)).body['fields'], { jwks: 'keys_unneeded' });
  assert.deepEqual((await admin.act('replaceSiteKeys', { jwks: '{}' }, params)).body['fields'], { jwks: 'keys_malformed' });

  const key = newSiteKey();
  await registerSite(world, 'signer', { kind: 'machine', redirectUris: [], jwks: jwksOf(key) });
  const signer = { clientId: 'signer' };
  assert.deepEqual((await admin.act('rotateSecret', { overlap: 'day' }, signer)).body['fields'], { overlap: 'not_for_kind' });
  assert.equal((await admin.act('replaceSiteKeys', { jwks: jwksOf(key, newSiteKey()) }, signer)).status, 204);
  assert.equal((await admin.see('site', { params: signer })).keys.length, 2);
  assert.equal((await eventOf(world, 'client.secret_rotated'))?.['actor_id'], admin.id);
});

inWorld('roles at the site: given by address, changed, taken within the moment; nobody gives to whoever ranks as high', async (world) => {
  const notes = await registerSite(world, 'notes', { roles: ['author', 'editor'] });
  const [admin, owner] = [await staff(world, 'admin'), await staff(world, 'owner')];
  const ada = await world.signedUp('ada@example.com');
  const userId = (await sessionOf(world, ada)).userId ?? '';
  const give = (body: object) => admin.act('setSiteRoles', body, params);
  assert.deepEqual((await give({ roles: [] })).body['fields'], { email: 'missing' });
  assert.deepEqual((await give({ email: 'x', roles: [] })).body['fields'], { email: 'email_malformed' });
  assert.deepEqual((await give({ email: 'no@example.com', roles: [] })).body['fields'], { email: 'nobody_here' });
  assert.deepEqual((await give({ email: 'ada@example.com', roles: ['king'] })).body['fields'], { roles: 'role_unknown' });
  assert.equal((await give({ userId: owner.id, roles: ['editor'] })).body.error, 'role_required');
  assert.equal((await give({ email: 'Ada@Example.com', roles: ['editor'] })).status, 204);
  const event = await eventOf(world, 'roles.changed');
  assert.deepEqual(factsOf(event), [admin.id, 'user', userId, '{"roles":[]}', '{"roles":["editor"]}']);
  const tokens = await tokensAt(world, ada, notes);
  assert.deepEqual(claimsOf(tokens.accessToken).roles, ['editor']);
  assert.deepEqual((await owner.act('setSiteRoles', { userId: owner.id, roles: ['author'] }, params)).status, 204);
  const first = await admin.see('site', { params, query: { limit: '1' } });
  const rest = await admin.see('site', { params, query: { limit: '1', cursor: first.next ?? '' } });
  assert.deepEqual([...first.items, ...rest.items].map(({ userId: id }) => id).sort(), [userId, owner.id].sort());
  assert.equal(rest.next, null);
  await registerSite(world, 'other');
  assert.equal((await admin.read('site', { params: { clientId: 'other' }, query: { limit: '1', cursor: first.next ?? '' } })).status, 400);
  const taken = await admin.submit('setSiteRoles', { userId, back: page }, params);
  assert.deepEqual([taken.status, taken.headers['location']], [303, `${page}?done=setSiteRoles`]);
  assert.deepEqual(await findClientRoles(world.deps.db, userId, 'notes'), []);
  assert.equal((await ask(world, 'introspect', notes, { token: tokens.accessToken })).body['active'], false);
  assert.equal((await admin.see('site', { params })).open.sessions, 1);
});

inWorld('disabled, enabled and removed by name: what was open ends, and who did it is written down', async (world) => {
  const notes = await registerSite(world, 'notes');
  const admin = await staff(world, 'admin');
  const ada = await world.signedUp('ada@example.com');
  const tokens = await tokensAt(world, ada, notes);
  assert.deepEqual((await admin.act('disableSite', { confirm: 'other' }, params)).body['fields'], { confirm: 'confirm_differs' });
  assert.equal((await admin.act('disableSite', { confirm: 'notes' }, params)).status, 204);
  assert.ok(world.deps.revoked.isRevoked({ aud: 'notes', sub: 'x', cv: 1 }));
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '401 invalid_client');
  assert.deepEqual(factsOf(await eventOf(world, 'client.disabled')), [
    admin.id,
    'client',
    'notes',
    '{"inService":true}',
    '{"inService":false}',
  ]);
  assert.ok((await admin.page(page)).text.includes(en.admin.site.disabledLead));
  assert.equal((await admin.act('enableSite', {}, params)).status, 204);
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '400 invalid_grant');
  world.clock.advance(1);
  const gone = await Promise.all([0, 1, 2].map(() => admin.act('removeSite', { confirm: 'notes' }, params)));
  assert.ok(gone.some(({ status }) => status === 204) && gone.every(({ status }) => status === 204 || status === 404));
  const removals = await world.deps.db.all("select actor_id, target from events where action = 'client.removed'");
  assert.deepEqual(
    removals.map((row) => ({ ...row })),
    [{ actor_id: admin.id, target: 'notes' }],
  );
  for (const clientId of ['notes', 'portico'])
    for (const act of ['disableSite', 'removeSite', 'enableSite'] as const)
      assert.equal((await admin.act(act, { confirm: 'Portico' }, { clientId })).status, 404, `${act} ${clientId}`);
});
