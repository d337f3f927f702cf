import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOLD, judgeSignIn } from '../../src/guessing/unusual.ts';
import { forEachDatabase } from '../databases.ts';
import { heldClock, openWorld } from '../world.ts';
import { chanceOf } from './chance.ts';
import { foldTraffic, judgeUser, meetsAims, type Score, tableOf } from './fold.ts';
import { HARDER, POPULATION, SEEDS } from './population.ts';
import { signInForReal } from './real-sign-ins.ts';
import { makeTraffic } from './traffic.ts';

/** How many honest people are asked for a code, and how many thieves with the right password are held: on traffic that nobody tuned on. */

const real: Score = (facts) => judgeSignIn(facts).score;
const traffic = makeTraffic(SEEDS.report);

test('fewer than one in a hundred honest sign-ins is asked for a code, more than ninety-five in a hundred attacks are held', (t) => {
  assert.equal(traffic.length, POPULATION.users);
  const lines = foldTraffic(traffic, real);
  const harder = foldTraffic(makeTraffic(SEEDS.report, HARDER), real);
  for (const line of [
    `${POPULATION.users} users, ${POPULATION.days} days, seed ${SEEDS.report} (tuned on ${SEEDS.tuning})`,
    ...tableOf(lines).split('\n'),
    'with one new device in twenty set up away from home (reported, not counted):',
    ...tableOf(harder.slice(0, 1)).split('\n').slice(1),
  ])
    t.diagnostic(line);
  assert.ok(meetsAims(lines), tableOf(lines));
});

test('a score that ignores what it is told meets no aim: nobody asked, everybody asked, one in any share by chance', () => {
  const some = traffic.filter((_, at) => at % 5 === 0);
  assert.ok(meetsAims(foldTraffic(some, real)));
  const scores: readonly (readonly [string, Score])[] = [
    ['0', () => 0],
    ['HOLD', () => HOLD],
  ];
  for (const [name, score] of scores) assert.ok(!meetsAims(foldTraffic(some, score)), name);
  for (const share of [0.005, 0.05, 0.5, 0.95, 0.99]) {
    const chance = chanceOf(1);
    assert.ok(!meetsAims(foldTraffic(some, () => (chance.happens(share) ? HOLD : 0))), `by chance, ${share}`);
  }
});

test('each thing that the score is told matters: without the device the honest are asked, without the network thieves get in', () => {
  const some = traffic.filter((_, at) => at % 5 === 0);
  assert.ok(!meetsAims(foldTraffic(some, (facts) => real({ ...facts, knownDevice: false }))));
  assert.ok(!meetsAims(foldTraffic(some, (facts) => real({ ...facts, knownNetwork: true }))));
});

forEachDatabase('the same sign-ins through the real door end as those in memory', async (open, t) => {
  const clock = heldClock();
  const world = await openWorld(await open(), { clock });
  try {
    // One of every kind of person: those who clear cookies and those without "keep" have the most to decide.
    const kinds = new Set<string>();
    const some = traffic.filter(({ person }) => {
      const kind = [person.household, person.traveller, person.clearsCookies, person.laptop].join();
      const first = !kinds.has(kind);
      kinds.add(kind);
      return first;
    });
    const honest = some.flatMap(({ signIns }) => signIns.filter(({ kind }) => kind === 'sign-up' || kind === 'honest'));
    const inOrder = honest.sort((a, b) => a.at - b.at);
    const expected = new Map(
      some.flatMap(({ signIns }) =>
        judgeUser({ signIns: signIns.filter(({ kind }) => kind === 'sign-up' || kind === 'honest') }, real).map(
          ({ signIn, outcome }) => [signIn, outcome] as const,
        ),
      ),
    );
    const results = await signInForReal(world, clock, inOrder);
    const tally = { in: 0, told: 0, asked: 0 };
    for (const { signIn, outcome } of results) {
      assert.equal(outcome, expected.get(signIn), JSON.stringify(signIn));
      tally[outcome] += 1;
    }
    assert.ok(results.length > 300 && tally.in > 50 && tally.told > 50 && tally.asked > 5, JSON.stringify(tally));
    t.diagnostic(`${results.length} sign-ins, each as in memory: ${JSON.stringify(tally)}`);
  } finally {
    await world.close();
  }
});
