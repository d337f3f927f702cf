import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { CLIENT_ID_FORM, SECRET_FORM } from '../../src/clients/authenticate-client.ts';
import { type ClientWish, checkClient } from '../../src/clients/check-client.ts';
import { findClient, listClients } from '../../src/clients/client.ts';
import { readClientKeys } from '../../src/clients/client-keys.ts';
import { sentencesOf } from '../../src/clients/client-problem.ts';
import { registerClient } from '../../src/clients/register-client.ts';
import { tokenHash } from '../../src/platform/crypto.ts';
import { openSigningSecret } from '../../src/sessions/access-token.ts';
import { DAY, inWorld, MINUTE, ORIGIN, type World } from '../world.ts';
import { jwksOf, newSiteKey } from './assertions.ts';
import { OPERATOR as FROM, register } from './registered.ts';

const WEB: ClientWish = { name: 'Shop', kind: 'web', redirectUris: ['https://shop.example.com/cb'] };
const SPA: ClientWish = { name: 'App', kind: 'spa', redirectUris: ['https://app.example.com/cb'], origins: ['https://app.example.com'] };
const NATIVE: ClientWish = { name: 'Game', kind: 'native', redirectUris: ['http://127.0.0.1/cb'] };
const MACHINE: ClientWish = { name: 'Robot', kind: 'machine' };
const SECONDARY: ClientWish = { name: 'Second', kind: 'secondary', origins: ['https://second.example.com'] };
const KEYS = jwksOf(newSiteKey('ES256'));

async function refusal(world: World, wish: ClientWish): Promise<string> {
  const before = await listClients(world.deps.db);
  const done = await registerClient(world.deps, FROM, wish);
  assert.deepEqual(await listClients(world.deps.db), before, 'nothing was kept');
  return done.kind === 'refused' ? sentencesOf(done.problems).join('; ') : '';
}

const problemsOf = (wish: ClientWish): readonly string[] => {
  const checked = checkClient(wish);
  return checked.kind === 'bad' ? sentencesOf(checked.problems) : [];
};

test('every kind of client is good as it usually is, and proves itself as its kind can', () => {
  const proofs = [WEB, SPA, NATIVE, MACHINE, SECONDARY].map((wish) => {
    const checked = checkClient(wish);
    assert.equal(checked.kind, 'good', checked.kind === 'bad' ? sentencesOf(checked.problems).join() : '');
    return checked.kind === 'good'
      ? `${wish.kind} ${checked.client.authentication} ${checked.client.confirmation} ${checked.client.scopes.length}`
      : '';
  });
  assert.deepEqual(proofs, [
    'web secret once 4',
    'spa none once 4',
    'native none always 4',
    'machine secret once 0',
    'secondary secret once 4',
  ]);
  assert.deepEqual(problemsOf({ ...NATIVE, redirectUris: [] }), [], 'a game on a television has no browser to send back');
});

test('a redirect URI is https, or http on this machine, or for a native app a scheme with a dot', () => {
  for (const uri of [
    'https://shop.example.com/',
    'https://shop.example.com:8443/a/b?c=d&e=%2F',
    'http://localhost:3000/cb',
    'http://a.localhost:3000/cb',
    'http://127.0.0.1:3000/cb',
    'http://[::1]:3000/cb',
  ])
    assert.deepEqual(problemsOf({ ...WEB, redirectUris: [uri] }), [], uri);
  for (const uri of [
    'com.example.game:/cb',
    'com.example.game:/',
    'com.example.game://callback',
    'https://game.example.com/cb',
    'http://[::1]/cb',
  ])
    assert.deepEqual(problemsOf({ ...NATIVE, redirectUris: [uri] }), [], uri);
  assert.match(problemsOf({ ...WEB, redirectUris: ['com.example.game:/cb'] }).join(), /must begin with https/);
});

test('seventy hostile redirect URIs are refused for every kind of client, and so as post-logout, logout and logo addresses', () => {
  const hostile = [
    '',
    '/cb',
    '//shop.example.com/cb',
    'shop.example.com/cb',
    'https:shop.example.com/cb',
    'https:/shop.example.com/cb',
    'https:///shop.example.com/cb',
    'https://',
    'https:///',
    'https://?',
    'http://shop.example.com/cb',
    'http://10.0.0.1/cb',
    'http://0.0.0.0/cb',
    'http://localhost.evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://127.0.0.1@evil.example/cb',
    'http://localhost:80@evil.example/cb',
    'https://shop.example.com/cb#',
    'https://shop.example.com/cb#x',
    'https://user@shop.example.com/cb',
    'https://user:pass@shop.example.com/cb',
    'https://:@shop.example.com/cb',
    'https://@shop.example.com/cb',
    'https://*.example.com/cb',
    'https://shop.example.com/*',
    'https://shop.example.com/../cb',
    'https://shop.example.com/a/../cb',
    'https://shop.example.com/./cb',
    'https://shop.example.com/..',
    'https://shop.example.com/a/%2e%2e/cb',
    'https://shop.example.com/a/.%2E/cb',
    'https://shop.example.com/a%2f..%2fcb',
    'https://shop.example.com\\cb',
    'https://shop.example.com/a\\..\\cb',
    'https:\\\\shop.example.com/cb',
    'https://shop.example.com:443/cb',
    'https://SHOP.example.com/cb',
    'HTTPS://shop.example.com/cb',
    'https://shop.example.com',
    'https://shop.example.com?x',
    'https://shöp.example.com/cb',
    'https://shop.example.com/c b',
    'https://shop.example.com/cb\n',
    'https://shop.example.com/\tcb',
    ' https://shop.example.com/cb',
    'https://shop.example.com/cb\0',
    'https://shop.example.com/\u202ecb',
    'https://shop.example.com%2fevil.example/cb',
    'https://[shop.example.com/cb',
    'https://shop.example.com:99999/cb',
    'https://0x7f.1/cb',
    'https://2130706433/cb',
    `https://shop.example.com/${'a'.repeat(2000)}`,
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\nscript:alert(1)',
    'javascript://shop.example.com/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:msgbox(1)',
    'file:///etc/passwd',
    'blob:https://shop.example.com/1',
    'about:blank',
    'ftp://shop.example.com/cb',
    'ws://shop.example.com/cb',
    'mailto:ada@example.com',
    'game:/cb',
    'com.example.game',
    'com.example.game:cb',
    '.com:/cb',
    'com.:/cb',
    'com.example.game:/cb#x',
    'com.example.game:/../cb',
    'COM.example.game:/cb',
  ];
  assert.ok(hostile.length >= 70, String(hostile.length));
  for (const uri of hostile) {
    for (const wish of [WEB, SPA, NATIVE]) {
      assert.notDeepEqual(problemsOf({ ...wish, redirectUris: [uri] }), [], `redirect ${wish.kind} ${uri}`);
      assert.notDeepEqual(problemsOf({ ...wish, postLogoutUris: [uri] }), [], `post-logout ${wish.kind} ${uri}`);
    }
    assert.notDeepEqual(problemsOf({ ...WEB, backchannelLogoutUri: uri }), [], `logout ${uri}`);
    assert.notDeepEqual(problemsOf({ ...WEB, logoUri: uri }), [], `logo ${uri}`);
    // Without a path it is a good origin.
    if (uri !== 'https://shop.example.com') assert.notDeepEqual(problemsOf({ ...SPA, origins: [uri] }), [], `origin ${uri}`);
  }
  for (const origin of [
    'https://app.example.com/',
    'https://app.example.com/x',
    'null',
    '*',
    'https://app.example.com, https://b.example.com',
  ])
    assert.notDeepEqual(problemsOf({ ...SPA, origins: [origin] }), [], origin);
});

test('each rule of a registration refuses with a sentence of its own, and all of them at once', () => {
  const wrong: readonly (readonly [Partial<ClientWish> & ClientWish, RegExp])[] = [
    [{ ...WEB, name: '' }, /name must be/],
    [{ ...WEB, name: 'x'.repeat(81) }, /name must be/],
    [{ ...WEB, name: 'two\nlines' }, /name must be/],
    [{ ...WEB, name: ' Shop' }, /name must be/],
    [{ ...WEB, name: 'Sh\u202eop' }, /name must be/],
    [{ ...WEB, name: 'Sh\u200bop' }, /name must be/],
    [{ ...WEB, id: 'a b' }, /id must be/],
    [{ ...WEB, id: '-a' }, /id must be/],
    [{ ...WEB, id: 'x'.repeat(65) }, /id must be/],
    [{ ...WEB, redirectUris: [] }, /needs a redirect URI/],
    [{ ...SPA, redirectUris: [] }, /needs a redirect URI/],
    [{ ...WEB, redirectUris: ['https://a.example/', 'https://a.example/'] }, /is there twice/],
    [{ ...WEB, redirectUris: Array.from({ length: 51 }, (_, n) => `https://a.example/${n}`) }, /more than 50/],
    [{ ...MACHINE, redirectUris: ['https://a.example/'] }, /no users to send back/],
    [{ ...SPA, origins: [] }, /exactly one origin/],
    [{ ...SPA, origins: ['https://a.example', 'https://b.example'] }, /exactly one origin/],
    [{ ...SECONDARY, origins: [] }, /exactly one origin/],
    [{ ...MACHINE, origins: ['https://a.example'] }, /has no origin/],
    [{ ...NATIVE, origins: ['https://a.example'] }, /has no origin/],
    [{ ...SPA, backchannelLogoutUri: 'https://a.example/out' }, /no backend/],
    [{ ...NATIVE, backchannelLogoutUri: 'https://a.example/out' }, /no backend/],
    [{ ...WEB, scopes: ['openid', 'admin'] }, /no scope "admin"/],
    [{ ...WEB, scopes: ['openid profile'] }, /no scope/],
    [{ ...WEB, scopes: ['openid', 'openid'] }, /scope is there twice/],
    [{ ...MACHINE, scopes: ['openid'] }, /machine client cannot have the scope/],
    [{ ...MACHINE, scopes: ['a"b'] }, /machine client cannot have the scope/],
    [{ ...MACHINE, roles: ['editor'] }, /no users who could have roles/],
    [{ ...WEB, roles: ['a b'] }, /a role is/],
    [{ ...WEB, roles: ['a,b'] }, /a role is/],
    [{ ...WEB, roles: ['a', 'a'] }, /role is there twice/],
    [{ ...WEB, roles: Array.from({ length: 101 }, (_, n) => `r${n}`) }, /more than 100 roles/],
    [{ ...SPA, audiences: ['x'] }, /only a client that proves itself/],
    [{ ...SPA, authentication: 'secret' }, /cannot prove itself/],
    [{ ...NATIVE, authentication: 'private_key_jwt', jwks: KEYS }, /cannot prove itself/],
    [{ ...WEB, authentication: 'none' }, /web client proves itself/],
    [{ ...MACHINE, authentication: 'none' }, /machine client proves itself/],
    [{ ...WEB, authentication: 'private_key_jwt' }, /needs the public keys/],
    [{ ...WEB, authentication: 'secret', jwks: KEYS }, /goes with private_key_jwt/],
    [{ ...SPA, pkce: 'nonce' }, /PKCE can be replaced/],
    [{ ...WEB, pkce: 'nonce', scopes: ['profile'] }, /PKCE can be replaced/],
    [{ ...SPA, accessAlg: 'HS256' }, /cannot have HS256/],
    [{ ...NATIVE, accessAlg: 'HS256' }, /cannot have HS256/],
    [{ ...WEB, accessLife: 2 * MINUTE - 1 }, /live 2 to 15 minutes/],
    [{ ...WEB, accessLife: 15 * MINUTE + 1 }, /live 2 to 15 minutes/],
    [{ ...WEB, accessLife: Number.NaN }, /live 2 to 15 minutes/],
    [{ ...WEB, idleLife: MINUTE }, /idle life/],
    [{ ...WEB, idleLife: 401 * DAY }, /idle life/],
    [{ ...MACHINE, idleLife: DAY }, /no sign-ins that could rest/],
    [{ ...NATIVE, confirmation: 'auto' }, /confirmed always/],
    [{ ...NATIVE, confirmation: 'once' }, /confirmed always/],
    [{ ...NATIVE, confirmation: 'once', redirectUris: [] }, /confirmed always/],
    [{ ...NATIVE, confirmation: 'auto', redirectUris: ['https://game.example.com/cb'] }, /confirmed once at least/],
  ];
  for (const [wish, sentence] of wrong) {
    const problems = problemsOf(wish);
    assert.equal(problems.length, 1, `${String(sentence)}: ${problems.join('; ')}`);
    assert.match(problems[0] ?? '', sentence);
  }
  for (const wish of [
    {
      ...WEB,
      pkce: 'nonce',
      accessAlg: 'HS256',
      idAlg: 'RS256',
      accessLife: 2 * MINUTE,
      idleLife: DAY,
      confirmation: 'auto',
      reuseEnds: 'session',
    },
    { ...MACHINE, jwks: KEYS, scopes: ['scores:write'] },
    { ...NATIVE, confirmation: 'once', redirectUris: ['https://game.example.com/cb'] },
  ] as const satisfies readonly ClientWish[])
    assert.deepEqual(problemsOf(wish), []);
  const all = problemsOf({
    ...SPA,
    name: '',
    redirectUris: ['javascript:1', '/x'],
    origins: [],
    accessAlg: 'HS256',
    pkce: 'nonce',
    scopes: ['x'],
  });
  assert.equal(all.length, 7, all.join('\n'));
});

test('of a JWKS only public keys for RS256, ES256 and EdDSA are kept, by themselves', () => {
  const keyOf = (jwk: object) => readClientKeys(JSON.stringify({ keys: [jwk] }));
  const es = newSiteKey('ES256', 'one');
  const rs = newSiteKey('RS256', 'two');
  const ed = newSiteKey('EdDSA', 'three');
  const good = readClientKeys(
    JSON.stringify({
      keys: [
        { ...es.publicJwk, x5u: 'https://evil.example', key_ops: ['verify'], use: undefined, alg: undefined },
        rs.publicJwk,
        ed.publicJwk,
      ],
    }),
  );
  assert.equal(good.kind, 'good');
  if (good.kind === 'good') {
    assert.deepEqual(
      good.keys.map(({ kid, alg }) => [kid, alg]),
      [
        ['one', 'ES256'],
        ['two', 'RS256'],
        ['three', 'EdDSA'],
      ],
    );
    assert.deepEqual(Object.keys((JSON.parse(good.text) as { keys: object[] }).keys[0] ?? {}).sort(), [
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
  }
  const secretOf = (site: typeof es) => ({ ...site.privateKey.export({ format: 'jwk' }) });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const bad: readonly (readonly [string, ReturnType<typeof keyOf>, RegExp])[] = [
    ['a private EC key', keyOf(secretOf(es)), /private/],
    ['a private RSA key', keyOf(secretOf(rs)), /private/],
    ['a private Ed25519 key', keyOf(secretOf(ed)), /private/],
    ['one member of a private key', keyOf({ ...rs.publicJwk, dp: 'AQAB' }), /private/],
    ['a symmetric key', keyOf({ kty: 'oct', k: 'c2VjcmV0' }), /symmetric/],
    ['a symmetric member', keyOf({ ...es.publicJwk, k: 'c2VjcmV0' }), /private/],
    ['another curve', keyOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })), /none of/],
    ['a key for agreement', keyOf(generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })), /none of/],
    ['a point that is on no curve', keyOf({ ...es.publicJwk, x: es.publicJwk['y'] }), /cannot be read/],
    ['half a point', keyOf({ ...es.publicJwk, y: undefined }), /cannot be read/],
    ['another algorithm', keyOf({ ...rs.publicJwk, alg: 'PS256' }), /must be for RS256/],
    ['HS256', keyOf({ ...es.publicJwk, alg: 'HS256' }), /must be for ES256/],
    ['for encryption', keyOf({ ...rs.publicJwk, use: 'enc' }), /not for signatures/],
    ['a malformed name', keyOf({ ...es.publicJwk, kid: 7 }), /malformed name/],
    ['1024 bits', keyOf(weak), /2048/],
    ['an exponent of 1', keyOf({ ...rs.publicJwk, e: 'AQ' }), /exponent|cannot be read/],
    ['an exponent of 3', keyOf({ ...rs.publicJwk, e: 'Aw' }), /exponent/],
    ['no keys', readClientKeys('{"keys":[]}'), /1 to 10/],
    ['too many', readClientKeys(JSON.stringify({ keys: Array.from({ length: 11 }, () => es.publicJwk) })), /1 to 10/],
    ['no set', readClientKeys(JSON.stringify(es.publicJwk)), /JSON object/],
    ['an address', readClientKeys('https://shop.example.com/jwks'), /JSON object/],
    ['no JSON', readClientKeys('{'), /JSON object/],
    ['null', readClientKeys('null'), /JSON object/],
    ['a list of nothing', readClientKeys('{"keys":[null]}'), /JSON object/],
    ['two of one name', readClientKeys(jwksOf(es, newSiteKey('ES256', 'one'))), /same name/],
    [
      'two without a name',
      readClientKeys(JSON.stringify({ keys: [{ ...es.publicJwk, kid: undefined }, rs.publicJwk] })),
      /name of its own/,
    ],
  ];
  for (const [what, read, sentence] of bad) {
    assert.equal(read.kind, 'bad', what);
    assert.match(read.kind === 'bad' ? read.problem : '', sentence, what);
  }
});

inWorld(
  'a registered client is found as it was wished, its secret is told once and kept as a hash, and the act stands in the audit log',
  async (world) => {
    const { client, secret, signingSecret } = await register(world, {
      ...WEB,
      name: 'Ädas  Shop, 2nd',
      accessAlg: 'HS256',
      roles: ['editor'],
    });
    assert.match(client.id, /^adas-shop-2nd-[0-9a-f]{10}$/);
    assert.match(client.id, CLIENT_ID_FORM);
    assert.deepEqual(
      [client.kind, client.redirectUris, client.roles, client.accessAlg, client.authentication, client.cv],
      ['web', WEB.redirectUris, ['editor'], 'HS256', 'secret', 1],
    );
    assert.match(secret?.secret ?? '', SECRET_FORM);
    assert.match(signingSecret?.secret ?? '', /^ptj_[A-Za-z0-9_-]{43}$/);
    const rows = await world.deps.db.all('select id, purpose, hash, sealed from client_secrets order by purpose');
    assert.deepEqual(
      rows.map((row) => row['purpose']),
      ['authentication', 'signing'],
    );
    assert.equal(rows[0]?.['hash'], tokenHash(secret?.secret ?? ''));
    const opened = openSigningSecret(world.deps, { id: String(rows[1]?.['id']), sealed: String(rows[1]?.['sealed']) });
    assert.equal(opened.bytes.toString(), signingSecret?.secret, 'the key of the HMAC is the text');
    const kept = JSON.stringify([rows, await world.deps.db.all('select * from clients'), await world.deps.db.all('select * from events')]);
    for (const told of [secret?.secret, signingSecret?.secret])
      assert.ok(told !== undefined && !kept.includes(told) && !kept.includes(told.slice(4)));
    const events = await world.deps.db.all("select client_id, user_agent from events where action = 'client.added'");
    assert.deepEqual(
      events.map((row) => [row['client_id'], row['user_agent']]),
      [[client.id, 'portico']],
    );
    const other = await register(world, { ...WEB, name: 'ゲーム' });
    assert.match(other.client.id, /^site-[0-9a-f]{10}$/);
    assert.notEqual(other.secret?.secret, secret?.secret);
    assert.equal((await register(world, { ...NATIVE, id: 'my.game' })).secret, null, 'what is shipped to people is no secret');
  },
);

inWorld(
  'no client takes a name, an origin or an address that is somebody else’s or ours, and two that come at once do not both get one',
  async (world) => {
    await register(world, { ...SPA, id: 'app' });
    await register(world, { ...WEB, id: 'shop' });
    const ada = await world.signedUp('ada@example.com');
    const userId = String((await world.deps.db.all('select id from users'))[0]?.['id']);
    assert.ok(ada.refreshToken !== '');
    const wrong: readonly (readonly [ClientWish, RegExp])[] = [
      [{ ...WEB, id: 'shop' }, /there is a client "shop" already/],
      [{ ...WEB, id: FIRST_PARTY_CLIENT }, /there is a client "portico" already/],
      [{ ...MACHINE, id: userId }, /that of a user/],
      [{ ...SPA, redirectUris: ['https://b.example.com/'] }, /the origin "https:\/\/app.example.com" belongs to the client "app"/],
      [{ ...SPA, origins: [ORIGIN] }, /Portico's own/],
      [{ ...WEB, redirectUris: [`${ORIGIN}/login`] }, /Portico's own/],
      [{ ...WEB, postLogoutUris: [`${ORIGIN}/`] }, /Portico's own/],
      [{ ...WEB, backchannelLogoutUri: `${ORIGIN}/x` }, /Portico's own/],
      [{ ...WEB, audiences: ['nobody'] }, /no client "nobody"/],
      [{ ...WEB, audiences: [FIRST_PARTY_CLIENT] }, /no client "portico"/],
    ];
    for (const [wish, sentence] of wrong) assert.match(await refusal(world, wish), sentence);
    assert.match(
      await refusal(world, { ...WEB, id: 'shop', audiences: ['nobody'], redirectUris: [`${ORIGIN}/`] }),
      /own; there is .*; there is no/,
    );
    // Disabled, it keeps what is its own: or both would have the origin when it comes back.
    await world.deps.db.all("update clients set disabled_at = 1 where id = 'app'");
    assert.match(await refusal(world, { ...SPA, redirectUris: ['https://b.example.com/'] }), /belongs to the client "app"/);
    assert.equal((await register(world, { ...WEB, audiences: ['shop', 'app'] })).client.audiences.length, 2);

    const wish: ClientWish = { ...SPA, origins: ['https://new.example.com'] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => registerClient(world.deps, FROM, wish)));
    assert.equal(answers.filter(({ kind }) => kind === 'registered').length, 1);
    const named = await Promise.all(Array.from({ length: 20 }, () => registerClient(world.deps, FROM, { ...WEB, id: 'race' })));
    assert.equal(named.filter(({ kind }) => kind === 'registered').length, 1);
    assert.ok((await findClient(world.deps.db, 'race')) !== null);
  },
);
