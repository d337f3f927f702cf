import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lineOf, problemOf } from './check.ts';
import { CONFIGURATIONS, type Configuration, MUTANTS } from './configurations.ts';
import { explore, missingPrograms, readReport } from './explore.ts';

const full = process.env['PROVE'] === '1';
const chosen = (all: readonly Configuration[]) => all.filter(({ long }) => full || !long);
const missing = await missingPrograms();
/** With CI=true nothing is skipped: the tests run, and fail for want of the checker. */
const skip = missing.length > 0 && process.env['CI'] !== 'true' ? `no ${missing.join(' and ')} on this machine` : false;

async function mustBeAsSaid(t: TestContext, configuration: Configuration): Promise<void> {
  const seen = await explore(configuration, t.signal);
  const problem = problemOf(configuration, seen);
  assert.equal(problem, null, lineOf(configuration, seen, problem));
  t.diagnostic(lineOf(configuration, seen, null));
}

describe('the model of the refresh protocol', { skip, concurrency: 2 }, () => {
  for (const configuration of chosen(CONFIGURATIONS)) test(configuration.name, (t) => mustBeAsSaid(t, configuration));
});

describe('the check of the model catches a server', { skip, concurrency: 2 }, () => {
  for (const mutant of chosen(MUTANTS)) test(`where ${mutant.name}`, (t) => mustBeAsSaid(t, mutant));
});

const HOLDS = `(Spin Version 6.5.2 -- 6 December 2019)
State-vector 80 byte, depth reached 9564, errors: 0
    27046 states, stored
pan: elapsed time 0.2 seconds`;

const must = (breaks: Configuration['breaks']): Configuration => ({ name: 'a configuration', flags: [], breaks, long: false });
const judge = (report: string, breaks: Configuration['breaks']) => problemOf(must(breaks), { ...readReport(report), trail: null });
const broken = (text: string) => `pan:1: ${text} (at depth 99)\n${HOLDS.replace('errors: 0', 'errors: 1')}`;

test('a search that saw everything and found nothing holds', () => {
  assert.equal(judge(HOLDS, null), null);
});

const WRONG: readonly { readonly what: string; readonly report: string; readonly breaks: Configuration['breaks'] }[] = [
  { what: 'a broken promise', report: broken('assertion violated stolen'), breaks: null },
  { what: 'a deadlock', report: broken('invalid end state'), breaks: null },
  { what: 'a thief who is never caught', report: broken('acceptance cycle'), breaks: null },
  { what: 'a search that was not deep enough', report: `error: max search depth too small\n${HOLDS}`, breaks: null },
  { what: 'a search that ran out of memory', report: `pan: out of memory\n${HOLDS}`, breaks: null },
  { what: 'a search that was killed', report: '', breaks: null },
  { what: 'a mutant that nothing catches', report: HOLDS, breaks: 'I1' },
  { what: 'a mutant that another promise catches', report: broken('assertion violated  !(request[i].wrote)'), breaks: 'I1' },
];

for (const { what, report, breaks } of WRONG) {
  test(`${what} fails the check`, () => {
    assert.notEqual(judge(report, breaks), null);
  });
}

async function runCheck(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: unknown; output: string }> {
  const nowhere = mkdtempSync(join(tmpdir(), 'portico-no-spin-'));
  t.after(() => rmSync(nowhere, { recursive: true, force: true }));
  return new Promise((resolve) => {
    const options = { env: { PATH: nowhere, ...env } };
    execFile(process.execPath, [join(import.meta.dirname, 'check.ts'), ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, output: `${stdout}${stderr}` }),
    );
  });
}

test('without spin the check says loudly that it was skipped', async (t) => {
  const { code, output } = await runCheck(t, ['--quick'], {});
  assert.equal(code, 0);
  assert.match(output, /^skipped: /m);
  assert.match(output, /MODEL CHECK SKIPPED/);
});

test('without spin the check fails where CI=true', async (t) => {
  const { code, output } = await runCheck(t, ['--quick'], { CI: 'true' });
  assert.equal(code, 1);
  assert.match(output, /MODEL CHECK FAILED/);
});

test('the check refuses options that it does not know', async (t) => {
  const { code, output } = await runCheck(t, ['--fast'], {});
  assert.equal(code, 2);
  assert.match(output, /Usage/);
});
