import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'peers');

/** The peers have a lock file of their own and are installed only here, so that nobody who builds Portico downloads them. */
export function installPeers(): void {
  const [wanted, installed] = [join(FOLDER, 'package-lock.json'), join(FOLDER, 'node_modules/.package-lock.json')];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  process.stderr.write('Installing the peers into bench/peers …\n');
  const npm = process.env['npm_execpath'];
  // npm runs on the Node that it came with.
  const [command, script] = npm ? [process.env['npm_node_execpath'] ?? process.execPath, [npm]] : ['npm', []];
  execFileSync(command, [...script, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
