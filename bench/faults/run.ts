/** `npm run faults`: breaks an installation under mixed traffic in every way there is, one after the other, and prints what was lost. */
import { parseArgs } from 'node:util';
import { CLOCK_JUMPED, withFalseClock } from './clock-jumped.ts';
import { detector } from './detector.ts';
import { DISK_FULL, onSmallDisk } from './disk-full.ts';
import { EIGHT_STARTS, startEightTogether } from './eight-starts.ts';
import { nodeKilled } from './node-killed.ts';
import { type Fault, type PlayOptions, play } from './play.ts';
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

const ENTRIES: readonly Entry[] = [
  plain(detector),
  plain(nodeKilled),
  plain(postgresKilled),
  plain(postgresRestarted),
  plain(redisFlushed),
  plain(redisFrozen),
  plain(wireCut),
  plain(wireFrozen),
  plain(wireOneWay),
  plain(smtpSilent),
  { ...DISK_FULL, run: (options) => onSmallDisk((fault) => judged([fault], options)) },
  { ...CLOCK_JUMPED, run: (options) => withFalseClock((fault) => judged([fault], options)) },
  { ...EIGHT_STARTS, run: startEightTogether },
];
const SECONDS = 30;
const LETTERS_AFTER_LOSSES = 2000;

/** One line of the table. */
interface Entry {
  readonly name: string;
  readonly sentence: string;
  readonly expects?: 'losses';
  readonly run: (options: PlayOptions) => Promise<Outcome>;
}

// So that what is mounted is taken away.
process.once('SIGINT', () => process.exit(130));
const asked = readArguments(process.argv.slice(2));
if (asked === null) process.exit(2);
const runs: Reported[] = [];
for (const { name, sentence, expects = 'nothing', run } of asked.entries) {
  process.stderr.write(`${name}: ${sentence}\n`);
  const began = performance.now();
  const outcome = await run({ duration: asked.seconds * 1000, logs: asked.logs }).catch(troubleOf);
  runs.push({ name, expects, outcome, seconds: (performance.now() - began) / 1000 });
}
process.stdout.write(`${printTable(runs)}\n`);
process.exitCode = runs.every(isGood) ? 0 : 1;

function plain(fault: Fault): Entry {
  const { name, sentence } = fault;
  if (fault.expects !== 'losses') return { name, sentence, run: (options) => judged([fault], options) };
  // One strike proves that it sees; after it nothing is whole that could be lost again.
  return { name, sentence, expects: 'losses', run: () => judged([fault], { lettersWithin: LETTERS_AFTER_LOSSES }) };
}

async function judged(faults: readonly Fault[], options: PlayOptions): Promise<Outcome> {
  return { kind: 'judged', verdict: await play(faults, options) };
}

function troubleOf(error: unknown): Outcome {
  if (error instanceof StageMissing) return { kind: 'skipped', why: error.message };
  return { kind: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

interface Asked {
  readonly entries: readonly Entry[];
  readonly seconds: number;
  readonly logs: boolean;
}

/** Null, with the usage printed: that cannot be asked. */
function readArguments(words: readonly string[]): Asked | null {
  const asked = parseWords(words);
  const unknown = asked?.names.filter((name) => !ENTRIES.some((entry) => entry.name === name)) ?? [];
  if (asked !== null && unknown.length === 0) {
    const { names, ...rest } = asked;
    return { ...rest, entries: names.length === 0 ? ENTRIES : ENTRIES.filter(({ name }) => names.includes(name)) };
  }
  const known = ENTRIES.map(({ name, sentence }) => `  ${name.padEnd(20)} ${sentence}`);
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
