import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { HEADERS } from '@portico/protocol/cookies';
import { OAUTH } from '@portico/protocol/routes';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { DPOP_WINDOW } from '../../src/oauth/dpop.ts';
import { actions, familyOf, refreshByBody } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { addSite, codeFor } from '../sites.ts';
import { HOUR, inWorld, MINUTE, ORIGIN, type World } from '../world.ts';
import { ask, newProofKey, type ProofKey, redeemed, redeeming, refreshing, refusalOf, tokensOf, withProof } from './ask.ts';

/** Proof of a key (RFC 9449): it binds the refresh tokens of clients without a secret. */

async function withBoundFamily(world: World): Promise<{ key: ProofKey; refreshToken: string; site: Awaited<ReturnType<typeof addSite>> }> {
  const site = await addSite(world, 'space-snake', { kind: 'native' });
  const browser = await world.signedUp('ada@example.com');
  const key = await newProofKey(world.clock.now);
  const { refreshToken } = await redeemed(world, site, await codeFor(world, browser, site), withProof(key.proof()));
  return { key, refreshToken, site };
}

inWorld('a public client that proves a key has a refresh token that is worth nothing without it', async (world) => {
  const { key, refreshToken, site } = await withBoundFamily(world);
  assert.equal((await familyOf(world, refreshToken)).dpopKey, key.thumbprint);
  const thief = await newProofKey(world.clock.now);
  for (const options of [{}, withProof(thief.proof())])
    assert.equal(refusalOf(await ask(world, 'token', site, refreshing(refreshToken), options)), '400 invalid_grant');
  // Nor at the call that knows of no proofs.
  assert.equal((await refreshByBody(world, refreshToken, site.id)).body.error, 'refresh_invalid');
  assert.ok((await actions(world)).includes('refresh.wrong_key'));
  // The thief has ended nothing.
  const next = await ask(world, 'token', site, refreshing(refreshToken), withProof(key.proof()));
  assert.equal(next.body['token_type'], 'Bearer');
  const again = await ask(world, 'token', site, refreshing(tokensOf(next).refreshToken), withProof(key.proof()));
  assert.equal((await familyOf(world, tokensOf(again).refreshToken)).gen, 2);
});

inWorld(
  'a key that comes with a refresh does not bind what was not bound, and a client with a secret is bound by its secret',
  async (world) => {
    const [snake, notes] = [await addSite(world, 'space-snake', { kind: 'native' }), await addSite(world, 'notes')];
    const browser = await world.signedUp('ada@example.com');
    const key = await newProofKey(world.clock.now);
    const unbound = await redeemed(world, snake, await codeFor(world, browser, snake));
    const next = tokensOf(await ask(world, 'token', snake, refreshing(unbound.refreshToken), withProof(key.proof())));
    tokensOf(await ask(world, 'token', snake, refreshing(next.refreshToken)));
    const proven = await redeemed(world, notes, await codeFor(world, browser, notes), withProof(key.proof()));
    assert.equal((await familyOf(world, proven.refreshToken)).dpopKey, null);
    tokensOf(await ask(world, 'token', notes, refreshing(proven.refreshToken)));
  },
);

inWorld('a code that was asked for with a key is redeemed with that key only, and the wrong one does not use it up', async (world) => {
  for (const kind of ['native', 'web'] as const) {
    const site = await addSite(world, `the-${kind}`, { kind });
    const browser = await world.signedUp(`${kind}@example.com`);
    const [key, thief] = [await newProofKey(world.clock.now), await newProofKey(world.clock.now)];
    const given = await codeFor(world, browser, site, { dpopKey: key.thumbprint });
    for (const options of [{}, withProof(thief.proof())])
      assert.equal(refusalOf(await ask(world, 'token', site, redeeming(site, given), options)), '400 invalid_grant');
    await redeemed(world, site, given, withProof(key.proof()));
  }
});

inWorld('a proof that is not for this call, this moment and this key is refused before the token is looked at', async (world) => {
  const { key, refreshToken, site } = await withBoundFamily(world);
  const other = await newProofKey(world.clock.now);
  const now = Math.floor(world.clock.now() / 1000);
  const hmacKey: JWK = { kty: 'oct', k: Buffer.alloc(32).toString('base64url') };
  const privateJwk = key.privateKey.export({ format: 'jwk' }) as JWK;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const bad: Readonly<Record<string, string>> = {
    'another method': key.proof({ claims: { htm: 'GET' } }),
    'no method': key.proof({ claims: { htm: undefined } }),
    'another call': key.proof({ path: OAUTH.revoke }),
    'another host': key.proof({ claims: { htu: `https://evil.example${OAUTH.token}` } }),
    'a prefix of the host': key.proof({ claims: { htu: `${ORIGIN}.evil.example${OAUTH.token}` } }),
    'somebody in the address': key.proof({ claims: { htu: `http://a@localhost:4000${OAUTH.token}` } }),
    'a longer path': key.proof({ path: `${OAUTH.token}/` }),
    'no address': key.proof({ claims: { htu: 7 } }),
    'an old one': key.proof({ claims: { iat: now - DPOP_WINDOW - 1 } }),
    'one from the future': key.proof({ claims: { iat: now + DPOP_WINDOW + 1 } }),
    'no time': key.proof({ claims: { iat: undefined } }),
    'a time that is none': key.proof({ claims: { iat: 'now' } }),
    'expired by its own word': key.proof({ claims: { exp: now - 1 } }),
    'no name': key.proof({ claims: { jti: undefined } }),
    'an empty name': key.proof({ claims: { jti: '' } }),
    'a name without end': key.proof({ claims: { jti: 'x'.repeat(257) } }),
    'another type': key.proof({ header: { typ: 'JWT' } }),
    'no type': key.proof({ header: { typ: undefined } }),
    'no key': key.proof({ header: { jwk: undefined } }),
    'a private key': key.proof({ header: { jwk: privateJwk } }),
    'a symmetric key': key.proof({ header: { alg: 'HS256', jwk: hmacKey } }),
    'no signature': key.proof({ header: { alg: 'none' } }),
    'an alg of another family': key.proof({ header: { alg: 'ES384' } }),
    RSA: key.proof({ header: { alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) }, signer: rsa.privateKey }),
    'signed by another key': key.proof({ signer: other.privateKey }),
    'a key that is no point': key.proof({ header: { jwk: { ...key.jwk, x: key.jwk.y } } }),
    'a key that is a text': key.proof({ header: { jwk: 'key' } }),
    'an unknown critical header': key.proof({ header: { crit: ['x'], x: 1 } }),
    'two proofs': `${key.proof()}, ${key.proof()}`,
    'no JWT': 'proof',
    'too long': key.proof({ claims: { x: 'x'.repeat(4096) } }),
  };
  for (const [what, proof] of Object.entries(bad))
    assert.equal(refusalOf(await ask(world, 'token', site, refreshing(refreshToken), withProof(proof))), '400 invalid_dpop_proof', what);
  assert.equal((await familyOf(world, refreshToken)).gen, 0);
  // Query and fragment do not count, nor the spelling of the host.
  for (const htu of [`HTTP://LOCALHOST:4000${OAUTH.token}?x=1#y`, ORIGIN + OAUTH.token])
    assert.equal((await ask(world, 'token', site, refreshing(refreshToken), withProof(key.proof({ claims: { htu } })))).status, 200, htu);
});

inWorld('a key of Ed25519 proves as well', async (world) => {
  const site = await addSite(world, 'space-snake', { kind: 'native' });
  const browser = await world.signedUp('ada@example.com');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  const proof = (jti: string) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { htm: 'POST', htu: ORIGIN + OAUTH.token, iat: Math.floor(world.clock.now() / 1000), jti };
    const text = `${part({ typ: 'dpop+jwt', alg: 'EdDSA', jwk })}.${part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const { refreshToken } = await redeemed(world, site, await codeFor(world, browser, site), withProof(proof('a')));
  assert.equal((await familyOf(world, refreshToken)).dpopKey, await calculateJwkThumbprint(jwk));
  tokensOf(await ask(world, 'token', site, refreshing(refreshToken), withProof(proof('b'))));
});

onTwoNodes('a proof is good once, on whichever node and however often at the same moment', async (first, second) => {
  const { key, refreshToken, site } = await withBoundFamily(first);
  const proof = key.proof({ claims: { jti: 'one' } });
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      ask(index % 2 === 0 ? first : second, 'token', site, refreshing(refreshToken), withProof(proof)),
    ),
  );
  const statuses = answers.map((answer) => (answer.status === 200 ? '200' : refusalOf(answer))).sort();
  assert.deepEqual(statuses, ['200', ...Array.from({ length: 15 }, () => '400 invalid_dpop_proof')]);
  first.clock.advance(DPOP_WINDOW * 1000);
  assert.equal(refusalOf(await ask(second, 'token', site, refreshing(refreshToken), withProof(proof))), '400 invalid_dpop_proof');
  // Another key may use the same name for its proof.
  const other = await newProofKey(first.clock.now);
  const named = other.proof({ claims: { jti: 'one' } });
  assert.equal(refusalOf(await ask(first, 'token', site, refreshing(refreshToken), withProof(named))), '400 invalid_grant');
});

inWorld('retries of one attempt need a new proof each, and are answered with the same successor', async (world) => {
  const { key, refreshToken, site } = await withBoundFamily(world);
  const attempt = { [HEADERS.attempt]: `0.${'A'.repeat(22)}` };
  const once = tokensOf(
    await ask(world, 'token', site, refreshing(refreshToken), { headers: { ...attempt, ...withProof(key.proof()).headers } }),
  );
  world.clock.advance(HOUR + MINUTE);
  const twice = tokensOf(
    await ask(world, 'token', site, refreshing(refreshToken), { headers: { ...attempt, ...withProof(key.proof()).headers } }),
  );
  assert.equal(twice.refreshToken, once.refreshToken);
});
