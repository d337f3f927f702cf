import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SYSTEM } from '@portico/protocol/routes';
import type { Whereabouts } from '../../src/platform/open-database.ts';

/** The real server, as an operator starts it: a process of its own that can be killed. */

const PROGRAM = fileURLToPath(new URL('../../bin/portico.js', import.meta.url));
const UP_WITHIN = 90_000;

export interface ServerProcess {
  /** No farewell, no flush: as `kill -9`, or the kernel when memory runs out. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ServerPlace {
  readonly port: number;
  readonly where: Whereabouts;
  /** Null: the one in the data folder, made there by whoever starts first. */
  readonly masterKey: Buffer | null;
  /** Where its pages are, when several servers share that. */
  readonly origin?: string;
  readonly redisUrl?: string;
}

export async function startServer({
  port,
  where,
  masterKey,
  origin = `http://localhost:${port}`,
  redisUrl = '',
}: ServerPlace): Promise<ServerProcess> {
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environmentWithoutSettings(),
      NODE_ENV: 'test',
      PORTICO_HOST: '127.0.0.1',
      PORTICO_PORT: String(port),
      PORTICO_ORIGIN: origin,
      PORTICO_DATA_DIR: where.dataDir,
      PORTICO_DATABASE_URL: where.databaseUrl,
      PORTICO_REDIS_URL: redisUrl,
      ...(masterKey === null ? {} : { PORTICO_MASTER_KEY: masterKey.toString('base64url') }),
      PORTICO_LOG_LEVEL: 'silent',
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += text.toString()));
  const kill = () => killed(child);
  try {
    await untilReady(port, child, () => printed);
  } catch (error) {
    await kill();
    throw error;
  }
  return { kill };
}

/** A developer's own settings, and this test run's, are none of the server's. */
function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PORTICO_')));
}

async function untilReady(port: number, child: ChildProcess, printed: () => string): Promise<void> {
  const deadline = Date.now() + UP_WITHIN;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended at its start: ${printed()}`);
    const ready = await fetch(`http://127.0.0.1:${port}${SYSTEM.ready}`).catch(() => null);
    if (ready?.ok === true) return;
    if (Date.now() > deadline) throw new Error(`the server is not ready after ${UP_WITHIN} ms: ${printed()}`);
    await sleep(20);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
