import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DIALECTS, skippedWithoutPostgres } from '../databases.ts';
import { authorizeCases, goodAuthorize } from './refusals/authorize-cases.ts';
import { type Bench, newBench } from './refusals/bench.ts';
import type { Case, GoodCase } from './refusals/case.ts';
import { deviceCases, goodDevices } from './refusals/device-cases.ts';
import { DIFFERENCES } from './refusals/differences.ts';
import { edgeCases, goodEdges } from './refusals/edge-cases.ts';
import { goodHeldTokens, heldTokenCases } from './refusals/held-token-cases.ts';
import { goodLibraries, libraryCases } from './refusals/library-cases.ts';
import { goodProofs, proofCases } from './refusals/proof-cases.ts';
import { goodTokens, tokenCases } from './refusals/token-cases.ts';
import { startOracle } from './servers/oracle.ts';
import { startRunningPortico } from './servers/running-portico.ts';

/**
 * Every way that a request can be wrong in, before Portico and before a certified provider of somebody else's: the same status and the same
 * word. Where they differ, the difference is written down with its reason, and must be there.
 */

const good: readonly GoodCase[] = [
  ...goodAuthorize,
  ...goodTokens,
  ...goodHeldTokens,
  ...goodEdges,
  ...goodDevices,
  ...goodProofs,
  ...goodLibraries,
];
const refusals: readonly Case[] = [
  ...authorizeCases,
  ...tokenCases,
  ...heldTokenCases,
  ...edgeCases,
  ...deviceCases,
  ...proofCases,
  ...libraryCases,
];
const differences = new Map(DIFFERENCES.flatMap(({ cases }) => Object.entries(cases)));

/** Nothing was given: no code, no token, no active session, no way out of the house. */
const REFUSED = /^(?:back (?!code$|plain$)\w+|page 4\d\d|4\d\d(?: \w+)?|200 inactive|sign-in|refused: .+)$/;

test('each case has its own name, and every difference belongs to one', () => {
  const names = [...good, ...refusals].map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
  assert.deepEqual(
    [...differences.keys()].filter((name) => !refusals.some((one) => one.name === name)),
    [],
  );
  assert.ok(refusals.length - differences.size >= 40, `${refusals.length} refusals, ${differences.size} differences`);
});

test('Portico refuses as a certified provider does', async (t) => {
  const oracle = await startOracle({ takesForms: true });
  t.after(() => oracle.close());
  const theirBench = await newBench(oracle);
  const theirs = new Map<string, Promise<string>>();
  /** Asked once for all databases of ours. */
  const oracleSays = ({ name, run }: Case): Promise<string> => {
    const said = theirs.get(name) ?? run(theirBench);
    theirs.set(name, said);
    return said;
  };
  for (const dialect of DIALECTS) {
    await t.test(`on ${dialect}`, async (t) => {
      if (dialect === 'postgres' && (await skippedWithoutPostgres(t))) return;
      const portico = await startRunningPortico({ dialect });
      t.after(() => portico.close());
      await compare(t, oracleSays, await newBench(portico));
    });
  }
});

async function compare(t: TestContext, oracleSays: (one: Case) => Promise<string>, bench: Bench): Promise<void> {
  for (const one of good) {
    await t.test(`nothing is wrong, and nothing is refused: ${one.name}`, async () => {
      assert.deepEqual([await oracleSays(one), await one.run(bench)], [one.expected, one.expected]);
    });
  }
  for (const one of refusals) {
    const difference = differences.get(one.name);
    const sentence = difference === undefined ? 'both say the same' : 'they differ, and it is said why';
    await t.test(`${sentence}: ${one.name}`, async () => {
      const [theirs, ours] = [await oracleSays(one), await one.run(bench)];
      if (difference !== undefined) return assert.deepEqual([theirs, ours], difference, 'oidc-provider, Portico');
      assert.equal(ours, theirs);
      assert.match(ours, REFUSED);
    });
  }
}
