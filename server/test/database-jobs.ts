import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Whereabouts } from '../src/platform/open-database.ts';

/** What another process does to a database that a test shares with it. */
export type DatabaseJob =
  /** Adds 1 to the counter row `times` times, half of them in transactions. */
  | { readonly kind: 'increment'; readonly where: Whereabouts; readonly times: number }
  /** Writes rows numbered from `first` in ten loops and prints each number once it is acknowledged, until it is killed. */
  | { readonly kind: 'append'; readonly where: Whereabouts; readonly first: number }
  /** Seals events, a batch of `limit` at a time, and prints how many after each, until none waits. */
  | { readonly kind: 'seal'; readonly where: Whereabouts; readonly limit: number; readonly masterKey: string }
  /** Brings the schema up to date and prints how many files it applied. */
  | { readonly kind: 'migrate'; readonly where: Whereabouts; readonly folder: string };

export interface RunningJob {
  readonly child: ChildProcess;
  /** What it printed so far. */
  output(): string;
  /** Resolves with what it printed when it has ended, by itself or by a signal; rejects if it failed. */
  readonly ended: Promise<string>;
}

export function startJob(job: DatabaseJob): RunningJob {
  const script = fileURLToPath(new URL('./database-job-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(printed);
      else reject(new Error(`The process for '${job.kind}' ended with ${code ?? signal}: ${complaints}`));
    });
  });
  return { child, output: () => printed, ended };
}
