import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNUSUAL_REASONS } from '@portico/protocol/tokens';
import { HOLD, judgeSignIn, LONG_ABSENCE, MANY_WRONG_TRIES, NOTICE, type SignInFacts, WRONG_TRIES } from './unusual.ts';

const HOME: SignInFacts = {
  firstEver: false,
  knownDevice: false,
  knownNetwork: true,
  knownBrowser: true,
  wrongTries: 0,
  absence: 0,
  heldBefore: false,
  recoveredBefore: false,
};
type Outcome = 'in' | 'told' | 'asked';
const outcomeOf = (facts: Partial<SignInFacts>): Outcome => {
  const { score } = judgeSignIn({ ...HOME, ...facts });
  return score >= HOLD ? 'asked' : score >= NOTICE ? 'told' : 'in';
};
const away = { knownNetwork: false, knownBrowser: false };

test('a known device gets in from wherever it is, however the account is attacked, however long it was away', () => {
  const everything = { ...away, wrongTries: 1000, absence: 10 * LONG_ABSENCE };
  assert.equal(outcomeOf({ knownDevice: true, ...everything }), 'in');
  assert.deepEqual(judgeSignIn({ ...HOME, knownDevice: true, ...everything }), { score: 0, reasons: [] });
  assert.equal(outcomeOf(everything), 'asked');
});

test('the first sign-in ever is never unusual', () => {
  assert.equal(outcomeOf({ ...away, firstEver: true, wrongTries: 1000 }), 'in');
});

test('after a hold or a recovery even a known device is asked, and only for that', () => {
  for (const [veto, reason] of [
    ['heldBefore', 'held_before'],
    ['recoveredBefore', 'recovered_before'],
  ] as const) {
    assert.deepEqual(judgeSignIn({ ...HOME, knownDevice: true, [veto]: true }), { score: HOLD, reasons: [reason] });
    assert.deepEqual(judgeSignIn({ ...HOME, [veto]: true }).reasons, [reason, 'new_device']);
  }
});

test('a new device at home is told of; one in a new network is asked; so is one at home while strangers guess', () => {
  const cases: readonly (readonly [Partial<SignInFacts>, Outcome])[] = [
    [{}, 'told'],
    [{ knownBrowser: false }, 'told'],
    [{ wrongTries: WRONG_TRIES }, 'told'],
    [{ wrongTries: WRONG_TRIES, knownBrowser: false }, 'asked'],
    [{ wrongTries: MANY_WRONG_TRIES }, 'asked'],
    [{ absence: LONG_ABSENCE }, 'told'],
    [{ absence: LONG_ABSENCE, knownBrowser: false }, 'asked'],
    [{ knownNetwork: false }, 'asked'],
    [away, 'asked'],
  ];
  for (const [facts, outcome] of cases) assert.equal(outcomeOf(facts), outcome, JSON.stringify(facts));
});

test('nothing that is worse lowers the score, and every reason is given by something', () => {
  const flags = ['knownDevice', 'knownNetwork', 'knownBrowser', 'heldBefore', 'recoveredBefore'] as const;
  const given = new Set<string>();
  for (let bits = 0; bits < 32; bits += 1) {
    const facts = Object.fromEntries(flags.map((flag, at) => [flag, (bits & (1 << at)) !== 0]));
    for (const wrongTries of [0, WRONG_TRIES - 1, WRONG_TRIES, MANY_WRONG_TRIES - 1, MANY_WRONG_TRIES]) {
      for (const absence of [0, LONG_ABSENCE]) {
        const one = { ...HOME, ...facts, wrongTries, absence };
        const { score, reasons } = judgeSignIn(one);
        for (const reason of reasons) given.add(reason);
        assert.equal(score > 0, reasons.length > 0);
        assert.ok(judgeSignIn({ ...one, knownNetwork: false }).score >= score);
        assert.ok(judgeSignIn({ ...one, knownBrowser: false }).score >= score);
        assert.ok(judgeSignIn({ ...one, knownDevice: false }).score >= score);
        assert.ok(judgeSignIn({ ...one, wrongTries: MANY_WRONG_TRIES }).score >= score);
        assert.ok(judgeSignIn({ ...one, heldBefore: true }).score >= Math.max(score, HOLD));
      }
    }
  }
  assert.deepEqual([...given].sort(), [...UNUSUAL_REASONS].sort());
});
