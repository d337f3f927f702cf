import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createKeptTokens } from '../../../sdk/server/src/kept-tokens.ts';
import { answer, type Issuer, issuer, newKey } from './issuer.ts';

/** Whether a token is the second time what it was the first time. */

const SECOND = 1000;

/** How many signatures were looked at. */
function countSignatures(t: TestContext): () => number {
  const { mock } = t.mock.method(crypto.subtle, 'verify');
  return () => mock.callCount();
}

const named = (at: Issuer, jti: number) => at.sign({ ...at.claims, jti: String(jti).padStart(22, '0') });

test('a token costs one signature, however often it comes; with cacheSize 0 one each time', async (t) => {
  const at = issuer();
  const signatures = countSignatures(t);
  const [keeps, forgets] = [at.verifier(), at.verifier({ cacheSize: 0 })];
  const token = at.sign();
  for (let n = 0; n < 10; n += 1) assert.equal(await answer(keeps, token), '200');
  assert.deepEqual([signatures(), at.reads], [1, 1]);
  for (let n = 0; n < 10; n += 1) assert.equal(await answer(forgets, { headers: { authorization: `Bearer ${token}` } }), '200');
  assert.deepEqual([signatures(), at.reads], [11, 2]);
  for (const cacheSize of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_001])
    assert.throws(() => at.verifier({ cacheSize }), TypeError);
});

test('no more tokens are kept than the limit says, and a flood of new ones does not drive out those in use', async (t) => {
  const kept = createKeptTokens<number>(10);
  const busy = ['busy-1', 'busy-2', 'busy-3'];
  for (const [made, token] of busy.entries()) kept.keep(token, made);
  for (let n = 0; n < 1000; n += 1) {
    kept.keep(`new-${n}`, n);
    assert.ok(kept.size() <= 10);
    for (const [made, token] of busy.entries()) assert.equal(kept.find(token), made);
  }
  assert.equal(kept.find('new-0'), null);
  // All of them in use: one has to go all the same.
  const full = createKeptTokens<number>(3);
  for (let n = 0; n < 20; n += 1) {
    full.keep(`${n}`, n);
    for (let old = 0; old <= n; old += 1) full.find(`${old}`);
    assert.ok(full.size() <= 3);
    assert.equal(full.find(`${n}`), n);
  }
  const signatures = countSignatures(t);
  const at = issuer();
  const verifier = at.verifier({ cacheSize: 2 });
  for (const jti of [1, 2, 3, 1]) assert.equal(await answer(verifier, named(at, jti)), '200');
  assert.equal(signatures(), 4, 'the first of three was driven out');
});

test('what is longer than four thousand letters is kept by nobody, and a piece of a long header keeps the header in no memory', () => {
  const kept = createKeptTokens<null>(10_000);
  kept.keep('x'.repeat(4097), null);
  kept.keep('x'.repeat(4096), null);
  assert.equal(kept.size(), 1);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const memory = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = memory();
  const letters = Buffer.alloc(100_000, 'c');
  for (let n = 0; n < 1000; n += 1) {
    letters.write(String(n).padStart(30, 't'));
    kept.keep(letters.toString('latin1').slice(0, 30), null);
  }
  assert.equal(kept.size(), 1001);
  assert.ok(memory() - before < 10_000_000, 'a hundred megabytes of headers are held');
});

test('an end, with five seconds and not one more, and a beginning count for a kept token as for a new one', async () => {
  const at = issuer();
  const verifier = at.verifier();
  const [token, later] = [at.sign(), at.sign({ ...at.claims, nbf: at.claims.iat + 60 })];
  assert.equal(await answer(verifier, token), '200');
  assert.equal(await answer(verifier, later), '401 token_invalid');
  at.clock.advance(55 * SECOND);
  assert.equal(await answer(verifier, later), '200');
  // A clock that is set back: what was good a moment ago is not good yet.
  at.clock.advance(-1 * SECOND);
  assert.equal(await answer(verifier, later), '401 token_invalid');
  at.clock.advance(250 * SECOND);
  for (const again of [1, 2]) assert.equal(await answer(verifier, token), '200', String(again));
  at.clock.advance(1 * SECOND);
  for (const again of [1, 2]) assert.equal(await answer(verifier, token), '401 token_expired', String(again));
});

test('a key that is withdrawn, or replaced under its name, has signed nothing that is still good', async () => {
  for (const published of [[], [newKey('other').published], [newKey('own-key').published]]) {
    const at = issuer();
    const verifier = at.verifier();
    const token = at.sign();
    assert.equal(await answer(verifier, token), '200');
    at.published = published;
    at.clock.advance(29 * SECOND);
    assert.equal(await answer(verifier, token), '200');
    assert.equal(at.reads, 1);
    at.clock.advance(1 * SECOND);
    // The request that finds the keys old has them read again, and does not wait for it.
    await answer(verifier, token);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(at.reads, 2);
    assert.equal(await answer(verifier, token), '401 token_invalid');
  }
});

test('the same keys again are no others: what was kept stays', async (t) => {
  const signatures = countSignatures(t);
  const at = issuer();
  const verifier = at.verifier();
  const token = at.sign();
  for (let n = 0; n < 5; n += 1) {
    assert.equal(await answer(verifier, token), '200');
    at.clock.advance(30 * SECOND);
    await answer(verifier, token);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([signatures(), at.reads], [1, 6]);
});

test('keys that change while a signature is looked at leave nothing behind that was good under the old ones', async (t) => {
  const at = issuer();
  const verifier = at.verifier();
  await answer(verifier, named(at, 1));
  const original = crypto.subtle.verify.bind(crypto.subtle);
  const mocked = t.mock.method(crypto.subtle, 'verify', async (...given: Parameters<typeof original>) => {
    mocked.mock.restore();
    at.published = [newKey('own-key').published];
    at.clock.advance(30 * SECOND);
    await answer(verifier, named(at, 1));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(at.reads, 2);
    return original(...given);
  });
  const token = named(at, 2);
  assert.equal(await answer(verifier, token), '200', 'the key was published when it was looked up');
  assert.equal(await answer(verifier, token), '401 token_invalid');
});

test('a refusal is kept by nobody: an unknown name is looked for again after five seconds, and good when it is published', async () => {
  const at = issuer();
  const verifier = at.verifier();
  const { privateKey: _, published } = newKey('own-key');
  const [genuine] = at.published;
  at.published = [published];
  const token = at.sign();
  assert.equal(await answer(verifier, token), '401 token_invalid');
  at.published = genuine === undefined ? [] : [genuine];
  // The name is known, so nobody looks again before the keys are old.
  at.clock.advance(30 * SECOND);
  await answer(verifier, token);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await answer(verifier, token), '200');
  at.published = [];
  const stranger = at.verifier();
  for (let n = 0; n < 20; n += 1) assert.equal(await answer(stranger, token), '401 token_invalid');
  const { reads } = at;
  at.published = genuine === undefined ? [] : [genuine];
  at.clock.advance(4 * SECOND);
  assert.equal(await answer(stranger, token), '401 token_invalid');
  assert.equal(at.reads, reads);
  at.clock.advance(1 * SECOND);
  assert.equal(await answer(stranger, token), '200');
  assert.equal(at.reads, reads + 1);
});

test('while the keys cannot be read an unknown name is 503, also to those who come after the failure', async () => {
  const at = issuer();
  let broken = false;
  const verifier = at.verifier({
    fetch: async () => (broken ? new Response(null, { status: 502 }) : Response.json({ keys: at.published })),
  });
  assert.equal(await answer(verifier, at.sign()), '200');
  broken = true;
  at.clock.advance(5 * SECOND);
  const unknown = at.sign(at.claims, { ...at.header, kid: 'new-key' });
  for (let n = 0; n < 3; n += 1) assert.equal(await answer(verifier, unknown), '503 keys_unavailable');
});

test('what one request does to its user, the next request with the same token does not see', async () => {
  const at = issuer();
  const verifier = at.verifier();
  const token = at.sign();
  const user = await verifier.verify(token);
  const { claims } = user;
  const tampered: readonly (() => unknown)[] = [
    () => (user.roles as string[]).push('admin'),
    () => (user.scope as string[]).push('admin'),
    () => (user.amr as string[]).push('hwk'),
    () => Object.assign(user, { id: 'somebody else' }),
    () => Object.assign(claims, { sid: 'S' }),
    () => (claims['roles'] as string[]).push('admin'),
    () => Object.setPrototypeOf(user, { machine: true }),
  ];
  for (const tamper of tampered) assert.throws(tamper, TypeError);
  assert.deepEqual((await verifier.verify(token)).roles, ['editor']);
});
