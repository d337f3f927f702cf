import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryFolder } from './memory-folder.ts';
import { type Found, findProgram, isProgram } from './service.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const START_WAIT = 60_000;
const STOP_WAIT = 10_000;
const DEBIAN_HOME = '/usr/lib/postgresql';

/**
 * Starts PostgreSQL and waits for the end of its standard input. That end comes when we close it, and also when
 * the test run dies in whatever way, SIGKILL included: no server and no folder stays behind.
 */
const KEEPER = `
"$1/postgres" -D "$2" -h 127.0.0.1 -p "$3" -F -c unix_socket_directories= -c max_connections=200 >"$2/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
`;

/** The folder of initdb and postgres: Debian's newest, else the one on the PATH, else null. */
export function findBinaries(): string | null {
  const newest = debianVersions()
    .sort((a, b) => b - a)
    .map((version) => join(DEBIAN_HOME, String(version), 'bin'))
    .find((folder) => isProgram(join(folder, 'initdb')) && isProgram(join(folder, 'postgres')));
  const onPath = findProgram('initdb');
  return newest ?? (onPath === null ? null : dirname(onPath));
}

function debianVersions(): number[] {
  try {
    return readdirSync(DEBIAN_HOME).map(Number).filter(Number.isFinite);
  } catch {
    return [];
  }
}

/** A PostgreSQL of our own in a temporary folder, on a free port, without fsync: gone when the tests are. */
export async function startCluster(binaries: string): Promise<Found> {
  const account = accountFor();
  // PostgreSQL's own user must be able to walk there, and root's TMPDIR may be closed to it.
  const data = mkdtempSync(join(memoryFolder() ?? (account === null ? tmpdir() : '/tmp'), 'portico-postgres-'));
  try {
    if (account !== null) chownSync(data, account.uid, account.gid);
    createDataFolder(binaries, data, account);
    const port = await freePort();
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', binaries, data, String(port)], {
      ...account,
      cwd: data,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    const ended = once(keeper, 'exit');
    const stop = async () => {
      keeper.stdin.end();
      await Promise.race([ended, sleep(STOP_WAIT, undefined, { ref: false })]);
    };
    if (!(await accepts(binaries, port))) {
      const log = readFileSync(join(data, 'log'), 'utf8');
      await stop();
      throw new Error(`PostgreSQL did not start:\n${log}`);
    }
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    return { what: `a cluster of its own on 127.0.0.1:${port} (${binaries})`, env: { TEST_DATABASE_URL: url }, stop };
  } catch (error) {
    rmSync(data, { recursive: true, force: true });
    throw error;
  }
}

/** PostgreSQL refuses to run as root: then it runs as Debian's user `postgres`. */
export function accountFor(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m);
  if (line === null) throw new Error('PostgreSQL does not run as root, and there is no user called postgres');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

export function createDataFolder(binaries: string, data: string, account: Account | null): void {
  const options = ['--pgdata', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const { status, stderr } = spawnSync(join(binaries, 'initdb'), options, { ...account, cwd: data, encoding: 'utf8' });
  if (status !== 0) throw new Error(`initdb failed:\n${stderr}`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}

export async function accepts(binaries: string, port: number): Promise<boolean> {
  const deadline = Date.now() + START_WAIT;
  while (Date.now() < deadline) {
    if (spawnSync(join(binaries, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0) return true;
    await sleep(50);
  }
  return false;
}
