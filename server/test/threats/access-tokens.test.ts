import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { verifyAccessToken } from '../../src/auth/access-token.ts';
import { type World, inWorld } from '../world.ts';
import { claimsIn, encode, genuineToken, hmacToken, opens, ownHeader, ownToken, signedWith, without } from './forged-tokens.ts';

async function requireRefused(world: World, tokens: Iterable<readonly [string, string]>): Promise<void> {
  let count = 0;
  for (const [what, token] of tokens) {
    assert.equal(await opens(world, token), false, what);
    count += 1;
  }
  assert.ok(count > 0);
}

inWorld('a token without a signature opens nothing, however "none" is spelled', async (world) => {
  const genuine = await genuineToken(world);
  const [, payload = '', signature = ''] = genuine.split('.');
  const header = ownHeader(world);
  const spellings = ['none', 'None', 'NONE', 'nOnE', 'none ', '', null, undefined, 0, [], ['ES256'], ['none'], {}, true, 'es256', 'ES256 '];
  const heads = spellings.map((alg) => `${encode({ ...header, alg })}.${payload}`);
  await requireRefused(world, [
    ...heads.flatMap((head) => ['', signature, 'AAAA'].map((end) => [head, `${head}.${end}`] as const)),
    ...heads.map((head) => [`${head} without its dot`, head] as const),
    ['no signature', `${genuine.split('.').slice(0, 2).join('.')}.`],
    // CVE-2022-21449: zero for r and s verified for any text.
    ['a signature of zeros', `${genuine.split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`],
  ]);
});

inWorld('the published key is no shared secret: HS256 with it, in sixteen spellings, opens nothing', async (world) => {
  const claims = claimsIn(await genuineToken(world));
  const key = world.deps.keys.currentSigning(world.clock.now());
  const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const der = key.publicKey.export({ format: 'der', type: 'spki' });
  const jwk = key.publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(String(jwk.x), 'base64url'), Buffer.from(String(jwk.y), 'base64url')]);
  const secrets: readonly (string | Buffer)[] = [
    pem,
    pem.trimEnd(),
    pem.replaceAll('\n', '\r\n'),
    pem.replaceAll('\n', ''),
    ` ${pem}`,
    `\n\t${pem}\n`,
    der,
    der.toString('base64'),
    der.toString('base64url'),
    der.toString('hex'),
    JSON.stringify(jwk),
    JSON.stringify(key.publicJwk),
    JSON.stringify({ keys: [key.publicJwk] }),
    String(jwk.x),
    point,
    key.kid,
  ];
  const tokens = ['', 'secret', '\0', 'null', 'undefined', ...secrets].flatMap((secret) =>
    (['HS256', 'HS384', 'HS512'] as const).map((alg) => [`${alg} ${secret}`, hmacToken(alg, secret, ownHeader(world), claims)] as const),
  );
  await requireRefused(world, tokens);
});

inWorld('other algorithms and other keys open nothing, whatever name they give themselves', async (world) => {
  const claims = claimsIn(await genuineToken(world));
  const header = ownHeader(world);
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  const other = (alg: string, hash: string | null, key: Parameters<typeof sign>[2]) => {
    const head = `${encode({ ...header, alg })}.${encode(claims)}`;
    return `${head}.${sign(hash, Buffer.from(head), key).toString('base64url')}`;
  };
  const own = world.deps.keys.currentSigning(world.clock.now()).privateKey;
  await requireRefused(world, [
    ['RS256', other('RS256', 'sha256', rsa)],
    ['PS256', other('PS256', 'sha256', { key: rsa, padding: 6 })],
    ['ES384', other('ES384', 'sha384', { key: p384, dsaEncoding: 'ieee-p1363' })],
    ['EdDSA', other('EdDSA', null, ed)],
    ['Ed25519', other('Ed25519', null, ed)],
    ['our key under the name of another algorithm', other('ES384', 'sha384', { key: own, dsaEncoding: 'ieee-p1363' })],
    ['our key in the other encoding', other('ES256', 'sha256', { key: own, dsaEncoding: 'der' })],
    ['another key under our name', signedWith(stranger.privateKey, header, claims)],
    ['another key under its own name', signedWith(stranger.privateKey, { ...header, kid: 'stranger' }, claims)],
    ['another key without a name', signedWith(stranger.privateKey, without(header, 'kid'), claims)],
    ['our key without its name', ownToken(world, claims, without(header, 'kid'))],
  ]);
});

inWorld('a key that the token brings or points to is not used, and nobody is asked for it', async (world, t) => {
  const claims = claimsIn(await genuineToken(world));
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
  const header = ownHeader(world);
  const kids = ['../../../../dev/null', '/proc/self/environ', "' or 1=1 --", '__proto__', 'constructor', '', url, 0, null, [header['kid']], {}];
  await requireRefused(world, [
    ...[{ jku: url }, { x5u: url }, { jwk }, { x5c: [Buffer.from('x').toString('base64')] }, { jku: url, kid: 'stranger' }].map(
      (extra) => [JSON.stringify(extra), signedWith(privateKey, { ...header, ...extra }, claims)] as const,
    ),
    ...kids.map((kid) => [`kid ${JSON.stringify(kid)}`, signedWith(privateKey, { ...header, kid }, claims)] as const),
    ...kids.map((kid) => [`our key under kid ${JSON.stringify(kid)}`, ownToken(world, claims, { ...header, kid })] as const),
  ]);
  assert.equal(asked, 0);
});

inWorld('tokens for somebody else, from somebody else, of another kind or with an unknown "crit" open nothing, though our key signed them', async (world) => {
  const claims = claimsIn(await genuineToken(world));
  const header = ownHeader(world);
  const told = (what: string, changed: Record<string, unknown>) => [what, ownToken(world, { ...claims, ...changed })] as const;
  const headed = (changed: Record<string, unknown>) => [JSON.stringify(changed), ownToken(world, claims, { ...header, ...changed })] as const;
  await requireRefused(world, [
    ...['space-snake', '', 'Portico', 'portico ', ['space-snake'], null, { portico: true }].map((aud) => told(`aud ${JSON.stringify(aud)}`, { aud })),
    ...['http://localhost:4000/', 'http://localhost:4001', 'HTTP://LOCALHOST:4000', '', null, ['http://localhost:4000']].map((iss) => told(`iss ${JSON.stringify(iss)}`, { iss })),
    ...['JWT', 'jwt', 'id+jwt', 'logout+jwt', 'rt+jwt', 'at', 'at+jwt+x', '', null, ['at+jwt']].map((typ) => headed({ typ })),
    ...[['unknown'], ['exp'], ['b64', 'unknown'], [], 'exp', [1]].map((crit) => headed({ crit, unknown: 1, b64: true, exp: 1 })),
    headed({ b64: false, crit: ['b64'] }),
    ...['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', 'uv'].map((name) => [`no ${name}`, ownToken(world, without(claims, name))] as const),
    ['no typ', ownToken(world, claims, without(header, 'typ'))],
    ...['[]', '"x"', 'null', '7', '', '{', '{"exp":1', `${JSON.stringify(claims)}x`].map((text) => [text, ownToken(world, text)] as const),
  ]);
});

inWorld('a token lives as long as the settings say: no end, a strange end and an end after a thousand years are none', async (world) => {
  const claims = claimsIn(await genuineToken(world));
  const now = Math.floor(world.clock.now() / 1000);
  const ends = [now - 6, 0, -1, -1e9, '9999999999', String(now + 100), null, true, [], {}, 1e308, now + 3600, now + 301, 9_999_999_999];
  await requireRefused(world, [
    ...ends.map((exp) => [`exp ${JSON.stringify(exp)}`, ownToken(world, { ...claims, exp })] as const),
    ...['1e999', '-1e999', '1e308', '1.7976931348623157e308'].map(
      (exp) => [`exp ${exp}`, ownToken(world, JSON.stringify(claims).replace(/"exp":\d+/, `"exp":${exp}`))] as const,
    ),
    ...[now + 60, now + 3600, '0', null].map((nbf) => [`nbf ${JSON.stringify(nbf)}`, ownToken(world, { ...claims, nbf })] as const),
    ...['0', null, {}, 1e308].map((iat) => [`iat ${JSON.stringify(iat)}`, ownToken(world, { ...claims, iat })] as const),
  ]);
  world.clock.advance(300_000 + 6_000);
  assert.equal(await opens(world, ownToken(world, claims)), false, 'expired');
});

inWorld('one bit changed at any place, or another spelling of the same bytes, and the token opens nothing', async (world) => {
  const genuine = await genuineToken(world);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const flipped = [...genuine].flatMap((letter, at) => {
    const value = letters.indexOf(letter);
    const bits = value < 0 ? [0] : [0, 1, 2, 3, 4, 5].map((bit) => value ^ (1 << bit));
    return bits.map((bit) => genuine.slice(0, at) + letters[bit] + genuine.slice(at + 1));
  });
  assert.ok(flipped.length > 2000);
  for (const token of flipped) assert.equal(await verifyAccessToken(world.deps, token), null, token);
  const [header = '', payload = '', signature = ''] = genuine.split('.');
  const respelled = ['=', '==', '\n', ' ', '%', '.', 'A', '\0'].flatMap((more) => [
    `${genuine}${more}`,
    `${more}${genuine}`,
    `${header}${more}.${payload}.${signature}`,
    `${header}.${payload}${more}.${signature}`,
  ]);
  const other = genuine.replaceAll('-', '+').replaceAll('_', '/');
  for (const token of [...respelled, other === genuine ? `${genuine}+` : other]) assert.equal(await verifyAccessToken(world.deps, token), null, token);
});

inWorld('what was issued for another purpose is no access token', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const page = await world.browser().send('GET', '/login', undefined, { headers: { accept: 'text/html' } });
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'bob@example.com', password: 'correct horse battery staple' });
  const formToken = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const others = [browser.refreshToken, browser.csrf, formToken, ...[...waiting.jar.values()].map(({ value }) => value)];
  assert.equal(others.filter((value) => value.length > 20).length, 4);
  for (const token of others) assert.equal(await opens(world, token), false, token);
});

inWorld('a revoked token stays revoked under the other signature that the same key could have made', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const [head = '', payload = '', signature = ''] = String((await browser.refresh()).body['accessToken']).split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  // (r, n - s) is as good as (r, s): a list of revoked texts would miss it. Ours holds session ids.
  const twin = (order - BigInt(`0x${bytes.toString('hex', 32)}`)).toString(16).padStart(64, '0');
  const token = `${head}.${payload}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(twin, 'hex')]).toString('base64url')}`;
  assert.notEqual(await verifyAccessToken(world.deps, token), null, 'the twin is genuine');
  await browser.act('signOut');
  assert.equal(await opens(world, token), false);
});

inWorld('fifty kilobytes in a claim cost nothing, and a hundred questions get one verdict', async (world) => {
  const genuine = await genuineToken(world);
  const claims = claimsIn(genuine);
  for (const name of ['iss', 'aud', 'sub', 'sid', 'jti']) {
    for (const text of ['a'.repeat(50_000), 'http://localhost:4000'.repeat(2_500), '('.repeat(50_000)]) {
      const token = ownToken(world, { ...claims, [name]: text });
      const began = performance.now();
      assert.equal(await verifyAccessToken(world.deps, token), null, name);
      assert.ok(performance.now() - began < 50, `${name} took ${performance.now() - began} ms`);
    }
  }
  const forged = ownToken(world, { ...claims, aud: 'space-snake' });
  for (let n = 0; n < 100; n += 1) {
    assert.equal((await verifyAccessToken(world.deps, genuine))?.sub, claims['sub']);
    assert.equal(await verifyAccessToken(world.deps, forged), null);
  }
});

test('the forged tokens of this file differ from genuine ones in what they say they do', () => {
  assert.equal(encode({ alg: 'none' }), 'eyJhbGciOiJub25lIn0');
  assert.deepEqual(without({ a: 1, b: 2 }, 'a'), { b: 2 });
});
