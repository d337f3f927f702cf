import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, testFiles } from '../threats/source.ts';
import { inWorld } from '../world.ts';
import { NOT_OFFERED, PLANS, type Plan } from './modules.ts';
import { AT_ISSUER, discover } from './relying-party.ts';

/** docs/conformance.md says of every module whether it passes. This is what keeps it true. */

const DOCUMENT = readFileSync(join(ROOT, 'docs', 'conformance.md'), 'utf8');
const ROWS = [...DOCUMENT.matchAll(/^\| `(oidcc-[a-z0-9-]+)` \| ([a-z ]+) \| (.+) \|$/gm)].map(
  ([, module = '', result = '', words = '']) => ({
    module,
    result,
    words,
  }),
);
const plans = Object.entries(PLANS) as unknown as readonly (readonly [Plan, readonly string[]])[];

/** The names of the tests of a plan, as they are written. */
function namesIn(plan: Plan): readonly string[] {
  const text = testFiles().find(({ path }) => path.endsWith(`conformance/${plan}.test.ts`))?.text ?? '';
  const written = [...text.matchAll(/'(oidcc-[^'\n]+: [^'\n]+)'/g)].map(([, name = '']) => name);
  // Five modules share one test, which has their names in a table.
  const shared = [...text.matchAll(/\['(oidcc-[a-z-]+)', \{/g)].map(([, name = '']) => `${name}: the parameter makes no error`);
  return [...written, ...shared];
}

test('the plans have the modules that were published: 38 of Basic OP, 11 of RP-initiated logout, 2 of back-channel logout, 1 of configuration', () => {
  assert.deepEqual(
    plans.map(([, modules]) => modules.length),
    [38, 11, 2, 1],
  );
});

test('the table has every module once, in the order of the plans', () => {
  assert.deepEqual(
    ROWS.map(({ module }) => module),
    plans.flatMap(([, modules]) => modules),
  );
});

test('what passes has the test that it names, in the file of its plan; what does not apply is not offered', () => {
  for (const [plan, modules] of plans) {
    const names = namesIn(plan);
    for (const module of modules) {
      const { result = '', words = '' } = ROWS.find((row) => row.module === module) ?? {};
      assert.equal(result, module in NOT_OFFERED ? 'not applicable' : 'pass', module);
      if (result === 'pass') assert.ok(names.includes(`${module}: ${words}`), `${module}: ${words}`);
      else
        assert.ok(
          names.some((name) => name.startsWith(module) || name.includes(`${module},`) || name.includes(`${module}:`)),
          `${module}: what is said instead has a test too`,
        );
    }
  }
});

inWorld(
  'a module does not apply only where discovery does not offer what it tests',
  async (world) => {
    const discovery = await discover(world);
    for (const [module, isMissing] of Object.entries(NOT_OFFERED)) assert.ok(isMissing(discovery), module);
  },
  AT_ISSUER,
);
