import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { SYSTEM } from '@portico/protocol/routes';
import { createVerifier, PorticoError } from '@portico/server';
import { portico } from '@portico/server/fastify';
import Fastify from 'fastify';
import { commandLine } from '../../src/cli/command-line.ts';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { insertSigningSecret, signingSecretLabel } from '../../src/clients/client-secret.ts';
import { PUBLISH_AHEAD, reloadKeyring, rotateKeys } from '../../src/keys/rotate-keys.ts';
import { insertRevocation } from '../../src/sessions/revocation.ts';
import { signJwt, signJwtWithSecret } from '../../src/sessions/sign-jwt.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { addSite, type Site } from '../sites.ts';
import { inWorld, MINUTE, type World } from '../world.ts';
import { listen } from './listener.ts';
import { asked, signInAt, untilAnswered, verifierOf } from './verifiers.ts';

/** A site whose tokens are HS256, and the secret that it was given. */
async function addHmacSite(
  world: World,
  id: string,
  secret = randomBytes(32).toString('base64url'),
): Promise<{ site: Site; secret: string }> {
  const site = await addSite(world, id, { accessAlg: 'HS256' });
  const name = randomBytes(16).toString('base64url');
  const sealed = world.deps.vault.seal(signingSecretLabel(name), secret);
  await insertSigningSecret(world.deps.db, { id: name, clientId: id, sealed, currentFrom: 0 }, world.clock.now());
  return { site, secret };
}

inWorld(
  'a token of this site opens it, and shows issuer and id of the user, roles and scope, and no address to know people by',
  async (world) => {
    const site = await addSite(world, 'notes', { roles: ['editor'] });
    const browser = await world.signedUp('ada@example.com');
    const { userId } = await sessionOf(world, browser);
    await saveClientRoles(world.deps.db, { userId: String(userId), clientId: 'notes', roles: ['editor'], now: world.clock.now() });
    const { access, sid } = await signInAt(world, browser, site, 'openid email');
    const verifier = verifierOf(world, await listen(world.app), site);
    try {
      await verifier.ready;
      const { claims, ...user } = await verifier.verify(access);
      assert.deepEqual(user, {
        id: userId,
        issuer: world.deps.config.origin,
        sid,
        audience: 'notes',
        roles: ['editor'],
        scope: ['openid', 'email'],
        amr: ['pwd', 'otp'],
        authTime: claims['auth_time'],
        expiresAt: claims['exp'],
      });
      assert.ok(!JSON.stringify(claims).includes('example.com'));
      // A change of address makes nobody somebody else.
      await world.deps.db.all("update users set email = 'countess@example.com', email_key = 'countess@example.com'");
      assert.equal(await asked(verifier, (await signInAt(world, browser, site)).access), `200 ${userId}`);
    } finally {
      verifier.close();
    }
  },
);

inWorld(
  'tokens for another audience, from another issuer, of another kind, unsigned, expired or without their claims open nothing',
  async (world) => {
    const [site, other] = [await addSite(world, 'notes'), await addSite(world, 'wiki')];
    const browser = await world.signedUp('ada@example.com');
    const { access } = await signInAt(world, browser, site);
    const claims = claimsOf(access);
    const key = world.deps.keys.currentSigning(world.clock.now());
    const rsa = world.deps.keys.currentSigning(world.clock.now(), 'RS256');
    const own = (changed: object, typ = 'at+jwt', by = key) => signJwt(by, typ, { ...claims, ...changed });
    const [head = '', payload = '', signature = ''] = access.split('.');
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const verifier = verifierOf(world, await listen(world.app), site);
    try {
      await verifier.ready;
      assert.match(await asked(verifier, own({})), /^200 /, 'what is signed here with the same claims is as good');
      const refused: Readonly<Record<string, string>> = {
        'another audience': (await signInAt(world, browser, other)).access,
        'our own pages': String((await browser.refresh()).body['accessToken']),
        'a list of audiences': own({ aud: ['notes', 'wiki'] }),
        'another issuer': own({ iss: 'https://evil.example' }),
        'the issuer with a slash': own({ iss: `${world.deps.config.origin}/` }),
        'an ID token': own({}, 'JWT'),
        'a logout token': own({}, 'logout+jwt'),
        'no kind': signJwt(key, '', claims),
        'the key of ID tokens': own({}, 'at+jwt', rsa),
        'no end': own({ exp: undefined }),
        'no user': own({ sub: undefined }),
        'not yet': own({ nbf: claims.iat + 600 }),
        'no signature': `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
        'another signature': `${head}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
        'a shared secret that was published': signJwtWithSecret(
          { id: key.kid, bytes: Buffer.from(JSON.stringify(key.publicJwk)) },
          'at+jwt',
          claims,
        ),
        'a key that nobody published': signJwt({ ...key, kid: 'stranger' }, 'at+jwt', claims),
        'no token': 'x',
        'too much of it': `${head}.${'A'.repeat(10_000)}.${signature}`,
      };
      for (const [what, token] of Object.entries(refused)) assert.equal(await asked(verifier, token), '401 token_invalid', what);
      const { origin } = world.deps.config;
      await assert.rejects(
        verifier.verify(new Request(origin)),
        (error: PorticoError) => error.code === 'token_missing' && error.challenge === 'Bearer',
      );
      // The leeway of five seconds, and not one more: also for a token that was seen before.
      for (const again of [1, 2]) {
        world.clock.advance(again === 1 ? 5 * MINUTE + 4000 : 1000);
        assert.match(await asked(verifier, access, { revocation: 'accept' }), again === 1 ? /^200 / : /^401 token_expired/);
        assert.match(
          await asked(verifier, own({ jti: `${again}` }), { revocation: 'accept' }),
          again === 1 ? /^200 / : /^401 token_expired/,
        );
      }
    } finally {
      verifier.close();
    }
  },
);

inWorld('a site with a JWT secret of its own accepts HS256 with it and nothing else; while it is replaced, both', async (world) => {
  const { site, secret } = await addHmacSite(world, 'notes');
  const { site: other } = await addHmacSite(world, 'wiki');
  const browser = await world.signedUp('ada@example.com');
  const { access } = await signInAt(world, browser, site);
  const origin = await listen(world.app);
  const fresh = randomBytes(32).toString('base64url');
  const verifiers = [{ jwtSecret: secret }, { jwtSecrets: [fresh, secret] }, { jwtSecret: fresh }, {}].map((given) =>
    verifierOf(world, origin, site, given),
  );
  try {
    await Promise.all(verifiers.map(({ ready }) => ready));
    const answers = async (token: string) => Promise.all(verifiers.map(async (verifier) => (await asked(verifier, token)).slice(0, 3)));
    assert.deepEqual(await answers(access), ['200', '200', '401', '401']);
    const asymmetric = signJwt(world.deps.keys.currentSigning(world.clock.now()), 'at+jwt', claimsOf(access));
    assert.deepEqual(await answers(asymmetric), ['401', '401', '401', '200'], 'never both at once');
    assert.deepEqual(await answers((await signInAt(world, browser, other)).access), ['401', '401', '401', '401']);
  } finally {
    for (const verifier of verifiers) verifier.close();
  }
});

inWorld('what a route needs is asked of sub, roles, scope, time and way of the sign-in: 403, with a way to step up', async (world) => {
  const site = await addSite(world, 'notes', { roles: ['editor', 'admin'] });
  const browser = await world.signedUp('ada@example.com');
  const { userId } = await sessionOf(world, browser);
  await saveClientRoles(world.deps.db, { userId: String(userId), clientId: 'notes', roles: ['editor'], now: world.clock.now() });
  const { access } = await signInAt(world, browser, site, 'openid');
  const verifier = verifierOf(world, await listen(world.app), site);
  try {
    await verifier.ready;
    const good = `200 ${userId}`;
    assert.equal(await asked(verifier, access, { role: 'editor', scope: 'openid', fresh: '5m', amr: ['pwd', 'otp'] }), good);
    assert.equal(await asked(verifier, access, { role: ['admin', 'editor'] }), good);
    assert.equal(await asked(verifier, access, { role: 'admin' }), '403 role_missing');
    assert.equal(await asked(verifier, access, { scope: ['openid', 'email'] }), '403 scope_missing');
    assert.equal(await asked(verifier, access, { amr: 'hwk' }), '403 fresh_signin_required');
    world.clock.advance(2 * MINUTE);
    assert.equal(await asked(verifier, access, { fresh: '1m', revocation: 'accept' }), '403 fresh_signin_required');
    await assert.rejects(verifier.verify(access, { fresh: '1m', revocation: 'accept' }), ({ challenge }: PorticoError) => {
      return challenge === 'Bearer error="insufficient_user_authentication", max_age="60"';
    });
    // Client credentials make tokens too: a machine is nobody's user.
    const { sid: _, fid: __, uv: ___, ...machine } = { ...claimsOf(access), sub: 'robot' };
    const token = signJwt(world.deps.keys.currentSigning(world.clock.now()), 'at+jwt', machine);
    assert.equal(await asked(verifier, token, { revocation: 'accept' }), '403 user_required');
    assert.equal(await asked(verifier, token, { revocation: 'accept', machines: true }), '200 robot');
  } finally {
    verifier.close();
  }
});

inWorld('what is revoked by session, family, user, client or key is refused, and what is not goes on', async (world) => {
  const site = await addSite(world, 'notes');
  const origin = await listen(world.app);
  const verifier = verifierOf(world, origin, site, { revocation: 'reject' });
  try {
    await verifier.ready;
    const [ada, bob] = [await world.signedUp('ada@example.com'), await world.signedUp('bob@example.com')];
    const witness = (await signInAt(world, bob, site)).access;
    const bobs = await asked(verifier, witness);
    const revoke = async (kind: 'sid' | 'family' | 'sub' | 'client' | 'kid', subject: string, minimumUv: number | null = null) => {
      const { deps } = world;
      deps.revoked.add(await deps.db.transaction((tx) => insertRevocation(tx, deps, { kind, subject, minimumUv })));
    };
    const { access: left } = await signInAt(world, ada, site);
    const { access: stays } = await signInAt(world, ada, site);
    await revoke('family', String(claimsOf(left).fid));
    await untilAnswered('401 token_revoked', () => asked(verifier, left));
    assert.match(await asked(verifier, stays), /^200 /, 'the other sign-in of the same session');
    const { sub, uv } = claimsOf(stays);
    await revoke('sub', sub, uv);
    await revoke('sub', sub, uv + 1);
    await untilAnswered('401 token_revoked', () => asked(verifier, stays));
    const { access, sid } = await signInAt(world, bob, site);
    await revoke('sid', sid);
    await untilAnswered('401 token_revoked', () => asked(verifier, access));
    assert.equal(await asked(verifier, witness), '401 token_revoked', 'the same session');
    const carol = await world.signedUp('carol@example.com');
    const { access: ofCarol } = await signInAt(world, carol, site);
    assert.notEqual(await asked(verifier, ofCarol), bobs);
    await revoke('client', 'notes', Number(claimsOf(ofCarol).cv) + 1);
    await untilAnswered('401 token_revoked', () => asked(verifier, ofCarol));
    const { kid } = JSON.parse(Buffer.from(ofCarol.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
    const newer = signJwt(world.deps.keys.currentSigning(world.clock.now()), 'at+jwt', { ...claimsOf(ofCarol), cv: 99 });
    assert.match(await asked(verifier, newer), /^200 /);
    await revoke('kid', kid);
    await untilAnswered('401 token_revoked', () => asked(verifier, newer));
  } finally {
    verifier.close();
  }
});

inWorld('a key that was published after the verifier began is found, a name that nobody published costs one look', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const origin = await listen(world.app);
  let looks = 0;
  let broken = false;
  const counted: typeof fetch = async (input, init) => {
    if (typeof input !== 'string' || !input.endsWith(SYSTEM.jwks)) return fetch(input, init);
    looks += 1;
    return broken ? new Response('', { status: 502 }) : fetch(input, init);
  };
  const verifier = verifierOf(world, origin, site, { fetch: counted });
  const accept = { revocation: 'accept' } as const;
  try {
    await verifier.ready;
    const { access: old } = await signInAt(world, browser, site);
    assert.match(await asked(verifier, old, accept), /^200 /);
    assert.equal(looks, 1);
    await rotateKeys(world.deps, commandLine(world.deps));
    await reloadKeyring(world.deps);
    world.clock.advance(PUBLISH_AHEAD);
    const { access } = await signInAt(world, browser, site);
    assert.match(await asked(verifier, access, accept), /^200 /);
    assert.equal(looks, 2);
    const key = world.deps.keys.currentSigning(world.clock.now());
    for (let n = 0; n < 20; n += 1)
      assert.equal(
        await asked(verifier, signJwt({ ...key, kid: `stranger-${n}` }, 'at+jwt', claimsOf(access)), accept),
        '401 token_invalid',
      );
    assert.equal(looks, 2, 'strangers cannot make it look');
    // Keys that were read are kept while their issuer is in trouble; of an unknown name nothing can be said then.
    broken = true;
    world.clock.advance(MINUTE);
    const again = signJwt(key, 'at+jwt', { ...claimsOf(access), jti: 'another' });
    assert.match(await asked(verifier, again, accept), /^200 /);
    world.clock.advance(MINUTE);
    assert.equal(await asked(verifier, signJwt({ ...key, kid: 'newest' }, 'at+jwt', claimsOf(access)), accept), '503 keys_unavailable');
  } finally {
    verifier.close();
  }
});

inWorld('the Fastify plugin guards routes, and answers what the verifier says', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { access } = await signInAt(world, browser, site);
  const app = Fastify();
  await app.register(portico, {
    issuer: world.deps.config.origin,
    url: await listen(world.app),
    audience: 'notes',
    clientSecret: site.secret ?? '',
    now: world.clock.now,
    warn: () => undefined,
  });
  app.get('/me', { preHandler: app.requireUser() }, async (request) => ({ id: request.user.id }));
  app.get('/admin', { preHandler: app.requireUser({ role: 'admin' }) }, async () => assert.fail('reached'));
  try {
    await app.portico.ready;
    const get = (url: string, authorization?: string) => app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
    const me = await get('/me', `Bearer ${access}`);
    assert.deepEqual([me.statusCode, me.json()], [200, { id: (await sessionOf(world, browser)).userId }]);
    const nobody = await get('/me');
    assert.deepEqual(
      [nobody.statusCode, nobody.headers['www-authenticate'], nobody.json()],
      [401, 'Bearer', { error: 'token_missing', message: new PorticoError('token_missing').hint }],
    );
    assert.deepEqual([(await get('/me', 'Basic eDp5')).statusCode, (await get('/admin', `Bearer ${access}`)).statusCode], [401, 403]);
    world.clock.advance(MINUTE);
    assert.equal((await get('/me', `Bearer ${access}x`)).headers['www-authenticate'], 'Bearer error="invalid_token"');
  } finally {
    await app.close();
  }
});

inWorld('options that make no sense are refused at the start, and a verifier without a secret says what it cannot know', async (world) => {
  const good = { issuer: world.deps.config.origin, audience: 'notes' };
  const wrong: readonly Partial<Parameters<typeof createVerifier>[0]>[] = [
    { issuer: 'auth' },
    { audience: [] },
    { audience: '' },
    { leeway: 31 },
    { leeway: -1 },
    { jwtSecret: 'short' },
    { revocation: 'reject' },
    { revocation: 'revalidate', clientSecret: '' },
  ];
  for (const each of wrong) assert.throws(() => createVerifier({ ...good, ...each }), TypeError, JSON.stringify(each));
  const site = await addSite(world, 'notes');
  const { access } = await signInAt(world, await world.signedUp('ada@example.com'), site);
  const said: string[] = [];
  const url = await listen(world.app);
  const verifier = createVerifier({ ...good, url, now: world.clock.now, warn: (sentence) => said.push(sentence) });
  assert.deepEqual([said.length, said[0]?.includes('until it expires')], [1, true]);
  assert.match(await asked(verifier, access), /^200 /);
  assert.equal(await asked(verifier, access, { revocation: 'reject' }), '503 revocation_unknown');
  assert.equal(verifier.isFollowing(), false);
});
