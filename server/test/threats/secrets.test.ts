import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { COOKIES } from '@portico/protocol/cookies';
import { SYSTEM } from '@portico/protocol/routes';
import { commandLine } from '../../src/cli/command-line.ts';
import { makeCode } from '../../src/guessing/security-code.ts';
import { loadKeyring, PUBLISH_AHEAD, reloadKeyring, rotateKeys } from '../../src/keys/rotate-keys.ts';
import { seal, unseal } from '../../src/platform/crypto.ts';
import type { Db } from '../../src/platform/db.ts';
import { createPasswordHasher } from '../../src/platform/password-hasher.ts';
import { createRandom } from '../../src/platform/random.ts';
import { rounds } from '../counts.ts';
import { inWorld, MINUTE, PASSWORD } from '../world.ts';
import { installation } from './forged-tokens.ts';

/** Randomness, sealing, hashing, keys: what would have to hold if the database were in the wrong hands. */

const SAMPLES = rounds(20_000, 100_000);

test('no two of many thousand sealed texts have the same nonce', () => {
  const key = randomBytes(32);
  const nonces = new Set(Array.from({ length: SAMPLES }, () => seal(key, 'label', 'x').split('.')[1]));
  assert.equal(nonces.size, SAMPLES);
});

test('a sealed text with one bit changed, with another label or under another key does not open, and does not say why', () => {
  const key = randomBytes(32);
  const sealed = seal(key, 'mails 1', 'a secret');
  assert.equal(unseal(key, 'mails 1', sealed).toString(), 'a secret');
  const [version = '', nonce = '', body = ''] = sealed.split('.');
  const flips = (part: string) =>
    Array.from({ length: Buffer.from(part, 'base64url').length * 8 }, (_, bit) => {
      const bytes = Buffer.from(part, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return bytes.toString('base64url');
    });
  const changed = [
    ...flips(nonce).map((other) => `${version}.${other}.${body}`),
    ...flips(body).map((other) => `${version}.${nonce}.${other}`),
  ];
  assert.ok(changed.length > 250);
  const words = new Set<string>();
  const fails = (work: () => unknown) => assert.throws(work, (error: Error) => (words.add(error.message), true));
  for (const text of changed) fails(() => unseal(key, 'mails 1', text));
  fails(() => unseal(key, 'mails 2', sealed));
  fails(() => unseal(randomBytes(32), 'mails 1', sealed));
  assert.equal(words.size, 1, [...words].join());
  for (const text of ['', 'v1', 'v1..', 'v2.a.b', `v1.${nonce}.`, `v1.${nonce}.${body.slice(0, 10)}`, `v1..${body}`, sealed.slice(0, -1)])
    assert.throws(() => unseal(key, 'mails 1', text), JSON.stringify(text));
});

inWorld('a key at rest with one byte changed stops the start, whichever key it is', async (world) => {
  for (const [table, name] of [
    ['chain_keys', 'id'],
    ['signing_keys', 'kid'],
  ]) {
    const rows = await world.deps.db.all(`select ${name} as name, sealed from ${table}`);
    assert.ok(rows.length > 0);
    for (const row of rows) {
      const sealed = String(row['sealed']);
      const at = sealed.length - 20;
      const put = (text: string) => world.deps.db.all(`update ${table} set sealed = $1 where ${name} = $2`, [text, row['name'] ?? null]);
      await put(sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1));
      await assert.rejects(loadKeyring(world.deps), `${table} ${row['name']}`);
      await put(sealed);
    }
  }
  await loadKeyring(world.deps);
});

test('many thousand security codes use every digit at every place alike, and are stored under a key that the database lacks', async () => {
  const { deps } = await installation();
  const stored = new Set<string>();
  // Only the statement's answer is played: what is looked at is which code was made.
  const db: Db = {
    all: async (_, values = []) => {
      stored.add(String(values[2]));
      return [{ sends: 1 }];
    },
    transaction: async (work) => work(db),
    close: async () => undefined,
  };
  const counts = Array.from({ length: 8 }, () => Array.from({ length: 10 }, () => 0));
  const codes = new Set<string>();
  for (let n = 0; n < SAMPLES; n += 1) {
    const code = (await makeCode(db, deps, { sessionId: `s${n}`, browserHash: '' })) ?? '';
    assert.match(code, /^\d{8}$/);
    codes.add(code);
    for (const [place, digit] of [...code].entries())
      (counts[place] as number[])[Number(digit)] = ((counts[place] as number[])[Number(digit)] ?? 0) + 1;
  }
  for (const [place, digits] of counts.entries()) {
    const expected = SAMPLES / 10;
    const chi = digits.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Nine degrees of freedom: a fair source exceeds 50 once in ten million times.
    assert.ok(chi < 50, `place ${place}: chi² ${chi}`);
  }
  // Of 100,000 out of 100,000,000 about fifty coincide, of 20,000 two.
  assert.ok(codes.size > SAMPLES - 150);
  assert.equal(stored.size, SAMPLES, 'the same code of two sessions is stored in two ways');
  for (const hash of stored) assert.ok(/^[A-Za-z0-9_-]{43}$/.test(hash));
});

test('random bytes are handed out once: no two share memory, none changes later, and none repeats', () => {
  const random = createRandom();
  const handed = Array.from({ length: 20_000 }, (_, n) => random([16, 20, 32, 9, 12][n % 5] ?? 16));
  const copies = handed.map((bytes) => bytes.toString('hex'));
  const places = handed.map(({ buffer, byteOffset, length }) => ({ buffer, from: byteOffset, to: byteOffset + length }));
  for (const [n, place] of places.entries()) {
    const next = places[n + 1];
    if (next?.buffer === place.buffer) assert.ok(next.from >= place.to, `the bytes of call ${n} are handed out again`);
  }
  random(5000);
  assert.deepEqual(
    handed.map((bytes) => bytes.toString('hex')),
    copies,
  );
  assert.equal(new Set(copies.map((text) => text.slice(0, 18))).size, handed.length);
  const ones = handed.reduce((sum, bytes) => sum + bytes.reduce((bits, byte) => bits + byte.toString(2).replaceAll('0', '').length, 0), 0);
  const bits = handed.reduce((sum, bytes) => sum + bytes.length * 8, 0);
  assert.ok(Math.abs(ones / bits - 0.5) < 0.003, `${ones} of ${bits} bits are set`);
});

test('a password is stored as argon2id with the parameters that OWASP asks for, under a salt of its own', async () => {
  const hasher = createPasswordHasher();
  const [first, second] = await Promise.all([hasher.hash(PASSWORD), hasher.hash(PASSWORD)]);
  for (const stored of [first, second]) assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(first, second);
  assert.deepEqual(
    [await hasher.verify(first, PASSWORD), await hasher.verify(first, `${PASSWORD} `), await hasher.verify(null, PASSWORD)],
    [true, false, false],
  );
  assert.equal(hasher.needsRehash('$argon2id$v=19$m=19456,t=1,p=1$x$y'), true);
});

inWorld('everything that names a session or a browser has at least 128 random bits, and two sign-ins share none of it', async (world) => {
  const browsers = [await world.signedUp('ada@example.com'), world.browser(), world.browser()];
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'bob@example.com', password: PASSWORD });
  for (const browser of browsers.slice(1)) {
    await browser.send('GET', '/login', undefined, { headers: { accept: 'text/html' } });
    assert.equal((await browser.signIn('ada@example.com', PASSWORD)).status, 200);
  }
  // The form in which each is issued, and how much of it is chance.
  const forms: Readonly<Record<string, RegExp>> = {
    [COOKIES.refresh]: /^ptr_[\w-]{76}$/,
    [COOKIES.device]: /^[\w-]{22}$/,
    [COOKIES.transaction]: /^[\w-]{22}$/,
    [COOKIES.waiting]: /^[\w-]{43}$/,
    [COOKIES.csrf]: /^0\.[0-9a-z]{8}\.[\w-]{22}\.[\w-]{43}$/,
  };
  for (const [name, form] of Object.entries(forms)) {
    const values = [...browsers, waiting].map((browser) => browser.cookie(name)).filter((value) => value !== undefined);
    assert.ok(values.length > 0, name);
    for (const value of values) assert.match(value, form, name);
    assert.equal(new Set(values).size, values.length, name);
  }
  for (const table of ['users', 'sessions', 'refresh_tokens', 'events']) {
    for (const row of await world.deps.db.all(`select id from ${table}`)) assert.match(String(row['id']), /^[\w-]{22}$/, table);
  }
});

inWorld(
  'a live roll of all keys costs nobody a sign-in: the next key is published a minute before it signs, the old one verifies on',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const kid = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
    const published = async () =>
      ((await browser.send('GET', SYSTEM.jwks)).body['keys'] as readonly { kid: string; d?: string }[]).map(
        (key) => (assert.equal(key.d, undefined), key.kid),
      );
    const old = String((await browser.refresh()).body['accessToken']);
    const before = await published();
    // One for each way of signing; the first signs what this browser gets.
    const { signingKid, signingKids } = await rotateKeys(world.deps, commandLine(world.deps));
    assert.equal(signingKids.length, before.length);
    await reloadKeyring(world.deps);
    assert.deepEqual((await published()).sort(), [...before, ...signingKids].sort());
    assert.ok(before.includes(kid(old)));
    assert.equal(kid(String((await browser.refresh()).body['accessToken'])), kid(old), 'published, not yet used');
    world.clock.advance(PUBLISH_AHEAD);
    const renewed = await browser.refresh();
    assert.equal(kid(String(renewed.body['accessToken'])), signingKid);
    for (const token of [old, String(renewed.body['accessToken'])])
      assert.equal((await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${token}` } })).status, 200);
    assert.equal((await browser.act('extendHard')).body['kind'], 'rotated');
    assert.equal((await world.browser().signIn('ada@example.com', PASSWORD)).status, 200);
    world.clock.advance(10 * MINUTE);
    assert.equal((await browser.refresh()).body['kind'], 'rotated');
  },
);
