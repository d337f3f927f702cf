import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SYSTEM } from '@portico/protocol/routes';

/** The command as people run it, in a process of its own. */
const PORTICO = fileURLToPath(new URL('../bin/portico.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningPortico {
  readonly origin: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** All that it printed so far. */
  readonly stdout: () => string;
  /** Sends `signal` and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Only what is given reaches the process: a developer's own settings prove nothing. The demo runs where a test is about it. */
function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  command: string = PORTICO,
  folder?: string,
): { child: ChildProcess; ended: Promise<Ended>; stdout: () => string } {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [command, ...args], {
    env: { PATH, HOME, PORTICO_DEMO: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout: out(), stderr: err() }));
  return { child, ended, stdout: out };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** In `folder`, or in that of the tests. */
export async function runPortico(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  command?: string,
  folder?: string,
): Promise<Ended> {
  return launch(args, env, command, folder).ended;
}

/**
 * Starts a server on a free port and waits until it is ready. Fails with what it printed when it ends instead.
 * `PORTICO_PORT` may name the port; it is asked at 127.0.0.1, whatever its own name is.
 */
export async function startPortico(env: Readonly<Record<string, string>>, command?: string): Promise<RunningPortico> {
  const port = Number(env['PORTICO_PORT'] ?? (await freePort()));
  const origin = `http://127.0.0.1:${port}`;
  const { child, ended, stdout } = launch(['start'], { PORTICO_PORT: String(port), PORTICO_ORIGIN: origin, ...env }, command);
  const early = ended.then(({ code, stderr }) => {
    throw new Error(`portico ended with ${code}: ${stdout()}${stderr}`);
  });
  await Promise.race([early, untilReady(origin)]);
  early.catch(() => undefined);
  return {
    origin,
    port,
    child,
    stdout,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

async function untilReady(origin: string): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(50)) {
    const ready = await fetch(origin + SYSTEM.ready).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
  }
  throw new Error('portico was not ready within a minute');
}

/** A port that was free a moment ago: Portico's own setting takes no 0, because its origin names the port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
