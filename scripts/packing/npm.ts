import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';

/** Runs npm in a folder, quietly; answers what it prints. Throws with what it complained about. */
export function npm(folder: string, ...args: string[]): string {
  const cli = process.env['npm_execpath'] ?? '';
  const [command, before] = basename(cli) === 'npm-cli.js' ? [process.execPath, [cli]] : ['npm', []];
  return execFileSync(command, [...before, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
