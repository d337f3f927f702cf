import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './event-log.ts';

export interface TestOutcome {
  readonly kind: 'passed' | 'skipped' | 'failed';
  readonly name: string;
  readonly milliseconds: number;
  /** Of a failure: file and line, and what went wrong. */
  readonly where: string;
  readonly why: string;
}

export interface FileResult {
  readonly file: string;
  readonly outcomes: readonly TestOutcome[];
  readonly milliseconds: number;
  /** All that the process printed, kept for failures. */
  readonly output: string;
  /** What its tests measured and noted (`t.diagnostic`). */
  readonly notes: readonly string[];
}

export interface Run {
  readonly root: string;
  /** An empty folder for the event logs. */
  readonly logs: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds a file may take before its processes are killed. */
  readonly fileTimeout: number;
  /** Aborted when the whole run is to end. */
  readonly signal: AbortSignal;
}

const HAS_GROUPS = process.platform !== 'win32';
/** A process that left its group may hold the output pipes; nobody waits longer than this for what it still prints. */
const LAST_OUTPUT_WAIT = 2_000;
const REPORTER = new URL('./event-log.ts', import.meta.url).href;

/**
 * Runs one test file in a process group of its own, so that a time-out ends the servers and browsers it started with it.
 * (`run()` of node:test cannot: its time-out is one for each test, and a file that leaks a timer hangs for ever.)
 */
export async function runFile(run: Run, file: string): Promise<FileResult> {
  const log = join(run.logs, `${file.replaceAll('/', '+')}.jsonl`);
  const began = performance.now();
  const child = spawn(process.execPath, [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${log}`, join(run.root, file)], {
    cwd: run.root,
    env: run.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: HAS_GROUPS,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const end = await endOf(run, child);
  const milliseconds = performance.now() - began;
  const entries = readEntries(log);
  rmSync(log, { force: true });
  const notes = entries.flatMap((entry) => (entry.kind === 'noted' ? [entry.text] : []));
  const output = Buffer.concat(chunks).toString() + notes.map((note) => `${note}\n`).join('');
  return { file, outcomes: judge(entries, end, milliseconds), milliseconds, output, notes };
}

type End =
  | { readonly kind: 'exited'; readonly how: string; readonly clean: boolean }
  | { readonly kind: 'timed-out'; readonly after: number };

function endOf(run: Run, child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const stop = () => killGroup(child);
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, run.fileTimeout);
    run.signal.addEventListener('abort', stop);
    const settle = () => {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', stop);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      settle();
      // What the file started and left behind would keep the machine busy and the output pipes open.
      killGroup(child);
      const how = code === null ? `was ended by ${signal}` : `exited with code ${code}`;
      const end: End = timedOut ? { kind: 'timed-out', after: run.fileTimeout } : { kind: 'exited', how, clean: code === 0 };
      const enough = setTimeout(() => resolve(end), LAST_OUTPUT_WAIT);
      child.on('close', () => {
        clearTimeout(enough);
        resolve(end);
      });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (!HAS_GROUPS) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function readEntries(log: string): readonly Entry[] {
  try {
    return readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line): Entry => JSON.parse(line));
  } catch (error) {
    // A file that fails while it is loaded, or holds no test, never opens its log.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Turns what a process reported, and how it ended, into outcomes. A process that ended too early is a failure of its own. */
export function judge(entries: readonly Entry[], end: End, milliseconds: number): readonly TestOutcome[] {
  const outcomes = entries.flatMap((entry): readonly TestOutcome[] => {
    return 'milliseconds' in entry ? [{ where: '', why: '', ...entry }] : [];
  });
  const failing = (name: string, why: string) => [...outcomes, { kind: 'failed', name, milliseconds, where: '', why } as const];
  const open = unfinished(entries);
  if (end.kind === 'timed-out') {
    return failing('the file ends in time', `Killed after ${end.after / 1000} s; ${open}.`);
  }
  const complete = entries.some((entry) => entry.kind === 'ended');
  if (complete && (end.clean || outcomes.some((outcome) => outcome.kind === 'failed'))) return outcomes;
  if (complete) return failing('the process ends well', `All tests passed, but the process ${end.how}.`);
  if (entries.length > 0) return failing('the file runs to its end', `The process ${end.how} before its tests had ended; ${open}.`);
  if (end.clean) return failing('the file holds a test', 'The process ended without having reported one.');
  return failing('the file can be loaded', `The process ${end.how} before its first test.`);
}

function unfinished(entries: readonly Entry[]): string {
  const open = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'begun') open.add(entry.name);
    else if ('milliseconds' in entry) open.delete(entry.name);
  }
  if (open.size === 0) return 'no test was under way: a timer, a socket or a child that is left open keeps the process alive';
  return `unfinished: ${[...open].map((name) => `'${name}'`).join(', ')}`;
}
