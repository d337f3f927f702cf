import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm } from './npm.ts';

/** The oldest line of Node that the packages promise to run on. */
const VERSION = '24.15.0';

/** A Node 24, from the package that its binary comes in. A text says why there is none. */
export function fetchNode24(): { readonly path: string; readonly folder: string } | string {
  const { platform, arch } = process;
  if (platform === 'win32') return 'not looked for on Windows';
  const folder = mkdtempSync(join(tmpdir(), 'portico-node-'));
  const name = `node-${platform}-${arch}`;
  try {
    npm(folder, 'install', '--prefer-offline', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${VERSION}`);
  } catch (cause) {
    return `npm could not install ${name} (${(cause as Error).message.split('\n')[0]})`;
  }
  const path = join(folder, 'node_modules', name, 'bin', 'node');
  return existsSync(path) ? { path, folder } : `${name} has no bin/node`;
}
