import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, spinIsThere } from './check.ts';
import { CONFIGURATIONS, MUTANTS } from './configurations.ts';

const there = spinIsThere();
if (!there && process.env['CI'] === 'true') throw new Error('spin and gcc are needed to check the model of the refresh protocol');
if (!there) process.stderr.write('SKIPPED: spin or gcc is missing; the model of the refresh protocol was not checked\n');
const skip = there ? false : 'spin or gcc is missing';
const full = process.env['PORTICO_PROVE'] === '1';

for (const configuration of CONFIGURATIONS.filter(({ long }) => full || long === undefined)) {
  test(`the model holds: ${configuration.name} (${configuration.shows})`, { skip }, (t) => {
    const { outcome, states, depth, seconds, output } = check(configuration);
    t.diagnostic(`${states} states, depth ${depth}, ${seconds.toFixed(1)} s`);
    assert.equal(outcome, 'holds', output.slice(0, 2000));
  });
}

for (const mutant of MUTANTS) {
  test(`the model catches the mutant: ${mutant.name} (${mutant.shows})`, { skip }, () => {
    const { outcome, output } = check(mutant);
    assert.equal(outcome, 'violated', output.slice(0, 2000));
  });
}
