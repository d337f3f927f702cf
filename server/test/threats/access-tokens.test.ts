import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { COOKIES } from '@portico/protocol/cookies';
import { AUTH_PATHS, authPath, fillPath } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import { within } from '../counts.ts';
import { inWorld, PASSWORD } from '../world.ts';
import { claimsIn, encode, hmacToken, type Installation, installation, signedWith, without } from './forged-tokens.ts';

async function requireRefused({ opens }: Installation, tokens: readonly (readonly [string, string])[]): Promise<void> {
  assert.ok(tokens.length > 0);
  for (const [what, token] of tokens) assert.equal(await opens(token), false, what);
}

test('a token without a signature opens nothing, however "none" is spelled', async () => {
  const at = await installation();
  const [, payload = '', signature = ''] = at.token.split('.');
  const spellings = ['none', 'None', 'NONE', 'nOnE', 'none ', '', null, undefined, 0, [], ['ES256'], {}, true, 'es256', 'ES256 '];
  const heads = spellings.map((alg) => `${encode({ ...at.header, alg })}.${payload}`);
  await requireRefused(at, [
    ...heads.flatMap((head) => ['', signature, 'AAAA'].map((end) => [head, `${head}.${end}`] as const)),
    ...heads.map((head) => [`${head} without its dot`, head] as const),
    ['no signature', `${at.token.split('.').slice(0, 2).join('.')}.`],
    // CVE-2022-21449: zeros for r and s verified for any text.
    ['a signature of zeros', `${at.token.split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`],
  ]);
});

test('the published key is no shared secret: HS256 with it, in sixteen spellings, opens nothing', async () => {
  const at = await installation();
  const pem = at.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const der = at.publicKey.export({ format: 'der', type: 'spki' });
  const jwk = at.publicKey.export({ format: 'jwk' });
  const published = at.deps.keys.signingKeys()[0]?.publicJwk;
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(String(jwk.x), 'base64url'), Buffer.from(String(jwk.y), 'base64url')]);
  const lines = [pem, pem.trimEnd(), pem.replaceAll('\n', '\r\n'), pem.replaceAll('\n', ''), ` ${pem}`, `\n\t${pem}\n`];
  const binary = [der, der.toString('base64'), der.toString('base64url'), der.toString('hex'), point];
  const json = [JSON.stringify(jwk), JSON.stringify(published), JSON.stringify({ keys: [published] }), String(jwk.x), 'own-key'];
  const empty = ['', 'secret', '\0', 'null', 'undefined'];
  const tokens = [...lines, ...binary, ...json, ...empty].flatMap((secret) =>
    (['HS256', 'HS384', 'HS512'] as const).map(
      (alg) => [`${alg} ${secret.toString()}`, hmacToken(alg, secret, at.header, at.claims)] as const,
    ),
  );
  assert.ok(tokens.length === 3 * 21);
  await requireRefused(at, tokens);
});

test('other algorithms and other keys open nothing, whatever name they give themselves', async () => {
  const at = await installation();
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  const other = (alg: string, hash: string | null, key: Parameters<typeof sign>[2]) => {
    const head = `${encode({ ...at.header, alg })}.${encode(at.claims)}`;
    return `${head}.${sign(hash, Buffer.from(head), key).toString('base64url')}`;
  };
  await requireRefused(at, [
    ['RS256', other('RS256', 'sha256', rsa)],
    ['PS256', other('PS256', 'sha256', { key: rsa, padding: 6 })],
    ['ES384', other('ES384', 'sha384', { key: p384, dsaEncoding: 'ieee-p1363' })],
    ['EdDSA', other('EdDSA', null, ed)],
    ['Ed25519', other('Ed25519', null, ed)],
    ['our key under the name of another algorithm', other('ES384', 'sha384', { key: at.privateKey, dsaEncoding: 'ieee-p1363' })],
    ['our key in the other encoding', other('ES256', 'sha256', { key: at.privateKey, dsaEncoding: 'der' })],
    ['another key under our name', signedWith(stranger, at.header, at.claims)],
    ['another key under its own name', signedWith(stranger, { ...at.header, kid: 'stranger' }, at.claims)],
    ['another key without a name', signedWith(stranger, without(at.header, 'kid'), at.claims)],
    ['our key without its name', at.own(at.claims, without(at.header, 'kid'))],
  ]);
});

test('a key that the token brings or points to is not used, and nobody is asked for it', async (t) => {
  const at = await installation();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'stranger' }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks.json`;
  const kids = ['../../../../dev/null', '/proc/self/environ', "' or 1=1 --", '__proto__', 'constructor', '', url, 0, null, ['own-key'], {}];
  const brought = [{ jku: url }, { x5u: url }, { jwk }, { x5c: ['eA=='] }, { jku: url, kid: 'stranger' }];
  await requireRefused(at, [
    ...brought.map((extra) => [JSON.stringify(extra), signedWith(privateKey, { ...at.header, ...extra }, at.claims)] as const),
    ...kids.map((kid) => [`kid ${JSON.stringify(kid)}`, signedWith(privateKey, { ...at.header, kid }, at.claims)] as const),
    ...kids.map((kid) => [`our key under kid ${JSON.stringify(kid)}`, at.own(at.claims, { ...at.header, kid })] as const),
  ]);
  assert.equal(asked, 0);
});

test('tokens for others, from others, of another kind or with an unknown "crit" open nothing, though our key signed them', async () => {
  const at = await installation();
  const told = (name: string, values: readonly unknown[]) =>
    values.map((value) => [`${name} ${JSON.stringify(value)}`, at.own({ ...at.claims, [name]: value })] as const);
  const headed = (name: string, values: readonly unknown[]) =>
    values.map(
      (value) => [`${name} ${JSON.stringify(value)}`, at.own(at.claims, { ...at.header, unknown: 1, exp: 1, [name]: value })] as const,
    );
  await requireRefused(at, [
    ...told('aud', ['space-snake', '', 'Portico', 'portico ', ['space-snake'], null, { portico: true }]),
    ...told('iss', ['http://localhost:4000/', 'http://localhost:4001', 'HTTP://LOCALHOST:4000', '', null, ['http://localhost:4000']]),
    ...headed('typ', ['JWT', 'jwt', 'id+jwt', 'logout+jwt', 'rt+jwt', 'at', 'at+jwt+x', '', null, ['at+jwt']]),
    ...headed('crit', [['unknown'], ['exp'], [], 'exp', [1], ['b64', 'unknown']]),
    ['unencoded payload', at.own(at.claims, { ...at.header, b64: false, crit: ['b64'] })],
    ...['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', 'uv'].map((name) => [`no ${name}`, at.own(without(at.claims, name))] as const),
    ['no typ', at.own(at.claims, without(at.header, 'typ'))],
    ...['[]', '"x"', 'null', '7', '', '{', '{"exp":1', `${JSON.stringify(at.claims)}x`].map((text) => [text, at.own(text)] as const),
  ]);
});

test('a token lives as long as the settings say: no end, a strange end and an end after a thousand years are none', async () => {
  const at = await installation();
  const now = Math.floor(at.clock.now() / 1000);
  const told = (name: string, values: readonly unknown[]) =>
    values.map((value) => [`${name} ${JSON.stringify(value)}`, at.own({ ...at.claims, [name]: value })] as const);
  const written = ['1e999', '-1e999', '1e308', '1.7976931348623157e308'];
  await requireRefused(at, [
    ...told('exp', [now - 6, 0, -1, -1e9, '9999999999', String(now + 100), null, true, [], {}, 1e308, now + 3600, now + 301]),
    ...written.map((exp) => [`exp ${exp}`, at.own(JSON.stringify(at.claims).replace(/"exp":\d+/, `"exp":${exp}`))] as const),
    ...told('nbf', [now + 60, now + 3600, '0', null]),
    ...told('iat', ['0', null, {}, 1e308, 0]),
  ]);
  at.clock.advance(300_000 + 6_000);
  assert.equal(await at.opens(at.token), false, 'expired');
});

test('one bit changed at any place, or another spelling of the same bytes, and the token opens nothing', async () => {
  const at = await installation();
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const flipped = [...at.token].flatMap((letter, place) => {
    const value = letters.indexOf(letter);
    const others = value < 0 ? [0] : [0, 1, 2, 3, 4, 5].map((bit) => value ^ (1 << bit));
    return others.map((other) => at.token.slice(0, place) + letters[other] + at.token.slice(place + 1));
  });
  assert.ok(flipped.length > 2000);
  const [header = '', payload = '', signature = ''] = at.token.split('.');
  const respelled = ['=', '==', '\n', ' ', '%', '.', 'A', '\0'].flatMap((more) => [
    `${at.token}${more}`,
    `${more}${at.token}`,
    `${header}${more}.${payload}.${signature}`,
    `${header}.${payload}${more}.${signature}`,
  ]);
  await requireRefused(
    at,
    [...flipped, ...respelled].map((token) => [token, token]),
  );
});

test('a revoked session stays revoked under the other signature that the same key could have made', async () => {
  const at = await installation();
  const [head = '', payload = '', signature = ''] = at.token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  // (r, n - s) is as good as (r, s): a list of revoked texts would miss it. Ours holds session ids.
  const twin = (order - BigInt(`0x${bytes.toString('hex', 32)}`)).toString(16).padStart(64, '0');
  const token = `${head}.${payload}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(twin, 'hex')]).toString('base64url')}`;
  assert.equal(await at.opens(token), true, 'the twin is genuine');
  at.deps.revoked.add({ kind: 'sid', subject: String(at.claims['sid']), minimumUv: null, expiresAt: at.clock.now() + 1000 });
  assert.equal(await at.opens(token), false);
});

test('fifty kilobytes in a claim cost nothing, and a hundred questions get one verdict', async () => {
  const at = await installation();
  for (const name of ['iss', 'aud', 'sub', 'sid', 'jti']) {
    for (const text of ['a'.repeat(50_000), 'http://localhost:4000'.repeat(2_500), '('.repeat(50_000)]) {
      const token = at.own({ ...at.claims, [name]: text });
      const began = performance.now();
      assert.equal(await at.opens(token), false, name);
      assert.ok(performance.now() - began < within(50), `${name} took ${performance.now() - began} ms`);
    }
  }
  const forged = at.own({ ...at.claims, aud: 'space-snake' });
  for (let n = 0; n < 100; n += 1) assert.deepEqual([await at.opens(at.token), await at.opens(forged)], [true, false]);
});

inWorld('a forged or borrowed token opens no door of the API, neither in the header nor in the cookie', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'bob@example.com', password: PASSWORD });
  const page = await world.browser().send('GET', '/login', undefined, { headers: { accept: 'text/html' } });
  const access = browser.cookie(COOKIES.access) ?? '';
  const { privateKey } = world.deps.keys.currentSigning(world.clock.now());
  const header = JSON.parse(Buffer.from(access.split('.')[0] ?? '', 'base64url').toString()) as object;
  const claims = claimsIn(access);
  const ask = (token: string, by: 'header' | 'cookie') =>
    world.browser().call('me', undefined, {
      headers: by === 'header' ? { authorization: `Bearer ${token}` } : { cookie: `${COOKIES.access}=${token}` },
    });
  for (const by of ['header', 'cookie'] as const) assert.equal((await ask(signedWith(privateKey, header, claims), by)).status, 200);
  const bad = [
    // Issued by us for another purpose.
    browser.refreshToken,
    browser.csrf,
    waiting.cookie(COOKIES.waiting) ?? '',
    /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
    signedWith(privateKey, { ...header, typ: 'JWT' }, claims),
    signedWith(privateKey, header, { ...claims, aud: 'space-snake' }),
    signedWith(privateKey, header, { ...claims, exp: 9_999_999_999 }),
    signedWith(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, header, claims),
    `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`,
    `${access}=`,
  ];
  const guarded = AUTH_ROUTES.filter(({ guardName }) => guardName.startsWith('cookie'));
  assert.ok(guarded.length >= 5);
  for (const token of bad) {
    assert.ok(token.length > 20);
    for (const by of ['header', 'cookie'] as const) assert.equal((await ask(token, by)).body.error, 'signed_out', `${by} ${token}`);
    for (const { method, path, schema } of guarded) {
      const url = authPath('session').replace(
        AUTH_PATHS.session,
        fillPath(path, { id: 'A'.repeat(22), authProvider: 'github', clientId: 'notes' }),
      );
      const fields = schema.body?.required ?? [];
      const body = fields.length === 0 ? undefined : Object.fromEntries(fields.map((name) => [name, name === 'allow' ? false : PASSWORD]));
      const answered = await world.browser().send(method, url, body, { headers: { authorization: `Bearer ${token}`, origin: undefined } });
      // Without a well-formed bearer token it is a browser's call, which must say where it comes from.
      assert.ok(['signed_out', 'origin_refused'].includes(answered.body.error ?? ''), `${method} ${path}: ${answered.text}`);
    }
  }
});
