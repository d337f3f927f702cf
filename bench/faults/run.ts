/** `npm run faults`: breaks an installation under mixed traffic in every way there is, one after the other, and prints what was lost. */
import { parseArgs } from 'node:util';
import { detector } from './detector.ts';
import { nodeKilled } from './node-killed.ts';
import { type Fault, play } from './play.ts';
import { postgresKilled } from './postgres-killed.ts';
import { postgresRestarted } from './postgres-restarted.ts';
import { redisFlushed } from './redis-flushed.ts';
import { redisFrozen } from './redis-frozen.ts';
import { isGood, type Outcome, printTable, type Reported } from './report.ts';
import { smtpSilent } from './smtp-silent.ts';
import { StageMissing } from './stage.ts';
import { wireCut } from './wire-cut.ts';
import { wireFrozen } from './wire-frozen.ts';
import { wireOneWay } from './wire-one-way.ts';

const FAULTS: readonly Fault[] = [
  detector,
  nodeKilled,
  postgresKilled,
  postgresRestarted,
  redisFlushed,
  redisFrozen,
  wireCut,
  wireFrozen,
  wireOneWay,
  smtpSilent,
];
const SECONDS = 30;
const LETTERS_AFTER_LOSSES = 2000;

const asked = readArguments(process.argv.slice(2));
if (asked === null) process.exit(2);
const runs: Reported[] = [];
for (const fault of asked.faults) {
  process.stderr.write(`${fault.name}: ${fault.sentence}\n`);
  const began = performance.now();
  const outcome = await outcomeOf(fault, asked);
  runs.push({ name: fault.name, expects: fault.expects ?? 'nothing', outcome, seconds: (performance.now() - began) / 1000 });
}
process.stdout.write(`${printTable(runs)}\n`);
process.exitCode = runs.every(isGood) ? 0 : 1;

async function outcomeOf(fault: Fault, { seconds, logs }: Asked): Promise<Outcome> {
  try {
    // One strike proves that it sees; after it nothing is whole that could be lost again.
    const how = fault.expects === 'losses' ? { lettersWithin: LETTERS_AFTER_LOSSES } : { duration: seconds * 1000, logs };
    return { kind: 'judged', verdict: await play([fault], how) };
  } catch (error) {
    if (error instanceof StageMissing) return { kind: 'skipped', why: error.message };
    return { kind: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

interface Asked {
  readonly faults: readonly Fault[];
  readonly seconds: number;
  readonly logs: boolean;
}

/** Null, with the usage printed: that cannot be asked. */
function readArguments(words: readonly string[]): Asked | null {
  const asked = parseWords(words);
  const unknown = asked?.names.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? [];
  if (asked !== null && unknown.length === 0) {
    const { names, ...rest } = asked;
    return { ...rest, faults: names.length === 0 ? FAULTS : FAULTS.filter(({ name }) => names.includes(name)) };
  }
  const known = FAULTS.map(({ name, sentence }) => `  ${name.padEnd(20)} ${sentence}`);
  process.stderr.write(`Usage: npm run faults [-- NAME… --seconds N --logs]\n${known.join('\n')}\n`);
  return null;
}

function parseWords(words: readonly string[]): { names: readonly string[]; seconds: number; logs: boolean } | null {
  try {
    const options = { seconds: { type: 'string' }, logs: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const seconds = Number(values.seconds ?? SECONDS);
    return Number.isFinite(seconds) ? { names: positionals, seconds, logs: values.logs === true } : null;
  } catch {
    return null;
  }
}
