import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Output {
  readonly code: number | null;
  readonly text: string;
}

/** One program, to its end; what it says on both channels is one text. Ended after `within` milliseconds. */
export function run(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; within?: number } = {},
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const late = setTimeout(() => child.kill('SIGKILL'), options.within ?? 600_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      resolve({ code, text: Buffer.concat(chunks).toString() });
    });
  });
}

/** The same, and any other end than 0 is thrown with the last that was said. */
export async function must(program: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<string> {
  const { code, text } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.slice(0, 12).join(' ')} ended with ${code}:\n${text.slice(-4000)}`);
  return text;
}

/** Waits until it is true; asks again and again. Throws after `within` milliseconds. */
export async function until(what: string, within: number, isTrue: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + within; performance.now() < deadline; await sleep(50)) {
    if (await isTrue().catch(() => false)) return;
  }
  throw new Error(`${what}: not within ${within / 1000} s`);
}

export const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(late);
}
