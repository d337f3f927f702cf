import { existsSync, statSync } from 'node:fs';
import type { Settings } from '../config.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { findMasterKeyFile } from '../platform/master-key.ts';
import type { Check, Examination, Outside } from './check.ts';

/** Portico idles at about 120 MB, and each password that is hashed takes 19 MiB. In bytes. */
const MEMORY_ENOUGH = 256 * 2 ** 20;
/** What is left of a disk, in bytes. */
const DISK_LOW = 2 ** 30;
const DISK_FULL = 100 * 2 ** 20;

/** What can be said without asking anybody: addresses, files, the machine. */
export async function checkMachine({ settings, outside }: Examination): Promise<readonly Check[]> {
  return [
    checkRuntime(outside),
    checkAddress(settings),
    checkMasterKey(settings),
    ...checkSecretFiles(outside),
    ...checkDataFolder(settings),
    ...checkDisk(settings, outside),
  ];
}

function checkRuntime({ memory }: Outside): Check {
  const name = 'runtime';
  const finding = `Node ${process.versions.node} on ${process.platform}, ${Math.round(memory / 2 ** 20)} MB of memory`;
  if (memory >= MEMORY_ENOUGH) return { name, state: 'ok', finding };
  return { name, state: 'warn', finding, fix: 'give it 256 MB or more: each password that is hashed takes 19 MB' };
}

function checkAddress({ mode, origin, host }: Settings): Check {
  const name = 'address';
  if (mode === 'production' && isLoopbackHost(new URL(origin).hostname)) {
    return {
      name,
      state: 'warn',
      finding: `${origin} can be opened on this machine only`,
      fix: 'set PORTICO_ORIGIN to the public https address',
    };
  }
  if (mode !== 'production' && !isLoopbackHost(host)) {
    const fix = 'set NODE_ENV=production where strangers can connect';
    return { name, state: 'warn', finding: `listens on ${host} in ${mode}: other machines can connect`, fix };
  }
  return { name, state: 'ok', finding: `${origin}, listening on ${host}` };
}

function checkMasterKey({ masterKey, dataDir }: Settings): Check {
  const name = 'master key';
  if (masterKey !== null) return { name, state: 'ok', finding: 'from the environment' };
  const file = findMasterKeyFile(dataDir);
  if (file.kind === 'absent') return { name, state: 'ok', finding: `${file.path} is made at the first start` };
  return file.kind === 'present'
    ? { name, state: 'ok', finding: `${file.path}, readable by its owner only` }
    : { name, state: 'fail', finding: file.problem, fix: `check ${file.path}` };
}

function checkDataFolder({ dataDir, databaseUrl }: Settings): Check[] {
  if (process.platform === 'win32' || !existsSync(dataDir)) return [];
  const open = (statSync(dataDir).mode & 0o077) !== 0;
  if (!open) return [{ name: 'data folder', state: 'ok', finding: `${dataDir}, open to its owner only` }];
  const holds = databaseUrl === '' ? 'the database and the master key' : 'the master key';
  return [{ name: 'data folder', state: 'warn', finding: `${dataDir} is open to others, and holds ${holds}`, fix: `chmod 700 ${dataDir}` }];
}

/** Docker mounts secrets for its container alone, readable by all in it. */
const CONTAINER_SECRETS = '/run/secrets/';

function checkSecretFiles({ secretFiles }: Outside): Check[] {
  if (process.platform === 'win32') return [];
  return secretFiles
    .filter(({ path }) => !path.startsWith(CONTAINER_SECRETS) && existsSync(path) && (statSync(path).mode & 0o004) !== 0)
    .map(({ setting, path }) => ({
      name: `secret ${setting}`,
      state: 'warn',
      finding: `${path} can be read by everybody on this machine`,
      fix: `chmod 600 ${path}, as a file of the user that Portico runs as`,
    }));
}

/** A full disk stops every write: nobody could sign in or out. */
function checkDisk({ dataDir, databaseUrl }: Settings, { freeBytes }: Outside): Check[] {
  if (databaseUrl !== '' || !existsSync(dataDir)) return [];
  const free = freeBytes(dataDir);
  const name = 'disk';
  const finding = `${free >= DISK_LOW ? `${Math.floor(free / 2 ** 30)} GB` : `${Math.floor(free / 2 ** 20)} MB`} free for the database in ${dataDir}`;
  if (free >= DISK_LOW) return [{ name, state: 'ok', finding }];
  return [{ name, state: free < DISK_FULL ? 'fail' : 'warn', finding, fix: 'make room: without it nobody signs in or out' }];
}
