import assert from 'node:assert/strict';
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { COOKIES } from '@portico/protocol/cookies';
import { AUTH_PREFIX, fillPath, SYSTEM } from '@portico/protocol/routes';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { AUTH_ROUTES } from '../../src/app.ts';
import { makeSigningSecret } from '../../src/clients/make-secret.ts';
import { signJwt } from '../../src/sessions/sign-jwt.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { ask, redeeming, refusalOf } from '../oauth/ask.ts';
import { codeFor } from '../sites.ts';
import { hmacToken } from '../threats/forged-tokens.ts';
import { inWorld, MINUTE, ORIGIN, PASSWORD, type World } from '../world.ts';
import { type RegisteredSite, registerSite, tokensAt } from './registered.ts';

async function isActive(world: World, site: RegisteredSite, token: string): Promise<unknown> {
  return (await ask(world, 'introspect', site, { token })).body['active'];
}

inWorld('each site’s tokens are signed as it registered, and verified by the published keys or by its own secret', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const published = createLocalJWKSet((await world.browser().send('GET', SYSTEM.jwks)).body as unknown as JSONWebKeySet);
  const currentDate = new Date(world.clock.now());
  for (const [accessAlg, idAlg, accessLife] of [
    ['ES256', 'RS256', 2 * MINUTE],
    ['EdDSA', 'ES256', 15 * MINUTE],
    ['HS256', 'EdDSA', null],
  ] as const) {
    const site = await registerSite(world, accessAlg.toLowerCase(), { accessAlg, idAlg, accessLife });
    const { accessToken, idToken } = await tokensAt(world, browser, site);
    assert.equal(decodeProtectedHeader(accessToken).alg, accessAlg);
    assert.equal(decodeProtectedHeader(idToken).alg, idAlg);
    const checks = { issuer: ORIGIN, audience: site.id, typ: 'at+jwt', currentDate, algorithms: [accessAlg] };
    if (site.jwtSecret === null) await jwtVerify(accessToken, published, checks);
    else {
      assert.equal(decodeProtectedHeader(accessToken).kid, site.jwtSecret.id);
      await jwtVerify(accessToken, createSecretKey(Buffer.from(site.jwtSecret.secret)), checks);
      await assert.rejects(jwtVerify(accessToken, published, checks), 'it names none of our keys');
    }
    await jwtVerify(idToken, published, { issuer: ORIGIN, audience: site.id, currentDate, algorithms: [idAlg] });
    const { iat, exp } = claimsOf(accessToken);
    assert.equal(exp - iat, (accessLife ?? 5 * MINUTE) / 1000);
    assert.equal(await isActive(world, site, accessToken), true);
  }
});

inWorld('what a site’s own secret signs opens no call of Portico’s own API, whatever it says, by header and by cookie', async (world) => {
  const site = await registerSite(world, 'notes', { accessAlg: 'HS256' });
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await tokensAt(world, browser, site);
  const { id: sid, userId } = await sessionOf(world, browser);
  const own = browser.cookie(COOKIES.access) ?? '';
  const secret = site.jwtSecret?.secret ?? '';
  const header = { typ: 'at+jwt', kid: site.jwtSecret?.id ?? '' };
  const role = { role: 'owner', csrf_from: 0, sid, sub: userId };
  const tokens: Readonly<Record<string, string>> = {
    'its own': accessToken,
    'our claims': hmacToken('HS256', secret, header, { ...claimsOf(own) }),
    'our audience': hmacToken('HS256', secret, header, {
      ...claimsOf(accessToken),
      ...role,
      aud: FIRST_PARTY_CLIENT,
      client_id: FIRST_PARTY_CLIENT,
    }),
    'both audiences': hmacToken('HS256', secret, header, { ...claimsOf(own), aud: [FIRST_PARTY_CLIENT, site.id] }),
    'under the name of our key': hmacToken(
      'HS256',
      secret,
      { typ: 'at+jwt', kid: decodeProtectedHeader(own).kid ?? '' },
      { ...claimsOf(own) },
    ),
    'under no name': hmacToken('HS256', secret, { typ: 'at+jwt' }, { ...claimsOf(own) }),
  };
  const guarded = AUTH_ROUTES.filter(({ guardName }) => guardName.startsWith('cookie'));
  assert.ok(guarded.length > 15, String(guarded.length));
  for (const { method, path, schema } of guarded) {
    const url = AUTH_PREFIX + fillPath(path, { id: 'A'.repeat(22), authProvider: 'github', clientId: site.id });
    const fields = schema.body?.required ?? [];
    const body = fields.length === 0 ? undefined : Object.fromEntries(fields.map((name) => [name, name === 'allow' ? true : PASSWORD]));
    for (const [what, token] of Object.entries(tokens)) {
      const byHeader = await world.browser().send(method, url, body, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(byHeader.body.error, 'signed_out', `${method} ${path} ${what}: ${byHeader.text}`);
      const byCookie = await world.browser().send(method, url, body, { headers: { cookie: `${COOKIES.access}=${token}` } });
      assert.equal(byCookie.body.error, 'signed_out', `${method} ${path} ${what} as a cookie: ${byCookie.text}`);
    }
  }
  assert.equal((await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${own}` } })).status, 200, 'ours does');
});

inWorld('a token that is signed in another way than its site registered is none, though the key is Portico’s own', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  for (const accessAlg of ['ES256', 'EdDSA', 'HS256'] as const) {
    const site = await registerSite(world, accessAlg.toLowerCase(), { accessAlg });
    const { accessToken } = await tokensAt(world, browser, site);
    for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
      const token = signJwt(world.deps.keys.currentSigning(world.clock.now(), alg), 'at+jwt', claimsOf(accessToken));
      assert.equal(await isActive(world, site, token), alg === accessAlg, `${alg} at ${accessAlg}`);
    }
  }
});

inWorld('a site signs nothing for another one: neither audience, nor secret, nor name of a secret crosses over', async (world) => {
  const [a, b] = [await registerSite(world, 'a', { accessAlg: 'HS256' }), await registerSite(world, 'b', { accessAlg: 'HS256' })];
  const browser = await world.signedUp('ada@example.com');
  const ofA = claimsOf((await tokensAt(world, browser, a)).accessToken);
  const ofB = claimsOf((await tokensAt(world, browser, b)).accessToken);
  const header = (site: RegisteredSite) => ({ typ: 'at+jwt', kid: site.jwtSecret?.id ?? '' });
  const secretOf = (site: RegisteredSite) => site.jwtSecret?.secret ?? '';
  assert.equal(await isActive(world, b, hmacToken('HS256', secretOf(b), header(b), { ...ofB })), true, 'made as the genuine one is');
  for (const [what, token] of [
    ['a’s secret under its own name', hmacToken('HS256', secretOf(a), header(a), { ...ofB })],
    ['a’s secret under b’s name', hmacToken('HS256', secretOf(a), header(b), { ...ofB })],
    ['b’s secret under a’s name', hmacToken('HS256', secretOf(b), header(a), { ...ofB })],
    ['b’s audience, a’s family', hmacToken('HS256', secretOf(b), header(b), { ...ofA, aud: 'b', client_id: 'b' })],
    ['HS512', hmacToken('HS512', secretOf(b), header(b), { ...ofB })],
  ] as const)
    assert.equal(await isActive(world, b, token), false, what);
  assert.equal(await isActive(world, a, hmacToken('HS256', secretOf(a), header(a), { ...ofB })), false, 'and a is told nothing of b');
});

inWorld('an empty, missing or null secret signs and verifies nothing: without its secret a site gets no token at all', async (world) => {
  const site = await registerSite(world, 'notes', { accessAlg: 'HS256' });
  const browser = await world.signedUp('ada@example.com');
  const { accessToken } = await tokensAt(world, browser, site);
  const claims = { ...claimsOf(accessToken) };
  const id = site.jwtSecret?.id ?? '';
  const empty = ['', '\0', 'null', 'undefined', '0', 'secret', id, Buffer.alloc(32), Buffer.alloc(64)];
  const none = async (when: string) => {
    for (const secret of empty)
      for (const header of [{ typ: 'at+jwt', kid: id }, { typ: 'at+jwt', kid: '' }, { typ: 'at+jwt' }])
        assert.equal(await isActive(world, site, hmacToken('HS256', secret, header, claims)), false, `${when} ${secret.toString()}`);
  };
  await none('with a secret');
  const code = await codeFor(world, browser, site);
  await world.deps.db.all("delete from client_secrets where purpose = 'signing'");
  await none('without one');
  assert.equal(await isActive(world, site, accessToken), false);
  const refused = await ask(world, 'token', site, redeeming(site, code));
  assert.equal(refusalOf(refused), '500 server_error');
  assert.doesNotMatch(refused.text, /eyJ|ptr_/);
});

inWorld(
  'no list of words finds a secret that signs: each is 256 bits of the machine’s own randomness, and no two are alike',
  async (world) => {
    const site = await registerSite(world, 'notes', { accessAlg: 'HS256' });
    const { accessToken } = await tokensAt(world, await world.signedUp('ada@example.com'), site);
    const [head = '', payload = '', signature] = accessToken.split('.');
    const words = readFileSync(new URL('../../data/common-passwords.txt', import.meta.url), 'utf8')
      .split('\n')
      .slice(0, 20_000);
    const guesses = [
      ...words,
      site.id,
      'notes',
      ORIGIN,
      'secret',
      'your-256-bit-secret',
      'changeme',
      'portico',
      createHash('sha256').update('notes').digest('hex'),
    ];
    assert.ok(guesses.length > 1000, String(guesses.length));
    const claims = { ...claimsOf(accessToken) };
    const header = { typ: 'at+jwt', kid: site.jwtSecret?.id ?? '' };
    assert.equal(
      hmacToken('HS256', site.jwtSecret?.secret ?? '', { alg: 'HS256', ...header }, claims),
      `${head}.${payload}.${signature}`,
      'the right one is found',
    );
    for (const guess of guesses) assert.notEqual(hmacToken('HS256', guess, { alg: 'HS256', ...header }, claims), accessToken, guess);

    const secrets = new Set<string>();
    let asked = 0;
    const random = (bytes: number) => {
      if (bytes === 32) asked += 1;
      return randomBytes(bytes);
    };
    await world.deps.db.transaction(async (tx) => {
      for (let made = 0; made < 50; made += 1) secrets.add((await makeSigningSecret(tx, { ...world.deps, random }, 'notes', 0)).secret);
    });
    assert.deepEqual([secrets.size, asked], [50, 50]);
    for (const secret of secrets) assert.equal(Buffer.from(secret.slice('ptj_'.length), 'base64url').length * 8, 256);
  },
);
