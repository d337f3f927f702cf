import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { OAUTH } from '@portico/protocol/routes';
import { authenticateClient, type ClientProof } from '../../src/clients/authenticate-client.ts';
import { insertClient, type NewClient, setClientDisabled } from '../../src/clients/client.ts';
import type { AssertionAlg } from '../../src/clients/client-keys.ts';
import { CLIENT_REFUSALS } from '../../src/guessing/limits.ts';
import { addSite, type Site } from '../sites.ts';
import { encode } from '../threats/forged-tokens.ts';
import { HOUR, inWorld, MINUTE, ORIGIN, type World } from '../world.ts';
import { assertionOf, honestClaims, jwksOf, newSiteKey, type SiteKey } from './assertions.ts';

const FROM = { requestId: 'r', address: '203.0.113.9', userAgent: 'a backend' };

async function asks(world: World, proof: Partial<ClientProof>): Promise<string | null> {
  const asked = await authenticateClient(world.deps, FROM, { clientId: null, secret: null, assertion: null, ...proof });
  return asked === null ? null : `${asked.client.id} ${asked.isProven ? 'proven' : 'named'}`;
}

async function addKeySite(world: World, id: string, keys: readonly SiteKey[], given: Partial<NewClient> = {}): Promise<void> {
  const site: NewClient = { id, name: id, kind: 'machine', authentication: 'private_key_jwt', jwks: jwksOf(...keys), ...given };
  await insertClient(world.deps.db, site, world.deps.now());
}

inWorld('a client is whom its own secret shows, while the secret lives; every other proof shows nobody', async (world) => {
  const [a, b] = [await addSite(world, 'site-a'), await addSite(world, 'site-b')];
  assert.equal(await asks(world, { clientId: a.id, secret: a.secret }), 'site-a proven');
  const wrong: readonly (readonly [string, Partial<ClientProof>])[] = [
    ['no secret', { clientId: a.id }],
    ['an empty secret', { clientId: a.id, secret: '' }],
    ['the secret of another site', { clientId: a.id, secret: b.secret }],
    ['a secret that was never made', { clientId: a.id, secret: `pts_${randomBytes(32).toString('base64url')}` }],
    ['a longer one', { clientId: a.id, secret: `${a.secret}A` }],
    ['a shorter one', { clientId: a.id, secret: a.secret?.slice(0, -1) ?? '' }],
    ['another spelling', { clientId: a.id, secret: a.secret?.toLowerCase() ?? '' }],
    [
      'the hash that is kept',
      { clientId: a.id, secret: String((await world.deps.db.all('select hash from client_secrets'))[0]?.['hash']) },
    ],
    ['an unknown site', { clientId: 'site-c', secret: a.secret }],
    ['another spelling of the site', { clientId: 'SITE-A', secret: a.secret }],
    ['no site', { secret: a.secret }],
    ['a name that none can have', { clientId: "site-a' or 1=1", secret: a.secret }],
    ['a secret and an assertion', { clientId: a.id, secret: a.secret, assertion: 'aaaaaaaaaaaa.aaaaaaaaaaaa.aaaaaaaaaaaa' }],
  ];
  for (const [what, proof] of wrong) assert.equal(await asks(world, proof), null, what);
  await world.deps.db.transaction((tx) => setClientDisabled(tx, a.id, world.deps.now()));
  assert.equal(await asks(world, { clientId: a.id, secret: a.secret }), null, 'disabled');
  assert.equal(await asks(world, { clientId: b.id, secret: b.secret }), 'site-b proven', 'the other one is not');
});

inWorld(
  'a public client names itself and proves nothing; with a secret it is refused, and so is a secret client without one',
  async (world) => {
    const game: Site = await addSite(world, 'game', { kind: 'native' });
    const site = await addSite(world, 'site');
    assert.equal(await asks(world, { clientId: game.id }), 'game named');
    assert.equal(await asks(world, { clientId: game.id, secret: site.secret }), null);
    assert.equal(await asks(world, { clientId: game.id, secret: '' }), null);
    assert.equal(await asks(world, { clientId: site.id }), null);
    const assertion = assertionOf(newSiteKey(), honestClaims(game.id, world.deps.now()));
    assert.equal(await asks(world, { clientId: game.id, assertion }), null);
    assert.equal(await asks(world, { assertion: assertionOf(newSiteKey(), honestClaims(site.id, world.deps.now())) }), null);
  },
);

inWorld('a client with registered keys proves itself by what it signs, whatever kind of key, once for each name', async (world) => {
  const keys = (['RS256', 'ES256', 'EdDSA'] as const satisfies readonly AssertionAlg[]).map((alg) => newSiteKey(alg));
  await addKeySite(world, 'backend', keys);
  const lone = newSiteKey('ES256');
  await addKeySite(world, 'lone', [], { jwks: JSON.stringify({ keys: [{ ...lone.publicJwk, kid: undefined }] }) });
  const now = world.deps.now();
  for (const key of keys) {
    for (const aud of [ORIGIN, `${ORIGIN}${OAUTH.token}`]) {
      for (const header of [{}, { typ: 'JWT' }, { typ: 'client-authentication+jwt' }]) {
        const assertion = assertionOf(key, { ...honestClaims('backend', now), aud }, { header });
        assert.equal(await asks(world, { assertion }), 'backend proven', `${key.alg} ${aud}`);
        assert.equal(await asks(world, { assertion }), null, 'and not again');
      }
    }
  }
  assert.equal(
    await asks(world, { clientId: 'backend', assertion: assertionOf(keys[0] as SiteKey, honestClaims('backend', now)) }),
    'backend proven',
  );
  assert.equal(await asks(world, { assertion: assertionOf(lone, honestClaims('lone', now)) }), 'lone proven', 'its only key needs no name');
  assert.equal(
    await asks(world, { assertion: assertionOf(lone, honestClaims('lone', now), { header: { kid: undefined } }) }),
    'lone proven',
  );
  // The same name said by another client is another name.
  const claims = honestClaims('backend', now);
  assert.equal(await asks(world, { assertion: assertionOf(keys[1] as SiteKey, claims) }), 'backend proven');
  assert.equal(await asks(world, { assertion: assertionOf(lone, { ...claims, iss: 'lone', sub: 'lone' }) }), 'lone proven');
  // As long as an assertion could be shown again its name is known; the job that cleans up knows when.
  const late = { ...honestClaims('lone', now), exp: Math.floor(now / 1000) + 300 };
  const assertion = assertionOf(lone, late);
  assert.equal(await asks(world, { assertion }), 'lone proven');
  for (let minute = 0; minute < 7; minute += 1) {
    world.clock.advance(MINUTE);
    await world.deps.db.all('delete from spent_ids where expires_at <= $1', [world.deps.now()]);
    assert.equal(await asks(world, { assertion }), null, `${minute + 1} min later`);
  }
});

inWorld(
  'an assertion for another server, of another client, from another time, with another key or another algorithm shows nobody',
  async (world) => {
    const key = newSiteKey('ES256');
    const second = newSiteKey('RS256');
    await addKeySite(world, 'backend', [key, second]);
    const foreign = newSiteKey('ES256', key.kid);
    await addKeySite(world, 'other', [foreign]);
    const secretSite = await addSite(world, 'site');
    const now = world.deps.now();
    const at = Math.floor(now / 1000);
    const honest = () => honestClaims('backend', now);
    assert.equal(await asks(world, { assertion: assertionOf(key, honest()) }), 'backend proven', 'the honest one is good');

    const claimed: readonly (readonly [string, object])[] = [
      ['no audience', { aud: undefined }],
      ['another server', { aud: 'https://auth.example.org' }],
      ['our name and another one', { aud: [ORIGIN, 'https://auth.example.org'] }],
      ['our name in a list', { aud: [ORIGIN] }],
      ['our two names', { aud: [ORIGIN, `${ORIGIN}${OAUTH.token}`] }],
      ['our name with a slash', { aud: `${ORIGIN}/` }],
      ['another endpoint of ours', { aud: `${ORIGIN}${OAUTH.userinfo}` }],
      ['a longer name', { aud: `${ORIGIN}.evil.example` }],
      ['no issuer', { iss: undefined }],
      ['another issuer', { iss: 'other' }],
      ['no subject', { sub: undefined }],
      ['another subject', { sub: 'other' }],
      ['a subject that is a number', { sub: 7, iss: 7 }],
      ['a subject that is a list', { sub: ['backend'], iss: ['backend'] }],
      ['another client altogether', { iss: 'other', sub: 'other' }],
      ['no end', { exp: undefined }],
      ['over', { exp: at - 31 }],
      ['an end six minutes ahead', { exp: at + 360 }],
      ['an end in a thousand years', { exp: at + 3e10 }],
      ['an end that is text', { exp: String(at + 60) }],
      ['from the future', { iat: at + 60 }],
      ['good only later', { nbf: at + 60 }],
      ['no name', { jti: undefined }],
      ['an empty name', { jti: '' }],
      ['a name without end', { jti: 'x'.repeat(301) }],
      ['a name that is a number', { jti: 7 }],
    ];
    for (const [what, claims] of claimed)
      assert.equal(await asks(world, { assertion: assertionOf(key, { ...honest(), ...claims }) }), null, what);

    const headed: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      ['an access token', { typ: 'at+jwt' }],
      ['a DPoP proof', { typ: 'dpop+jwt' }],
      ['a logout token', { typ: 'logout+jwt' }],
      ['an unknown name of the key', { kid: 'other' }],
      ['no name of the key, where there are two', { kid: undefined }],
      ['the name of the other key', { kid: second.kid }],
      ['something critical that nobody knows', { crit: ['portico'], portico: true }],
    ];
    for (const [what, header] of headed) assert.equal(await asks(world, { assertion: assertionOf(key, honest(), { header }) }), null, what);

    const text = (header: object) => `${encode({ kid: key.kid, ...header })}.${encode(honest())}`;
    const brought = newSiteKey('ES256');
    const signedBy = (site: SiteKey, header: Readonly<Record<string, unknown>>) =>
      assertionOf(site, honest(), { header: { kid: key.kid, ...header } });
    const macWith = (secret: string | Buffer) => {
      const head = text({ alg: 'HS256' });
      return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
    };
    const forged: readonly (readonly [string, string])[] = [
      ['a key of another client under our name for it', assertionOf(foreign, honest())],
      ['a key that it brings', signedBy(brought, { alg: 'ES256', jwk: brought.publicJwk })],
      ['a key that it points to', signedBy(brought, { alg: 'ES256', jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' })],
      ['no signature', `${text({ alg: 'none' })}.${'A'.repeat(20)}`],
      ['zeros', `${text({ alg: 'ES256' })}.${Buffer.alloc(64).toString('base64url')}`],
      ['HS256 with the public key', macWith(JSON.stringify(key.publicJwk))],
      ['HS256 with nothing', macWith('')],
      ['HS256 with the secret of a site', macWith(secretSite.secret ?? '')],
      ['another algorithm of the right key', assertionOf(second, honest(), { header: { alg: 'PS256' } })],
      ['an end that is infinite', assertionOf(key, JSON.stringify({ ...honest(), exp: 7 }).replace('7', '1e309'))],
      ['two ends', assertionOf(key, JSON.stringify({ ...honest(), exp: at - 60 }).replace('{', `{"exp":${at + 60},`))],
      ['no object', assertionOf(key, '["backend"]')],
      ['garbage', 'aaaaaaaaaaaa.aaaaaaaaaaaa.aaaaaaaaaaaa'],
      ['not three parts', 'aaaaaaaaaaaaaaaaaaaaaaaa'],
      ['a huge one', `${'a'.repeat(9000)}.${'a'.repeat(9000)}.aaaaaaaaaaaa`],
    ];
    for (const [what, assertion] of forged) assert.equal(await asks(world, { assertion }), null, what);

    const good = () => ({ assertion: assertionOf(key, honest()) });
    assert.equal(await asks(world, { ...good(), clientId: 'other' }), null, 'it names one client and another one is named beside it');
    assert.equal(await asks(world, { ...good(), secret: secretSite.secret }), null, 'two proofs at once');
    assert.equal(await asks(world, { clientId: 'backend' }), null, 'no assertion');
    assert.equal(await asks(world, { clientId: 'backend', secret: secretSite.secret }), null, 'a secret in place of it');
  },
);

inWorld('whoever cannot sign uses up no name that the client is about to say', async (world) => {
  const key = newSiteKey();
  await addKeySite(world, 'backend', [key]);
  const claims = honestClaims('backend', world.deps.now());
  const stranger = newSiteKey('ES256', key.kid);
  assert.equal(await asks(world, { assertion: assertionOf(stranger, claims) }), null);
  assert.equal(await asks(world, { assertion: assertionOf(key, { ...claims, aud: 'https://auth.example.org' }) }), null);
  assert.equal((await world.deps.db.all('select id from spent_ids')).length, 0);
  assert.equal(await asks(world, { assertion: assertionOf(key, claims) }), 'backend proven');
});

inWorld('a thousand wrong proofs lock nobody out, and leave ten entries an hour in the audit log', async (world) => {
  const site = await addSite(world, 'site');
  const entries = async () =>
    (await world.deps.db.all("select client_id, address, reason from events where action = 'client.refused'")) ?? [];
  const wrong = async () => asks(world, { clientId: site.id, secret: `pts_${randomBytes(32).toString('base64url')}` });
  const answers = await Promise.all(Array.from({ length: 1000 }, wrong));
  assert.deepEqual([...new Set(answers)], [null]);
  assert.equal((await entries()).length, CLIENT_REFUSALS.max);
  assert.deepEqual({ ...(await entries())[0] }, { client_id: site.id, address: FROM.address, reason: null });
  assert.equal(await asks(world, { clientId: site.id, secret: site.secret }), 'site proven');
  world.clock.advance(HOUR);
  await wrong();
  assert.equal((await entries()).length, CLIENT_REFUSALS.max + 1);
  // Public clients and names that nobody has leave nothing: anybody may say them.
  await addSite(world, 'game', { kind: 'native' });
  await asks(world, { clientId: 'game', secret: 'x' });
  await asks(world, { clientId: 'nobody', secret: 'x' });
  assert.equal((await entries()).length, CLIENT_REFUSALS.max + 1);
});
