import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Loaded before a command: kills its process, as the kernel would, before or after the n-th call that concerns a file of the master key. */
const [side = '', name = '', nth = ''] = (process.env['DIE_AT'] ?? '').split(':');
const calls = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
const real = calls[name];
if (real === undefined) throw new Error(`there is no ${name}`);
let count = 0;

calls[name] = (...args) => {
  const isIt = args.some((arg) => typeof arg === 'string' && arg.includes('master.key')) && (count += 1) === Number(nth);
  if (isIt && side === 'before') die();
  const answer = real(...args);
  if (isIt) die();
  return answer;
};
syncBuiltinESMExports();

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}
