import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './report.ts';

export const EIGHT_STARTS = { name: 'eight-starts', sentence: 'eight nodes start at once on an empty database, 50 times on each' };

const RUNNER = fileURLToPath(new URL('../../scripts/run-tests.ts', import.meta.url));
const FILE = 'server/test/races/first-start';

/** By the file of the tests that is about it, with its full counts. */
export async function startEightTogether(): Promise<Outcome> {
  const child = spawn(process.execPath, [RUNNER, '--prove', FILE], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const figures = [...printed.matchAll(/\d+ first starts of .*/g)].map(([line]) => line.trim());
  return code === 0 && figures.length > 0 ? { kind: 'shown', figures: figures.join('; ') } : { kind: 'broken', why: printed.slice(-3000) };
}
