import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoClient, DemoSecrets } from '@portico/protocol/demo';

export type KeptSecrets = Readonly<Partial<Record<DemoClient, DemoSecrets>>>;

const FILE = 'demo-secrets.json';

/** The secrets that the demo's apps were given when they were registered. A file that others could read or change holds none. */
export function readDemoSecrets(dataDir: string): KeptSecrets {
  const path = join(dataDir, FILE);
  try {
    const facts = lstatSync(path);
    if (!facts.isFile() || (process.platform !== 'win32' && (facts.mode & 0o077) !== 0)) return {};
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof read === 'object' && read !== null ? read : {};
  } catch (cause) {
    if (cause instanceof SyntaxError || (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) return {};
    throw cause;
  }
}

/** The whole file appears at once; a link that somebody put in its place is replaced, not followed. */
export function writeDemoSecrets(dataDir: string, secrets: KeptSecrets): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, FILE);
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}

export function forgetDemoSecrets(dataDir: string): void {
  try {
    unlinkSync(join(dataDir, FILE));
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
}
