import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Claim, Configuration } from './configurations.ts';

/** One configuration through spin: the model becomes a C program that visits every reachable state. */

const SPIN = process.env['SPIN_PATH'] ?? 'spin';
const COMPILER = 'gcc';
/** Steps from the start that the search may be deep; a deeper one is reported, and counts as a failure. */
const DEPTH = { short: 300_000, long: 2_000_000 } as const;
const MEGABYTES = 3_000;
const TIMEOUT = 30 * 60_000;

export interface Exploration {
  readonly states: number;
  readonly depth: number;
  readonly seconds: number;
  /** What was found broken; null: nothing. */
  readonly broken: { readonly claim: Claim | 'deadlock' | 'unknown'; readonly text: string } | null;
  /** Why the search did not see everything; null: it did. */
  readonly cutShort: string | null;
  /** Where the way to the broken state lies, for a `spin -t`; null where there is none or nobody needs it. */
  readonly trail: string | null;
}

const run = promisify(execFile);

/** What is missing on this machine; empty: nothing. */
export async function missingPrograms(): Promise<readonly string[]> {
  const found = await Promise.allSettled([run(SPIN, ['-V']), run(COMPILER, ['--version'])]);
  return [SPIN, COMPILER].filter((_, index) => found[index]?.status === 'rejected');
}

export async function explore(configuration: Configuration, signal?: AbortSignal): Promise<Exploration> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-spin-'));
  const inFolder = {
    cwd: folder,
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    ...(signal ? { signal } : {}),
  } as const;
  let keep = false;
  try {
    for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.pml'))) {
      copyFileSync(join(import.meta.dirname, file), join(folder, file));
    }
    const liveness = configuration.flags.includes('DETECTION');
    await run(SPIN, ['-a', ...switches(configuration), 'refresh.pml'], inFolder);
    const kind = liveness ? [] : ['-DSAFETY'];
    // Most searches are over sooner than a compiler that optimises them.
    await run(COMPILER, [configuration.long ? '-O2' : '-O0', '-w', ...kind, `-DMEMLIM=${MEGABYTES}`, '-o', 'pan', 'pan.c'], inFolder);
    const depth = DEPTH[configuration.long ? 'long' : 'short'];
    const { stdout } = await run(join(folder, 'pan'), [`-m${depth}`, ...(liveness ? ['-a'] : [])], inFolder);
    const seen = readReport(stdout);
    keep = seen.broken !== null && configuration.breaks === null;
    return { ...seen, trail: keep ? folder : null };
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

export function switches({ flags }: Configuration): readonly string[] {
  return flags.map((flag) => `-D${flag}`);
}

export function readReport(report: string): Omit<Exploration, 'trail'> {
  const figure = (pattern: RegExp) => Number(pattern.exec(report)?.[1] ?? Number.NaN);
  const states = figure(/^\s*(\d+(?:\.\d+e\+\d+)?) states, stored/m);
  const finished = Number.isFinite(states) && /errors: \d+/.test(report);
  const cut = /max search depth too small|out of memory|memory (?:limit|bound)[^\n]*|hash table[^\n]*full/i.exec(report)?.[0] ?? null;
  return {
    states,
    depth: figure(/depth reached (\d+)/),
    seconds: figure(/elapsed time ([\d.e+-]+) seconds/),
    broken: readBroken(report),
    cutShort: finished ? cut : (cut ?? 'no report of the search'),
  };
}

/** Each assertion of the model, by the variable that only it looks at. */
const ASSERTIONS: readonly (readonly [RegExp, Claim])[] = [
  [/\.foreign\)$/, 'client'],
  [/\.wrote\)$/, 'I5'],
  [/^\(?issued/, 'I3'],
  [/>family\.gen\)$/, 'I4'],
  [/^\(?family\.state==/, 'I6'],
  [/^\(?alone/, 'served'],
  [/carried|changes|disguises|taken|hand==/, 'I2'],
  [/^(?:stolen|signed_out|request\[i\]\.foreign)$/, 'I1'],
];

function readBroken(report: string): Exploration['broken'] {
  const text = /^pan:\d+: (.*)$/m.exec(report)?.[1] ?? null;
  if (text === null) return /errors: [1-9]/.test(report) ? { claim: 'unknown', text: 'an error without a name' } : null;
  if (text.includes('acceptance cycle')) return { claim: 'detection', text };
  if (text.includes('invalid end state')) return { claim: 'deadlock', text };
  const assertion = /assertion violated\s+(.*?) \(at depth/.exec(text)?.[1];
  const claim = ASSERTIONS.find(([pattern]) => assertion !== undefined && pattern.test(assertion))?.[1];
  return { claim: claim ?? 'unknown', text };
}
