import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chainKeyFrom, createKeyring } from '../platform/keyring.ts';
import {
  BLANK,
  EMPTY_RING,
  formatRefreshToken,
  freshRing,
  linkHash,
  NO_ATTEMPT,
  parseAttempt,
  parseRefreshToken,
  RING_SIZE,
  ringSlot,
  slotOf,
  walkChain,
} from './refresh-chain.ts';

const KEY = chainKeyFrom(5, Buffer.alloc(32, 1), 0);
const OTHER = chainKeyFrom(6, Buffer.alloc(32, 2), 0);
const KEYS = createKeyring({ chains: [KEY, OTHER], signing: [] });
const FAMILY = Buffer.alloc(16, 3).toString('base64url');
const SECRET = Buffer.alloc(20, 4);

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const links = fc.record({
  familyId: bytes(16).map((id) => id.toString('base64url')),
  gen: fc.integer({ min: 0, max: 0xffff_ffff }),
  issuedAt: fc.integer({ min: 0, max: 0xffff_ffff }).map((seconds) => seconds * 1000),
  secret: bytes(20),
});

test('what was issued is read again, to the last field', () => {
  fc.assert(
    fc.property(links, fc.constantFrom(KEY, OTHER), (link, key) => {
      const token = formatRefreshToken(key, link);
      assert.match(token, /^ptr_[A-Za-z0-9_-]{76}$/);
      const parsed = parseRefreshToken(KEYS, token);
      assert.deepEqual(parsed, { keyId: key.id, familyId: link.familyId, gen: link.gen, iat: link.issuedAt / 1000, secret: link.secret });
    }),
  );
});

test('a token of yesterday is read by the version of today', () => {
  // A change of the format or of a key derivation would sign everybody out; it needs a new version in the first byte instead.
  const token = formatRefreshToken(KEY, { familyId: FAMILY, gen: 7, issuedAt: 1_767_614_400_999, secret: SECRET });
  assert.equal(token, 'ptr_BQMDAwMDAwMDAwMDAwMDAwMAAAAHaVunwAQEBAQEBAQEBAQEBAQEBAQEBAQE8IemNWYQhawAq2gu');
  assert.equal(linkHash(walkChain(KEY, FAMILY, 7, SECRET, 1)), 'HXXO7dZas-0W8xy7_ESZXKgBXQ73PhXNbIa_po87tew');
});

test('a token with one bit changed, at any place, is not ours', () => {
  const token = formatRefreshToken(KEY, { familyId: FAMILY, gen: 7, issuedAt: 1_767_614_400_000, secret: SECRET });
  const body = Buffer.from(token.slice(4), 'base64url');
  for (let bit = 0; bit < body.length * 8; bit += 1) {
    const forged = Buffer.from(body);
    forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.equal(parseRefreshToken(KEYS, `ptr_${forged.toString('base64url')}`), null, `bit ${bit}`);
  }
});

test('any text that we did not issue is no token, and throws nothing', () => {
  const genuine = formatRefreshToken(KEY, { familyId: FAMILY, gen: 0, issuedAt: 0, secret: SECRET });
  const texts = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ minLength: 76, maxLength: 76 }).map((body) => `ptr_${body}`),
    bytes(57).map((body) => `ptr_${body.toString('base64url')}`),
    fc.nat(genuine.length - 1).map((length) => genuine.slice(0, length)),
    fc.string({ minLength: 1, maxLength: 4 }).map((tail) => genuine + tail),
  );
  fc.assert(fc.property(texts, (text) => assert.equal(parseRefreshToken(KEYS, text), null)));
});

test('a token under a key that was dropped, or of another installation, is no token', () => {
  const token = formatRefreshToken(KEY, { familyId: FAMILY, gen: 0, issuedAt: 0, secret: SECRET });
  assert.equal(parseRefreshToken(createKeyring({ chains: [OTHER], signing: [] }), token), null);
  const elsewhere = chainKeyFrom(KEY.id, Buffer.alloc(32, 9), 0);
  assert.equal(parseRefreshToken(createKeyring({ chains: [elsewhere], signing: [] }), token), null);
});

test('walking the chain in two goes arrives where walking it in one does', () => {
  fc.assert(
    fc.property(links, fc.nat(6), fc.nat(6), ({ familyId, secret }, first, second) => {
      const halfway = walkChain(KEY, familyId, 10, secret, first);
      assert.deepEqual(walkChain(KEY, familyId, 10 + first, halfway, second), walkChain(KEY, familyId, 10, secret, first + second));
    }),
  );
});

test('the next link depends on the key, the family, the generation and the link before', () => {
  const next = (key = KEY, family = FAMILY, gen = 0, secret = SECRET) => walkChain(key, family, gen, secret, 1).toString('hex');
  const otherFamily = Buffer.alloc(16, 8).toString('base64url');
  const all = [next(), next(OTHER), next(KEY, otherFamily), next(KEY, FAMILY, 1), next(KEY, FAMILY, 0, Buffer.alloc(20, 5))];
  assert.equal(new Set(all).size, all.length);
  assert.equal(next(), next());
  assert.equal(walkChain(KEY, FAMILY, 0, SECRET, 0), SECRET);
});

test('an attempt is a generation and 128 random bits, in one spelling', () => {
  const random = 'AbC_-0123456789abcdefg';
  for (const [header, gen] of [
    [`0.${random}`, 0],
    [`7.${random}`, 7],
    [`4294967295.${random}`, 0xffff_ffff],
  ] as const) {
    assert.equal(parseAttempt(header)?.gen, gen);
  }
  for (const header of ['', '0', `.${random}`, `00.${random}`, `-0.${random}`, `4294967296.${random}`, `0.${random}A`, `0.${random}\n`]) {
    assert.equal(parseAttempt(header), null, JSON.stringify(header));
  }
});

test('the slot of an attempt is its own: not that of another random, of another generation, of the marker or of a blank', () => {
  const slots = ['0.AAAAAAAAAAAAAAAAAAAAAA', '0.AAAAAAAAAAAAAAAAAAAAAQ', '1.AAAAAAAAAAAAAAAAAAAAAA'].map(
    (header) => parseAttempt(header)?.slot,
  );
  assert.equal(new Set([...slots, NO_ATTEMPT, BLANK]).size, 5);
  for (const slot of [...slots, NO_ATTEMPT, BLANK]) assert.equal(slot?.length, BLANK.length);
  assert.equal(slotOf(null), NO_ATTEMPT);
  assert.equal(slotOf(parseAttempt('0.AAAAAAAAAAAAAAAAAAAAAA')), slots[0]);
});

test('a ring holds its slots newest first, and knows where it knows nothing', () => {
  const ring = freshRing(NO_ATTEMPT);
  assert.equal(ring.length, EMPTY_RING.length);
  assert.equal(ringSlot(ring, 1), NO_ATTEMPT);
  for (let back = 2; back <= RING_SIZE; back += 1) assert.equal(ringSlot(ring, back), BLANK);
  assert.equal(ringSlot(ring, RING_SIZE + 1), '');
});
