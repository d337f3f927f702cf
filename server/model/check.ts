import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { CONFIGURATIONS, type Configuration, MUTANTS } from './configurations.ts';
import { type Exploration, explore, missingPrograms, switches } from './explore.ts';

/**
 * The refresh protocol through spin, one line for each configuration and each mutant.
 *
 *     node server/model/check.ts [--quick]
 */

const USAGE = `Usage: node server/model/check.ts [--quick]
Checks the model of the refresh protocol with spin; --quick leaves out the searches that take longer than a few seconds.`;

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const quick = readQuick(argv);
  if (quick === null) {
    console.error(USAGE);
    return 2;
  }
  const missing = await missingPrograms();
  if (missing.length > 0) return notThere(missing);
  const began = performance.now();
  const all = [...CONFIGURATIONS, ...MUTANTS].filter(({ long }) => !quick || !long);
  const failed = await checkAll(all, (line) => console.log(line));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${all.length - failed} as they must be, ${failed} not, in ${seconds} s`);
  return failed === 0 ? 0 : 1;
}

function readQuick(argv: readonly string[]): boolean | null {
  try {
    return parseArgs({ args: [...argv], options: { quick: { type: 'boolean' } } }).values.quick === true;
  } catch {
    return null;
  }
}

/** A machine without spin may test everything else; the project's own machines must not leave this out. */
function notThere(missing: readonly string[]): number {
  const required = process.env['CI'] === 'true';
  console.error(
    `\nMODEL CHECK ${required ? 'FAILED' : 'SKIPPED'}: ${missing.join(' and ')} not found (Debian: apt-get install spin gcc libc6-dev)\n`,
  );
  console.log(required ? 'failed: the refresh protocol was not checked' : 'skipped: the refresh protocol was not checked');
  return required ? 1 : 0;
}

/** The long ones first, two at a time: each may take more than a gigabyte. Answers how many failed. */
async function checkAll(all: readonly Configuration[], say: (line: string) => void): Promise<number> {
  const waiting = all.toSorted((a, b) => Number(b.long) - Number(a.long));
  let failed = 0;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const seen = await explore(next);
      const problem = problemOf(next, seen);
      if (problem !== null) failed += 1;
      say(lineOf(next, seen, problem));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return failed;
}

/** What is wrong with an outcome; null: it is as it must be. */
export function problemOf({ breaks }: Configuration, { broken, cutShort, states }: Exploration): string | null {
  if (breaks !== null) {
    if (broken === null) return `nothing was found, but ${breaks} must break`;
    return broken.claim === breaks ? null : `${breaks} must break, but ${broken.claim} did: ${broken.text}`;
  }
  if (broken !== null) return `${broken.claim} is broken: ${broken.text}`;
  if (cutShort !== null) return `the search was cut short: ${cutShort}`;
  return states > 1 ? null : 'the search saw nothing';
}

export function lineOf(configuration: Configuration, seen: Exploration, problem: string | null): string {
  const { name, breaks } = configuration;
  const what = MUTANTS.includes(configuration) ? `mutant: ${name}` : name;
  const found = breaks === null ? 'holds' : `breaks ${breaks}, as it must`;
  const figures = `${seen.states.toLocaleString('en')} states, depth ${seen.depth.toLocaleString('en')}, ${seen.seconds} s`;
  if (problem === null) return `PASS  ${what}: ${found} (${figures})`;
  const replay = seen.trail === null ? '' : `\n      cd ${seen.trail} && spin -t -p -g ${switches(configuration).join(' ')} refresh.pml`;
  return `FAIL  ${what}: ${problem} (${figures})${replay}`;
}
