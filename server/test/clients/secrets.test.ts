import assert from 'node:assert/strict';
import { createHmac, createSecretKey } from 'node:crypto';
import { LONGEST_ACCESS_LIFE } from '@portico/protocol/tokens';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { type Rotated, replaceKeys, rotateSecret, rotateSigningSecret } from '../../src/clients/rotate-secret.ts';
import { ask, refreshing, refusalOf, tokensOf } from '../oauth/ask.ts';
import type { Site } from '../sites.ts';
import { DAY, HOUR, inWorld, ORIGIN, type World } from '../world.ts';
import { assertionOf, honestClaims, jwksOf, newSiteKey } from './assertions.ts';
import { OPERATOR, registerSite, tokensAt } from './registered.ts';

const MACHINE = { grant_type: 'client_credentials' };

/** Whether a backend with this secret gets an answer. */
async function proves(world: World, site: Site, secret: string): Promise<boolean> {
  const answer = await ask(world, 'token', { ...site, secret }, MACHINE);
  assert.ok(answer.status === 200 || refusalOf(answer) === '401 invalid_client', answer.text);
  return answer.status === 200;
}

function madeOf(rotated: Rotated): { id: string; secret: string } {
  assert.equal(rotated.kind, 'rotated', rotated.kind === 'refused' ? rotated.problem : '');
  return rotated.kind === 'rotated' ? rotated.made : { id: '', secret: '' };
}

inWorld('old and new secret both prove a client until the overlap is over, and then only the new one', async (world) => {
  const robot = await registerSite(world, 'robot', { kind: 'machine', redirectUris: [] });
  const first = robot.secret ?? '';
  const second = madeOf(await rotateSecret(world.deps, OPERATOR, 'robot', DAY)).secret;
  assert.deepEqual([await proves(world, robot, first), await proves(world, robot, second)], [true, true]);
  world.clock.advance(DAY - 1);
  assert.deepEqual([await proves(world, robot, first), await proves(world, robot, second)], [true, true]);
  world.clock.advance(1);
  assert.deepEqual([await proves(world, robot, first), await proves(world, robot, second)], [false, true]);

  const third = madeOf(await rotateSecret(world.deps, OPERATOR, 'robot', 0)).secret;
  assert.deepEqual(
    [await proves(world, robot, second), await proves(world, robot, third)],
    [false, true],
    'without an overlap it is dead at once',
  );
  world.clock.advance(400 * DAY);
  assert.ok(await proves(world, robot, third), 'the last one has no end');
  const events = await world.deps.db.all("select client_id, reason from events where action = 'client.secret_rotated'");
  assert.deepEqual(
    events.map((row) => [row['client_id'], row['reason']]),
    [
      ['robot', 'authentication'],
      ['robot', 'authentication'],
    ],
  );
});

inWorld('two secrets live at most, however often and however much at once they are rotated', async (world) => {
  const robot = await registerSite(world, 'robot', { kind: 'machine', redirectUris: [] });
  const other = await registerSite(world, 'other', { kind: 'machine', redirectUris: [] });
  const second = madeOf(await rotateSecret(world.deps, OPERATOR, 'robot', DAY)).secret;
  world.clock.advance(HOUR);
  const third = madeOf(await rotateSecret(world.deps, OPERATOR, 'robot', DAY)).secret;
  assert.deepEqual(
    [await proves(world, robot, robot.secret ?? ''), await proves(world, robot, second), await proves(world, robot, third)],
    [false, true, true],
  );
  const many = await Promise.all(Array.from({ length: 12 }, () => rotateSecret(world.deps, OPERATOR, 'robot', DAY)));
  const good = await Promise.all(many.map((one) => proves(world, robot, madeOf(one).secret)));
  assert.equal(good.filter(Boolean).length, 2, 'the newest, and the one before it');
  assert.deepEqual([await proves(world, robot, second), await proves(world, robot, third)], [false, false]);
  const endless = await world.deps.db.all("select id from client_secrets where client_id = 'robot' and expires_at is null");
  assert.equal(endless.length, 1);
  assert.ok(await proves(world, other, other.secret ?? ''), 'nobody else’s secret was touched');
});

inWorld('what a client has not cannot be rotated, and nobody rotates for a client that is not there', async (world) => {
  const key = newSiteKey();
  await registerSite(world, 'signer', { kind: 'machine', redirectUris: [], jwks: jwksOf(key) });
  await registerSite(world, 'game', { kind: 'native' });
  await registerSite(world, 'shop');
  for (const [done, sentence] of [
    [await rotateSecret(world.deps, OPERATOR, 'signer', DAY), /proves itself by private_key_jwt/],
    [await rotateSecret(world.deps, OPERATOR, 'game', DAY), /proves itself by none/],
    [await rotateSecret(world.deps, OPERATOR, 'nobody', DAY), /no client "nobody"/],
    [await rotateSecret(world.deps, OPERATOR, 'portico', DAY), /no client "portico"/],
    [await rotateSigningSecret(world.deps, OPERATOR, 'shop', DAY), /signed with ES256/],
    [await rotateSigningSecret(world.deps, OPERATOR, 'nobody', DAY), /no client "nobody"/],
  ] as const)
    assert.match(done.kind === 'refused' ? done.problem : '', sentence);
  for (const [id, jwks, sentence] of [
    ['shop', jwksOf(key), /has no keys/],
    ['nobody', jwksOf(key), /no client/],
    ['signer', '{}', /JWK/],
  ] as const)
    assert.match((await replaceKeys(world.deps, OPERATOR, id, jwks)) ?? '', sentence);

  const next = newSiteKey();
  const shows = async (site: typeof key) =>
    ask(
      world,
      'token',
      { id: 'signer', secret: null, redirectUri: '' },
      {
        ...MACHINE,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertionOf(site, honestClaims('signer', world.clock.now())),
      },
    );
  assert.deepEqual([(await shows(key)).status, (await shows(next)).status], [200, 401]);
  assert.equal(await replaceKeys(world.deps, OPERATOR, 'signer', jwksOf(key, next)), null);
  assert.deepEqual([(await shows(key)).status, (await shows(next)).status], [200, 200]);
  assert.equal(await replaceKeys(world.deps, OPERATOR, 'signer', jwksOf(next)), null);
  assert.deepEqual([(await shows(key)).status, (await shows(next)).status], [401, 200]);
});

inWorld(
  'the next JWT secret is told first and signs when the overlap is over; a verifier with both accepts every token on the way',
  async (world) => {
    const site = await registerSite(world, 'notes', { accessAlg: 'HS256' });
    const browser = await world.signedUp('ada@example.com');
    let { accessToken, refreshToken } = await tokensAt(world, browser, site);
    const known = new Map([[site.jwtSecret?.id ?? '', site.jwtSecret?.secret ?? '']]);
    const signer = async () => {
      const { kid = '', alg, typ } = decodeProtectedHeader(accessToken);
      assert.deepEqual([alg, typ], ['HS256', 'at+jwt']);
      const currentDate = new Date(world.clock.now());
      await jwtVerify(accessToken, createSecretKey(Buffer.from(known.get(kid) ?? '')), { issuer: ORIGIN, audience: 'notes', currentDate });
      assert.equal((await ask(world, 'introspect', site, { token: accessToken })).body['active'], true);
      return kid;
    };
    const refresh = async () => {
      ({ accessToken, refreshToken } = tokensOf(await ask(world, 'token', site, refreshing(refreshToken))));
    };
    assert.equal(await signer(), site.jwtSecret?.id);

    const dropped = madeOf(await rotateSigningSecret(world.deps, OPERATOR, 'notes', DAY));
    world.clock.advance(DAY / 2);
    // Made once more before the first one ever signed: that one never will, and the one that signs goes on until the newest does.
    const next = madeOf(await rotateSigningSecret(world.deps, OPERATOR, 'notes', DAY));
    known.set(next.id, next.secret);
    await refresh();
    assert.equal(await signer(), site.jwtSecret?.id);
    world.clock.advance(DAY - 1);
    await refresh();
    const last = accessToken;
    assert.equal(await signer(), site.jwtSecret?.id);
    world.clock.advance(1);
    await refresh();
    assert.equal(await signer(), next.id);
    assert.notEqual(next.id, dropped.id);
    const introspected = async (token: string) => (await ask(world, 'introspect', site, { token })).body['active'];
    assert.equal(await introspected(last), true, 'what the old one signed a moment ago is good');
    world.clock.advance(LONGEST_ACCESS_LIFE);
    const living = await world.deps.db.all(
      "select id from client_secrets where purpose = 'signing' and (expires_at is null or expires_at > $1)",
      [world.clock.now()],
    );
    assert.deepEqual(
      living.map((row) => row['id']),
      [next.id],
    );
  },
);

inWorld('a JWT secret that leaked is good for nothing at once: neither here nor at a verifier that follows revocations', async (world) => {
  const site = await registerSite(world, 'notes', { accessAlg: 'HS256' });
  const browser = await world.signedUp('ada@example.com');
  const { accessToken, refreshToken } = await tokensAt(world, browser, site);
  const old = site.jwtSecret ?? { id: '', secret: '' };
  const next = madeOf(await rotateSigningSecret(world.deps, OPERATOR, 'notes', 0));
  assert.equal((await ask(world, 'introspect', site, { token: accessToken })).body['active'], false);
  assert.ok(world.deps.revoked.isRevoked({ aud: 'notes', sub: 'x', kid: old.id }));
  const rows = await world.deps.db.all("select subject from revocations where kind = 'kid'");
  assert.deepEqual(
    rows.map((row) => row['subject']),
    [old.id],
  );
  const fresh = tokensOf(await ask(world, 'token', site, refreshing(refreshToken))).accessToken;
  assert.equal(decodeProtectedHeader(fresh).kid, next.id);
  assert.equal((await ask(world, 'introspect', site, { token: fresh })).body['active'], true);
  // The thief signs with the old secret under the new one's name.
  const [, payload = ''] = fresh.split('.');
  const head = `${Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: next.id })).toString('base64url')}.${payload}`;
  const forged = `${head}.${createHmac('sha256', old.secret).update(head).digest('base64url')}`;
  assert.equal((await ask(world, 'introspect', site, { token: forged })).body['active'], false);
});
