import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server of somebody else's, in the foreground, with a folder of its own that goes when it does. */
export interface Program {
  /** All that it printed, and wrote to the file `log` in its folder. */
  readonly printed: () => string;
  close(): Promise<void>;
}

/** Milliseconds. */
const UP_WITHIN = 60_000;

/** Ends the program at the end of its standard input: that comes when we close it, and when the test run is killed too. */
const KEEPER = `
folder=$1
shift
"$@" </dev/null &
server=$!
read -r _
kill -TERM "$server"
wait "$server"
rm -rf "$folder"
`;

/** `prepare` writes what the program needs into the folder and says how it is called. Resolves when something listens on `port`. */
export async function startProgram(path: string, port: number, prepare: (folder: string) => readonly string[]): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-outside-'));
  const child = spawn('sh', ['-c', KEEPER, 'sh', folder, path, ...prepare(folder)], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
  });
  const gone = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const log = join(folder, 'log');
  const printed = () => output + (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const close = async () => {
    child.stdin.end();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const deadline = performance.now() + UP_WITHIN; !(await listens(port)); await sleep(25)) {
    if (performance.now() < deadline && output === '') continue;
    const why = printed();
    await close();
    throw new Error(`${path} did not start: ${why}`);
  }
  return { printed, close };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
