import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIGURATIONS, type Configuration, MUTANTS } from './configurations.ts';

/** Megabytes of states, and the deepest path, that a run may reach before it counts as failed. */
const MEMORY = 4000;
const DEPTH = 4_000_000;
const LONGEST = 600_000;

export interface Checked {
  readonly outcome: 'holds' | 'violated' | 'unfinished';
  readonly states: number;
  readonly depth: number;
  readonly seconds: number;
  readonly output: string;
}

const SPIN = process.env['SPIN_PATH'] ?? 'spin';

export function spinIsThere(): boolean {
  return spawnSync(SPIN, ['-V']).status === 0 && spawnSync('gcc', ['--version']).status === 0;
}

/** Makes the verifier of one configuration, runs it, and reads what it says. */
export function check({ flags }: Pick<Configuration, 'flags'>): Checked {
  const folder = mkdtempSync(join(tmpdir(), 'portico-model-'));
  try {
    for (const name of readdirSync(import.meta.dirname).filter((file) => file.endsWith('.pml'))) cpSync(join(import.meta.dirname, name), join(folder, name));
    execFileSync(SPIN, ['-a', ...flags, 'refresh.pml'], { cwd: folder, stdio: 'pipe' });
    const liveness = flags.includes('-DDETECTION');
    const safety = liveness ? [] : ['-DSAFETY'];
    execFileSync('gcc', ['-O2', ...safety, `-DMEMLIM=${MEMORY}`, '-DCOLLAPSE', '-o', 'pan', 'pan.c'], { cwd: folder, stdio: 'pipe' });
    const began = performance.now();
    const run = spawnSync('./pan', [`-m${DEPTH}`, ...(liveness ? ['-a'] : [])], { cwd: folder, timeout: LONGEST, encoding: 'utf8' });
    return read(run.stdout, (performance.now() - began) / 1000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(output: string, seconds: number): Checked {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const errors = number(/errors: (\d+)/);
  // A search that was cut short has shown nothing.
  const cut = /max search depth too small|out of memory|Search not completed/.test(output) && errors === 0;
  const outcome = Number.isNaN(errors) || cut ? 'unfinished' : errors === 0 ? 'holds' : 'violated';
  return { outcome, states: number(/(\d+) states, stored/), depth: number(/depth reached (\d+)/), seconds, output };
}

/** `node server/model/check.ts [--quick]`: every configuration must hold, every mutant must be caught. */
function main(quick: boolean): number {
  if (!spinIsThere()) {
    console.log('skipped: spin and gcc are needed to check the model of the refresh protocol');
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  let failures = 0;
  const report = (kind: string, wanted: Checked['outcome'], list: readonly Configuration[]) => {
    for (const configuration of list.filter(({ long }) => !quick || long === undefined)) {
      const { outcome, states, depth, seconds } = check(configuration);
      if (outcome !== wanted) failures += 1;
      console.log(`${outcome === wanted ? 'PASS' : 'FAIL'}  ${kind}  ${configuration.name}: ${outcome}, ${states} states, depth ${depth}, ${seconds.toFixed(1)} s (${configuration.shows})`);
    }
  };
  report('protocol', 'holds', CONFIGURATIONS);
  report('mutant', 'violated', MUTANTS);
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--quick'));
