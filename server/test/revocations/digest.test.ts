import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRevokedSet, fromSent, REVOCATION_KINDS, type Revocation, toSent } from '@portico/protocol/revocations';
import fc from 'fast-check';
import { rounds } from '../counts.ts';

const fact: fc.Arbitrary<Revocation> = fc
  .record({
    kind: fc.constantFrom(...REVOCATION_KINDS),
    subject: fc.string({ minLength: 1, maxLength: 22 }),
    minimumUv: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 5 })),
    expiresAt: fc.integer({ min: 1, max: 100 }),
  })
  .map((entry) => ({ ...entry, subject: entry.subject.toWellFormed() }));
const facts = fc.array(fact, { maxLength: 40 });

function holderOf(entries: readonly Revocation[]) {
  const set = createRevokedSet();
  for (const entry of entries) set.add(entry);
  return set;
}

const runs = { numRuns: rounds(500, 20_000) };

test('two holders of the same facts have the same digest, in whatever order and however often they heard of them', () => {
  fc.assert(
    fc.property(facts, facts, fc.integer({ min: 0, max: 101 }), (some, more, now) => {
      const [one, other] = [holderOf([...some, ...more]), holderOf([...more, ...some, ...more].reverse())];
      assert.deepEqual(one.digest(), other.digest());
      one.dropExpired(now);
      other.dropExpired(now);
      assert.deepEqual(one.digest(), other.digest());
      // Dropping leaves what another would have who never heard of what is dropped.
      assert.deepEqual(one.digest(), holderOf([...some, ...more].filter(({ expiresAt }) => expiresAt > now)).digest());
    }),
    runs,
  );
});

test('one fact more or less, or another in its place, is another digest', () => {
  fc.assert(
    fc.property(facts, fact, fact, (some, one, other) => {
      const text = (entry: Revocation) => JSON.stringify(toSent(entry));
      fc.pre(text(one) !== text(other) && !some.some((entry) => text(entry) === text(one) || text(entry) === text(other)));
      const digests = [holderOf(some), holderOf([...some, one]), holderOf([...some, other])].map((set) => set.digest().digest);
      assert.equal(new Set(digests).size, 3);
    }),
    runs,
  );
});

test('many thousand facts that differ in a letter have digests of their own', () => {
  const count = rounds(50_000, 1_000_000);
  const seen = new Set<string>();
  for (let n = 0; n < count; n += 1)
    seen.add(holderOf([{ kind: 'sid', subject: `A${n}`, minimumUv: null, expiresAt: 1_767_614_400_000 }]).digest().digest);
  assert.equal(seen.size, count);
});

test('a digest for some audiences speaks of the facts that are told them', () => {
  fc.assert(
    fc.property(facts, fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 3 }), (some, named) => {
      const audiences = new Set([...named, ...some.slice(0, 2).map(({ subject }) => subject)]);
      const all = holderOf(some);
      assert.deepEqual(all.digest(audiences), holderOf(all.entries(audiences)).digest());
    }),
    runs,
  );
});

test('a revocation arrives as it was sent, and what is none is taken for none', () => {
  fc.assert(
    fc.property(fact, (entry) => assert.deepEqual(fromSent(JSON.parse(JSON.stringify(toSent(entry)))), entry)),
    runs,
  );
  for (const wrong of [
    null,
    {},
    [],
    ['sid'],
    ['other', 'x', 0, 1],
    ['sid', 1, 0, 1],
    ['sid', 'x', '0', 1],
    ['sid', 'x', 0, 1.5],
    ['sid', 'x', 0, null],
  ])
    assert.equal(fromSent(wrong), null);
});
