import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { OAUTH } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import { tokenHash } from '../../src/platform/crypto.ts';
import { everything, familyOf } from '../families.ts';
import { addSite, basicOf, codeFor, type Site } from '../sites.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { inWorld, type World } from '../world.ts';
import { ask, redeemed, redeeming, refreshing, refusalOf, tokensOf } from './ask.ts';

/** Which client asks at /oauth, and what is refused before anything else is looked at (RFC 6749 2.3, 5.2). */

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: undefined, 'sec-fetch-site': undefined };

/** A body as it stands, such as no URLSearchParams would write it. */
async function post(world: World, path: keyof typeof OAUTH, body: string, headers: Readonly<Record<string, string | undefined>> = {}) {
  return world.browser().send('POST', OAUTH[path], body, { headers: { ...FORM, ...headers } });
}

const secretOf = (clientId: string, secret: string): Site => ({ id: clientId, secret, redirectUri: '' });

inWorld('no, wrong, another client’s, an ended and a disabled client’s secret are one answer at every call: 401', async (world) => {
  const [notes, other, ended] = [await addSite(world, 'notes'), await addSite(world, 'other'), await addSite(world, 'ended')];
  const gone = await addSite(world, 'gone');
  await world.deps.db.transaction((tx) => setClientDisabled(tx, 'gone', world.clock.now()));
  await world.deps.db.all(`update client_secrets set expires_at = ${world.clock.now()} where client_id = 'ended'`);
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken, accessToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const before = await familyOf(world, refreshToken);
  const wrong = `pts_${randomBytes(32).toString('base64url')}`;
  const askers: readonly [string, Site, 'basic' | 'body' | 'name'][] = [
    ['none', notes, 'name'],
    ['wrong', secretOf('notes', wrong), 'basic'],
    ['wrong in the body', secretOf('notes', wrong), 'body'],
    ['malformed', secretOf('notes', 'secret'), 'basic'],
    ['hash of the right one', secretOf('notes', tokenHash(notes.secret ?? '')), 'basic'],
    ['another client’s', secretOf('notes', other.secret ?? ''), 'basic'],
    ['ended', ended, 'basic'],
    ['disabled', gone, 'basic'],
    ['unknown', secretOf('nobody', wrong), 'basic'],
    ['with a NUL', secretOf('notes\u0000', wrong), 'basic'],
    ['ours', secretOf('portico', wrong), 'basic'],
    ['ours without a secret', secretOf('portico', ''), 'name'],
  ];
  const texts = new Set<string>();
  for (const [what, site, by] of askers) {
    for (const [path, fields] of [
      ['token', refreshing(refreshToken)],
      ['revoke', { token: refreshToken }],
      ['introspect', { token: accessToken }],
    ] as const) {
      const answer = await ask(world, path, site, fields, { by });
      assert.equal(refusalOf(answer), '401 invalid_client', `${what} at ${path}`);
      assert.equal(answer.headers['www-authenticate']?.toString().startsWith('Basic '), by === 'basic' ? true : undefined, what);
      texts.add(answer.text);
    }
  }
  assert.equal(texts.size, 1, 'nothing tells one cause from another');
  assert.deepEqual(await familyOf(world, refreshToken), before);
  tokensOf(await ask(world, 'token', notes, refreshing(refreshToken)));
});

inWorld('a refresh token of a client with a secret is worth nothing without it, at the browser’s call neither', async (world) => {
  // Registered as a native app, and with a secret all the same.
  const desk = await addSite(world, 'desk', { kind: 'native', authentication: 'secret' });
  const withSecret = { ...desk, secret: `pts_${randomBytes(32).toString('base64url')}` };
  const browser = await world.signedUp('ada@example.com');
  const given = await codeFor(world, browser, desk);
  assert.equal(refusalOf(await ask(world, 'token', desk, redeeming(desk, given))), '401 invalid_client');
  await world.deps.db.all(
    `insert into client_secrets (id, client_id, purpose, hash, created_at, current_from) values ('s', 'desk', 'authentication', '${tokenHash(withSecret.secret)}', 1, 1)`,
  );
  const { refreshToken } = await redeemed(world, withSecret, given);
  const answer = await world
    .browser()
    .call('refresh', { refreshToken, clientId: 'desk' }, { headers: { origin: undefined, 'sec-fetch-site': undefined } });
  assert.equal(answer.body.error, 'refresh_invalid');
  assert.equal((await familyOf(world, refreshToken)).gen, 0);
});

inWorld('two ways at once are refused, and so are two names', async (world) => {
  const [notes, snake] = [await addSite(world, 'notes'), await addSite(world, 'space-snake', { kind: 'native' })];
  const token = { token: 'x' };
  const secret = notes.secret ?? '';
  const assertion = { client_assertion: 'a.b.c', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
  for (const fields of [
    { ...token, client_id: 'notes', client_secret: secret },
    { ...token, client_secret: secret },
    { ...token, client_id: 'other' },
    { ...token, ...assertion },
  ])
    assert.equal(refusalOf(await ask(world, 'introspect', notes, fields)), '400 invalid_request', JSON.stringify(Object.keys(fields)));
  for (const fields of [
    { ...token, ...assertion, client_id: 'notes', client_secret: secret },
    { ...token, client_id: 'notes', client_assertion: 'a.b.c' },
    { ...token, client_id: 'notes', client_assertion_type: assertion.client_assertion_type },
    { ...token, client_id: 'notes', client_assertion: 'a.b.c', client_assertion_type: 'saml' },
  ])
    assert.equal(refusalOf(await ask(world, 'introspect', notes, fields, { by: 'nothing' })), '400 invalid_request');
  // The same name twice over is one name.
  assert.equal((await ask(world, 'introspect', notes, { ...token, client_id: 'notes' })).status, 200);
  // A public client has no secret, so nobody who shows one is it.
  for (const by of ['basic', 'body'] as const)
    assert.equal(refusalOf(await ask(world, 'revoke', { ...snake, secret }, token, { by })), '401 invalid_client');
  assert.equal(refusalOf(await ask(world, 'revoke', notes, token, { by: 'nothing' })), '401 invalid_client');
});

inWorld('a header that tries and cannot be read names nobody, and not the public client of the body', async (world) => {
  const snake = await addSite(world, 'space-snake', { kind: 'native' });
  for (const authorization of [
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic Og==',
    'basic c3BhY2Utc25ha2U=',
    'Basic c3BhY2Utc25ha2U6',
    'Basic JTp4',
  ]) {
    const named = await ask(world, 'revoke', snake, { token: 'x' }, { headers: { authorization } });
    const unnamed = await ask(world, 'revoke', snake, { token: 'x' }, { by: 'nothing', headers: { authorization } });
    assert.ok(['400 invalid_request', '401 invalid_client'].includes(refusalOf(named)), `${authorization}: ${named.text}`);
    assert.equal(refusalOf(unnamed), '401 invalid_client', authorization);
  }
});

inWorld('each kind of client has only the grants that it needs, and no other grant exists', async (world) => {
  const sites: Record<string, Site> = {};
  for (const kind of ['web', 'spa', 'native', 'machine', 'secondary'] as const) sites[kind] = await addSite(world, `the-${kind}`, { kind });
  const allowed: Record<string, readonly string[]> = {
    web: ['authorization_code', 'refresh_token'],
    spa: ['authorization_code', 'refresh_token'],
    native: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    machine: ['client_credentials'],
    secondary: ['authorization_code', 'refresh_token'],
  };
  const types = [...new Set(Object.values(allowed).flat())];
  for (const [kind, site] of Object.entries(sites)) {
    for (const grant_type of types) {
      const answer = await ask(world, 'token', site, { grant_type });
      assert.equal(
        answer.body.error === 'unauthorized_client',
        !allowed[kind]?.includes(grant_type),
        `${kind} ${grant_type} ${answer.text}`,
      );
    }
    for (const grant_type of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', '__proto__', 'toString'])
      assert.equal(
        refusalOf(await ask(world, 'token', site, { grant_type, username: 'ada@example.com', password: 'x' })),
        '400 unsupported_grant_type',
      );
    assert.equal(refusalOf(await ask(world, 'token', site, {})), '400 invalid_request', kind);
  }
});

inTappedWorld(
  'forms with repeated, huge or broken values, and what is no form, are refused without a question to the database',
  async (world, tap) => {
    const notes = await addSite(world, 'notes');
    const basic = { authorization: basicOf(notes) };
    const form = 'grant_type=refresh_token&refresh_token=x';
    tap.forget();
    const bad: readonly [string, string, Readonly<Record<string, string | undefined>>][] = [
      ['a repeated grant type', `${form}&grant_type=authorization_code`, {}],
      ['a repeated token', `${form}&refresh_token=x`, {}],
      ['a repeated unknown parameter', `${form}&x=1&x=2`, {}],
      ['a repeated empty one', `${form}&scope=&scope=`, {}],
      ['8 KiB and one', `${form}&scope=${'a'.repeat(8193)}`, {}],
      ['a NUL', `${form}&scope=%00`, {}],
      ['JSON', JSON.stringify({ grant_type: 'refresh_token', refresh_token: 'x' }), { 'content-type': 'application/json' }],
      ['plain text', form, { 'content-type': 'text/plain' }],
      ['several parts', form, { 'content-type': 'multipart/form-data; boundary=x' }],
      ['more than 64 KiB', `${form}&${'x=1&'.repeat(20_000)}`, {}],
    ];
    for (const [what, body, headers] of bad) {
      const answer = await post(world, 'token', body, { ...basic, ...headers });
      assert.equal(refusalOf(answer), '400 invalid_request', what);
      assert.match(String(answer.headers['content-type']), /^application\/json/);
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
    assert.equal(tap.statements().length, 0);
    assert.equal(refusalOf(await post(world, 'token', '', basic)), '400 invalid_request');
    // Empty counts as left out, unknown means nothing, and a prototype is a name like any other (RFC 6749 3.1).
    const strange = await post(world, 'token', `${form}&scope=&unknown=1&__proto__=1&constructor=1`, basic);
    assert.equal(refusalOf(strange), '400 invalid_grant');
    assert.equal((await world.browser().send('GET', OAUTH.token)).status, 405);
  },
);

inWorld('what was sent stands in no refusal', async (world) => {
  const notes = await addSite(world, 'notes');
  const mark = 'zq7<script>';
  for (const fields of [
    { grant_type: mark },
    { grant_type: 'refresh_token', refresh_token: mark },
    { grant_type: 'authorization_code', code: mark, redirect_uri: mark, code_verifier: mark },
    { grant_type: 'refresh_token', refresh_token: 'x', resource: mark },
  ]) {
    const answer = await ask(world, 'token', notes, fields);
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes('zq7'), answer.text);
  }
});

inWorld('a program’s page at a registered origin may call, any other gets no header', async (world) => {
  const spa = await addSite(world, 'board', { kind: 'spa', origins: ['https://board.example.net'] });
  for (const [origin, allowed] of [
    ['https://board.example.net', 'https://board.example.net'],
    ['https://board.example.net.evil.example', undefined],
    ['https://evil.example', undefined],
    ['null', undefined],
  ] as const) {
    const answer = await ask(world, 'token', spa, { grant_type: 'refresh_token', refresh_token: 'x' }, { headers: { origin } });
    assert.equal(answer.headers['access-control-allow-origin'], allowed, origin);
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    assert.equal(answer.headers['vary'], 'Origin');
    const preflight = await world
      .browser()
      .send('OPTIONS', OAUTH.token, undefined, { headers: { origin, 'access-control-request-method': 'POST' } });
    assert.equal(preflight.headers['access-control-allow-origin'], allowed, origin);
  }
  // Introspection is for backends.
  const inside = await ask(world, 'introspect', spa, { token: 'x' }, { headers: { origin: 'https://board.example.net' } });
  assert.equal(inside.headers['access-control-allow-origin'], undefined);
});

inWorld('cookies count nowhere under /oauth', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const before = await everything(world);
  const cookie = [...browser.jar].map(([name, { value }]) => `${name}=${value}`).join('; ');
  const answer = await ask(world, 'token', notes, { grant_type: 'refresh_token' }, { headers: { cookie } });
  assert.equal(refusalOf(answer), '400 invalid_request');
  assert.equal((await world.browser().send('GET', OAUTH.userinfo, undefined, { headers: { cookie } })).status, 401);
  assert.deepEqual(await everything(world), before);
});
