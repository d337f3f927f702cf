import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { rounds } from '../counts.ts';
import { OF_APPS } from './app-defects.ts';
import { type Defect, NAMED, OTHERS as OF_THE_CHAIN } from './defects.ts';
import type { Mutation } from './mutate.ts';
import { OF_SITES } from './site-defects.ts';
import { literally, mutationOf, testFileOf } from './tree.ts';

/** Each defect is put into the source on its way into a process of its own, and its scenario has to fail there. */

const HOOK = new URL('./mutate.ts', import.meta.url).href;
/** A scenario takes a second or two; a defect may make it hang. */
const PATIENCE = 60_000;
const AT_ONCE = 2;
/** MUTANTS_SEED draws others. */
const SEED = Number(process.env['MUTANTS_SEED'] ?? 20_260_105);

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

/** Runs scenarios of one file on SQLite. */
function run(file: string, scenarios: readonly string[], mutation: Mutation | null): Promise<Outcome> {
  const patterns = scenarios.map((name) => `--test-name-pattern=/^${literally(`${name} [sqlite]`)}$/`);
  // The runner that this test runs in must not take its child for one of its own.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', HOOK, '--test-reporter=tap', ...patterns, file], {
    env: { ...inherited, PORTICO_TEST_DATABASES: 'sqlite', MUTANT: JSON.stringify(mutation) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const lines = output.split('\n').filter((line) => !line.includes('# SKIP'));
      const count = (start: string) => lines.filter((line) => line.startsWith(start)).length;
      resolve({ passed: count('ok '), failed: count('not ok '), output });
    });
  });
}

/** Mulberry32. */
function draw(defects: readonly Defect[], howMany: number, seed: number): readonly Defect[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return defects
    .map((defect) => ({ defect, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, howMany)
    .map(({ defect }) => defect);
}

const OTHERS = [...OF_THE_CHAIN, ...OF_SITES, ...OF_APPS];
const chosen = [...NAMED, ...draw(OTHERS, rounds(6, OTHERS.length), SEED)];

test('every defect changes one place of the source, and names a scenario that exists', () => {
  const all = [...NAMED, ...OTHERS];
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const defect of all) {
    assert.notEqual(mutationOf(defect).find, defect.replace);
    assert.ok(testFileOf(defect.caughtBy) !== '');
  }
});

test('the scenarios pass where nothing is changed', { concurrency: AT_ONCE }, async (t) => {
  const files = Map.groupBy(new Set(chosen.map(({ caughtBy }) => caughtBy)), testFileOf);
  await Promise.all(
    Array.from(files, ([file, scenarios]) =>
      t.test(`of ${file.slice(file.lastIndexOf('/') + 1)}`, async () => {
        const { passed, failed, output } = await run(file, scenarios, null);
        assert.deepEqual({ passed, failed }, { passed: scenarios.length, failed: 0 }, output);
      }),
    ),
  );
});

test(`each of ${chosen.length} defects is caught (seed ${SEED})`, { concurrency: AT_ONCE }, async (t) => {
  await Promise.all(
    chosen.map((defect) =>
      t.test(`${defect.name}: caught by '${defect.caughtBy}'`, async () => {
        const { passed, failed, output } = await run(testFileOf(defect.caughtBy), [defect.caughtBy], mutationOf(defect));
        assert.deepEqual({ passed, failed }, { passed: 0, failed: 1 }, output);
        // A defect that breaks the program itself would be caught by anything.
        assert.match(output, /AssertionError/);
      }),
    ),
  );
});
