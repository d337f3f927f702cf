import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { accepts, accountFor, createDataFolder, findBinaries, freePort } from '../../../scripts/services/postgres-cluster.ts';

/** A PostgreSQL of its own that answers after fsync, to be killed, ended and started again. */
export interface FaultyPostgres {
  readonly host: string;
  readonly port: number;
  /** Every process of it at once, with SIGKILL: nothing is flushed, nobody is told. */
  kill(): Promise<void>;
  /** As an operator ends it: `fast` breaks connections and writes everything down, `immediate` leaves recovery to the next start. */
  end(how: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Where the cluster lies unless told otherwise: by convention on a disk, where /tmp may be memory and fsync cost nothing. */
const DISK = '/var/tmp';
const SIGNALS = { fast: 'INT', immediate: 'QUIT' } as const;
/** Nothing is left behind, whatever becomes of us: the end of its standard input ends the server and removes the folder. */
const KEEPER = `
binaries=$1 data=$2 port=$3
shift 3
while read -r order; do
  if [ "$order" = start ]; then
    "$binaries/postgres" -D "$data" -h 127.0.0.1 -p "$port" -c unix_socket_directories= "$@" >>"$data/log" 2>&1 &
    server=$!
  else
    kill -"$order" "$server"
    wait "$server"
  fi
  echo "$order"
done
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$data"
`;

/** `settings` as on the command line of postgres: `{ synchronous_commit: 'off' }`. Null: there is no PostgreSQL on this machine. */
export async function startFaultyPostgres(
  settings: Readonly<Record<string, string>> = {},
  folder: string = DISK,
): Promise<FaultyPostgres | null> {
  const binaries = findBinaries();
  if (binaries === null) return null;
  const account = accountFor();
  const data = mkdtempSync(join(folder, 'portico-faults-'));
  if (account !== null) chownSync(data, account.uid, account.gid);
  try {
    createDataFolder(binaries, data, account);
  } catch (error) {
    rmSync(data, { recursive: true, force: true });
    throw error;
  }
  const port = await freePort();
  const options = Object.entries({ fsync: 'on', ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const keeper = spawn('sh', ['-c', KEEPER, 'sh', binaries, data, String(port), ...options], {
    ...account,
    cwd: data,
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const order = async (word: string): Promise<void> => {
    const done = once(keeper.stdout, 'data');
    keeper.stdin.write(`${word}\n`);
    await done;
  };
  const postgres: FaultyPostgres = {
    host: '127.0.0.1',
    port,
    async kill() {
      const postmaster = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
      // First held still: it would see its children die, and begin to repair what is to stay broken.
      process.kill(postmaster, 'SIGSTOP');
      for (const child of childrenOf(postmaster)) killIfThere(child);
      await order('KILL');
    },
    end: (how) => order(SIGNALS[how]),
    async start() {
      await order('start');
      if (!(await accepts(binaries, port))) throw new Error(`PostgreSQL did not start:\n${readFileSync(join(data, 'log'), 'utf8')}`);
    },
    async close() {
      const gone = once(keeper, 'exit');
      keeper.stdin.end();
      await gone;
    },
  };
  try {
    await postgres.start();
  } catch (error) {
    await postgres.close();
    throw error;
  }
  return postgres;
}

function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return listed.split(' ').filter(Boolean).map(Number);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
