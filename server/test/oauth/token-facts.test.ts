import assert from 'node:assert/strict';
import { createHmac, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { OAUTH } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import { insertSigningSecret, signingSecretLabel } from '../../src/clients/client-secret.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { addSite, codeFor, type Site } from '../sites.ts';
import { DAY, inWorld, MINUTE, ORIGIN, PASSWORD, type World } from '../world.ts';
import { ask, redeemed, refreshing, refusalOf, tokensOf } from './ask.ts';

/** What is told of a token: to its client by introspection (RFC 7662), and of its user at userinfo (OpenID Connect Core 5.3). */

async function introspected(world: World, site: Site, token: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await ask(world, 'introspect', site, { token });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const isActive = async (world: World, site: Site, token: string) => (await introspected(world, site, token))['active'];

async function userinfo(world: World, token: string | null, headers: Readonly<Record<string, string>> = {}) {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return world.browser().send('GET', OAUTH.userinfo, undefined, { headers: { 'sec-fetch-site': undefined, ...authorization, ...headers } });
}

/** A site that signs with its own secret, and that secret. */
async function addSigningSite(world: World, id: string): Promise<{ site: Site; secret: { id: string; bytes: Buffer } }> {
  const site = await addSite(world, id, { accessAlg: 'HS256' });
  const secret = { id: randomBytes(16).toString('base64url'), bytes: randomBytes(32) };
  const sealed = world.deps.vault.seal(signingSecretLabel(secret.id), secret.bytes);
  await insertSigningSecret(world.deps.db, { id: secret.id, clientId: id, sealed, currentFrom: world.clock.now() }, world.clock.now());
  return { site, secret };
}

/** Whatever the holder of the secret likes to say. */
function forge(secret: { id: string; bytes: Buffer }, claims: object, header: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'at+jwt', kid: secret.id, ...header })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret.bytes).update(text).digest('base64url')}`;
}

inWorld('a living token is active to its own client, with the facts of now; whatever ends it makes it inactive at once', async (world) => {
  const [notes, other] = [await addSite(world, 'notes', { roles: ['editor'] }), await addSite(world, 'other')];
  const browser = await world.signedUp('ada@example.com');
  const { userId, id: sid } = await sessionOf(world, browser);
  const { accessToken, refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  await world.deps.db.all(
    `insert into client_roles (user_id, client_id, roles, changed_at) values ('${userId}', 'notes', '["editor"]', 1)`,
  );
  const facts = await introspected(world, notes, accessToken);
  const { iat, exp, jti, auth_time } = claimsOf(accessToken);
  assert.deepEqual(facts, {
    active: true,
    iss: ORIGIN,
    token_type: 'Bearer',
    client_id: 'notes',
    aud: 'notes',
    sub: userId,
    sid,
    iat,
    exp,
    jti,
    auth_time,
    amr: ['pwd', 'otp'],
    // Of now: the token itself is older than the role.
    roles: ['editor'],
    scope: 'openid profile email offline_access',
  });
  const refresh = await introspected(world, notes, refreshToken);
  assert.deepEqual([refresh['active'], refresh['sub'], refresh['client_id'], refresh['token_type']], [true, userId, 'notes', undefined]);
  for (const token of [accessToken, refreshToken]) {
    assert.deepEqual(await introspected(world, other, token), { active: false });
    for (const broken of [`${token}x`, token.slice(1), 'x', `${token}.${token}`])
      assert.deepEqual(await introspected(world, notes, broken), { active: false }, broken);
  }
  assert.equal(refusalOf(await ask(world, 'introspect', notes, {})), '400 invalid_request');
  world.clock.advance(5 * MINUTE + 6000);
  assert.equal(await isActive(world, notes, accessToken), false);
  assert.equal(await isActive(world, notes, refreshToken), true);
  world.clock.advance(30 * DAY);
  assert.equal(await isActive(world, notes, refreshToken), false);
});

inWorld('a verifier reads the tokens of the audiences it is registered for, and no refresh token but its own', async (world) => {
  const notes = await addSite(world, 'notes');
  const verifier = await addSite(world, 'api', { audiences: ['notes'] });
  const browser = await world.signedUp('ada@example.com');
  const { accessToken, refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  assert.equal(await isActive(world, verifier, accessToken), true);
  assert.equal(await isActive(world, verifier, refreshToken), false);
});

inWorld('a client that cannot prove itself may not introspect', async (world) => {
  const snake = await addSite(world, 'space-snake', { kind: 'native' });
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await redeemed(world, snake, await codeFor(world, browser, snake));
  assert.equal(refusalOf(await ask(world, 'introspect', snake, { token: accessToken })), '401 invalid_client');
});

/** What ends a sign-in at a site, and what it must do to both kinds of token and to userinfo. */
const ENDINGS: Readonly<Record<string, (world: World, given: { sid: string; userId: string; notes: Site }) => Promise<unknown>>> = {
  'the session is revoked': (world, { sid }) => world.deps.db.all(`update sessions set state = 'revoked' where id = '${sid}'`),
  'the session is held': (world, { sid }) => world.deps.db.all(`update sessions set state = 'held' where id = '${sid}'`),
  'the family ends': (world, { sid }) =>
    world.deps.db.all(`update refresh_tokens set state = 'revoked' where session_id = '${sid}' and client_id = 'notes'`),
  'the family was replaced': (world, { sid }) =>
    world.deps.db.all(`update refresh_tokens set state = 'replaced' where session_id = '${sid}' and client_id = 'notes'`),
  'the user is suspended': (world, { userId }) => world.deps.db.all(`update users set suspended_at = 1 where id = '${userId}'`),
  'the user is gone': (world, { userId }) => world.deps.db.all(`delete from users where id = '${userId}'`),
};

for (const [what, end] of Object.entries(ENDINGS))
  inWorld(`${what}: neither token is active, and userinfo says nothing, whatever the revocations of this node know`, async (world) => {
    const notes = await addSite(world, 'notes');
    const browser = await world.signedUp('ada@example.com');
    const { id: sid, userId } = await sessionOf(world, browser);
    const { accessToken, refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
    assert.equal((await userinfo(world, accessToken)).status, 200);
    await end(world, { sid, userId: userId ?? '', notes });
    assert.equal(world.deps.revoked.size(), 0);
    for (const token of [accessToken, refreshToken]) assert.equal(await isActive(world, notes, token), false);
    assert.equal(refusalOf(await userinfo(world, accessToken)), '401 invalid_token');
  });

inWorld('tokens of a family that has ended are not active, and userinfo says nothing', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  for (const state of ['revoked', 'replaced', 'held']) {
    await world.deps.db.all(`update refresh_tokens set state = '${state}' where client_id = 'notes'`);
    assert.equal(await isActive(world, notes, accessToken), false, state);
    assert.equal(refusalOf(await userinfo(world, accessToken)), '401 invalid_token', state);
  }
  await world.deps.db.all(`update refresh_tokens set state = 'active' where client_id = 'notes'`);
  assert.equal(await isActive(world, notes, accessToken), true);
});

inWorld('tokens from before a site was disabled stay dead when it is enabled again', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const { db } = world.deps;
  await db.transaction((tx) => setClientDisabled(tx, 'notes', world.clock.now()));
  assert.equal(refusalOf(await userinfo(world, accessToken)), '401 invalid_token');
  await db.transaction((tx) => setClientDisabled(tx, 'notes', null));
  assert.equal(refusalOf(await userinfo(world, accessToken)), '401 invalid_token');
  assert.equal(await isActive(world, notes, accessToken), false);
});

inWorld('userinfo tells no more than the scopes of the grant allow, and never Portico’s own role', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  await browser.act('me', { displayName: 'Ada' }, { method: 'PATCH' });
  const { userId } = await sessionOf(world, browser);
  const told = async (scope: string) => {
    const { accessToken } = await redeemed(world, notes, await codeFor(world, browser, notes, { scope }));
    return userinfo(world, accessToken);
  };
  const least = { sub: userId, roles: [] };
  assert.deepEqual((await told('openid')).body, least);
  assert.deepEqual((await told('openid profile')).body, { ...least, name: 'Ada' });
  assert.deepEqual((await told('email openid')).body, { ...least, email: 'ada@example.com', email_verified: true });
  const refused = await told('profile email');
  assert.equal(refusalOf(refused), '403 insufficient_scope');
  assert.match(String(refused.headers['www-authenticate']), /^Bearer .*error="insufficient_scope".*scope="openid"$/);
  // A narrowed token tells less than its grant.
  const wide = await redeemed(world, notes, await codeFor(world, browser, notes));
  const narrow = tokensOf(await ask(world, 'token', notes, { ...refreshing(wide.refreshToken), scope: 'openid' }));
  assert.deepEqual((await userinfo(world, narrow.accessToken)).body, least);
});

inWorld('the token comes in the header or in a form, once; without one nothing is said of an error', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { accessToken, refreshToken, idToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const form = (fields: Record<string, string>, headers = {}) => ask(world, 'userinfo', notes, fields, { by: 'nothing', headers });
  const bearer = { authorization: `Bearer ${accessToken}` };
  assert.equal((await form({ access_token: accessToken })).status, 200);
  assert.equal((await form({}, bearer)).status, 200);
  assert.equal(refusalOf(await form({ access_token: accessToken }, bearer)), '400 invalid_request');
  const inAddress = await world.browser().send('GET', `${OAUTH.userinfo}?access_token=${accessToken}`);
  assert.equal(inAddress.status, 401);
  assert.equal(inAddress.headers['www-authenticate'], 'Bearer realm="portico"');
  assert.equal((await userinfo(world, null)).headers['www-authenticate'], 'Bearer realm="portico"');
  for (const wrong of [refreshToken, idToken, 'x', `${accessToken}A`, claimsOf(accessToken).jti]) {
    const answer = await userinfo(world, wrong);
    assert.equal(refusalOf(answer), '401 invalid_token', wrong);
    assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="portico", error="invalid_token"/);
  }
  // The browser's own token is no token of a site.
  const own = await browser.refresh();
  assert.equal(refusalOf(await userinfo(world, String(own.body['accessToken']))), '401 invalid_token');
  assert.equal(await isActive(world, notes, String(own.body['accessToken'])), false);
  assert.equal(await isActive(world, notes, browser.refreshToken), false);
  // Nor does a site's token open what is Portico's.
  assert.equal((await world.browser().call('me', undefined, { headers: bearer })).status, 401);
});

inWorld('a page of a registered origin may read userinfo, and no other', async (world) => {
  const board = await addSite(world, 'board', { kind: 'spa', origins: ['https://board.example.net'] });
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await redeemed(world, board, await codeFor(world, browser, board));
  for (const [origin, allowed] of [
    ['https://board.example.net', 'https://board.example.net'],
    ['https://evil.example', undefined],
  ] as const)
    assert.equal((await userinfo(world, accessToken, { origin })).headers['access-control-allow-origin'], allowed);
});

inWorld('a site that signs with its own secret is believed nothing: only a family of its own that lives opens anything', async (world) => {
  const { site: notes, secret } = await addSigningSite(world, 'notes');
  const { site: other, secret: otherSecret } = await addSigningSite(world, 'other');
  const [ada, bob] = [await world.signedUp('ada@example.com'), await world.signedUp('bob@example.com')];
  const { accessToken } = await redeemed(world, notes, await codeFor(world, ada, notes, { scope: 'openid' }));
  const elsewhere = claimsOf((await redeemed(world, other, await codeFor(world, bob, other))).accessToken);
  assert.equal((await userinfo(world, accessToken)).status, 200);
  const own = claimsOf(accessToken);
  const { id: adaId } = { id: own.sub };
  const bobSession = await sessionOf(world, bob);
  const iat = own.iat;
  const forgeries: Readonly<Record<string, string>> = {
    'another user': forge(secret, { ...own, sub: bobSession.userId }),
    'another session': forge(secret, { ...own, sid: bobSession.id }),
    'another session and its user': forge(secret, { ...own, sid: bobSession.id, sub: bobSession.userId }),
    'a family of another site': forge(secret, { ...own, fid: elsewhere.fid, sid: elsewhere.sid, sub: elsewhere.sub }),
    'no family': forge(secret, { ...own, fid: undefined }),
    'a family that is none': forge(secret, { ...own, fid: "x' or 1=1 --" }),
    'a family with a NUL': forge(secret, { ...own, fid: 'A'.repeat(21) + '\u0000' }),
    'the family as a list': forge(secret, { ...own, fid: [own.fid] }),
    'another audience': forge(secret, { ...elsewhere }),
    'both audiences': forge(secret, { ...own, aud: ['notes', 'other'] }),
    'our audience': forge(secret, { ...own, aud: 'portico', client_id: 'portico', role: 'owner', csrf_from: 0 }),
    'another client id': forge(secret, { ...own, client_id: 'other' }),
    'another issuer': forge(secret, { ...own, iss: 'https://evil.example' }),
    'a long life': forge(secret, { ...own, exp: iat + 10 * 365 * 86_400 }),
    'no end': forge(secret, { ...own, exp: undefined }),
    'an end that is none': forge(secret, { ...own, exp: Number.NaN }),
    'a scope that is a list': forge(secret, { ...own, scope: ['openid'] }),
    'a client version of its own': forge(secret, { ...own, cv: 99 }),
    'the type of an ID token': forge(secret, own, { typ: 'JWT' }),
    'no type': forge(secret, own, { typ: undefined }),
    'no key name': forge(secret, own, { kid: undefined }),
    'the key of another site': forge(otherSecret, own),
    'another alg': forge(secret, own, { alg: 'HS384' }),
    'no signature': `${forge(secret, own, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
  };
  for (const [what, token] of Object.entries(forgeries)) {
    assert.equal(await isActive(world, notes, token), false, what);
    assert.equal(refusalOf(await userinfo(world, token)), '401 invalid_token', what);
    assert.equal((await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${token}` } })).status, 401, what);
  }
  // A scope that was never granted tells nothing more.
  const wide = forge(secret, { ...own, scope: 'openid profile email admin' });
  assert.deepEqual((await userinfo(world, wide)).body, { sub: adaId, roles: [] });
  assert.equal((await introspected(world, notes, wide))['scope'], 'openid');
});

inWorld('a token signed with HS256 by what is public of our keys is no token of a site that uses ES256', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const key = world.deps.keys.currentSigning(world.clock.now());
  const publicKey: KeyObject = createPublicKey({ key: key.publicJwk, format: 'jwk' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const spellings = [pem, pem.trim(), `${pem}\n`, JSON.stringify(key.publicJwk), publicKey.export({ type: 'spki', format: 'der' }), ''];
  for (const spelling of spellings) {
    const token = forge({ id: key.kid, bytes: Buffer.from(spelling) }, claimsOf(accessToken));
    assert.equal(await isActive(world, notes, token), false);
    assert.equal(refusalOf(await userinfo(world, token)), '401 invalid_token');
  }
});

inWorld('a changed password kills what other sessions gave to sites, on every call that asks the database', async (world) => {
  const notes = await addSite(world, 'notes');
  const [first, second] = [await world.signedUp('ada@example.com'), world.browser()];
  await second.signIn('ada@example.com', PASSWORD);
  if ((await second.call('session')).body['status'] !== 'VERIFIED')
    await second.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  const there = await redeemed(world, notes, await codeFor(world, second, notes));
  const changed = await first.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(refusalOf(await userinfo(world, there.accessToken)), '401 invalid_token');
  assert.equal(await isActive(world, notes, there.refreshToken), false);
});

inWorld('a machine speaks for itself: no user, no session, no refresh token, and userinfo has nothing to tell of it', async (world) => {
  const robot = await addSite(world, 'robot', { kind: 'machine', scopes: ['openid', 'profile', 'jobs:run', 'jobs:read'] });
  const answer = await ask(world, 'token', robot, { grant_type: 'client_credentials', scope: 'jobs:run' });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
  const token = String(answer.body['access_token']);
  const { jti, ...claims } = claimsOf(token);
  const iat = Math.floor(world.clock.now() / 1000);
  assert.ok(jti.length >= 20);
  assert.deepEqual(claims, { iss: ORIGIN, aud: 'robot', client_id: 'robot', sub: 'robot', iat, exp: iat + 300, scope: 'jobs:run', cv: 1 });
  const facts = await introspected(world, robot, token);
  assert.deepEqual([facts['active'], facts['sub'], facts['scope'], facts['sid']], [true, 'robot', 'jobs:run', undefined]);
  assert.equal(refusalOf(await userinfo(world, token)), '401 invalid_token');
  assert.equal((await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${token}` } })).status, 401);
  for (const scope of ['openid', 'jobs:run profile', 'admin'])
    assert.equal(refusalOf(await ask(world, 'token', robot, { grant_type: 'client_credentials', scope })), '400 invalid_scope', scope);
  assert.equal(refusalOf(await ask(world, 'revoke', robot, { token })), '400 unsupported_token_type');
  await world.deps.db.transaction((tx) => setClientDisabled(tx, 'robot', world.clock.now()));
  await world.deps.db.transaction((tx) => setClientDisabled(tx, 'robot', null));
  assert.equal(await isActive(world, robot, token), false);
});

inWorld('a machine that signs with its own secret can claim neither another subject nor a scope that it does not have', async (world) => {
  const { site, secret } = await addSigningSite(world, 'robot');
  await world.deps.db.all(`update clients set kind = 'machine', scopes = '["jobs:run"]' where id = 'robot'`);
  const verifier = await addSite(world, 'api', { audiences: ['robot'] });
  const token = String((await ask(world, 'token', site, { grant_type: 'client_credentials' })).body['access_token']);
  const own = claimsOf(token);
  assert.equal(await isActive(world, verifier, token), true);
  assert.equal(await isActive(world, verifier, forge(secret, { ...own, sub: 'somebody' })), false);
  assert.equal((await introspected(world, verifier, forge(secret, { ...own, scope: 'jobs:run admin' })))['scope'], 'jobs:run');
});
