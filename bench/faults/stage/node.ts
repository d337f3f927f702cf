import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FreezableProxy, startFreezableProxy } from '../../../server/test/freezable-proxy.ts';
import { type RunningPortico, startPortico } from '../../../server/test/portico-process.ts';
import type { FaultyPostgres } from './postgres.ts';

/** One `portico start`, with wires of its own to the database and to Redis. */
export interface StageNode {
  readonly name: string;
  readonly port: number;
  /** Null on SQLite. */
  readonly toDatabase: FreezableProxy | null;
  /** Null without Redis. */
  readonly toRedis: FreezableProxy | null;
  readonly pid: () => number;
  isRunning(): boolean;
  /** Starts it, with more settings if given, and waits until it is ready. */
  start(more?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGKILL: no farewell. */
  kill(): Promise<void>;
  /** SIGTERM. Answers the exit code. */
  end(): Promise<number | null>;
  /** All that it logged: warnings and worse. */
  log(): string;
  close(): Promise<void>;
}

export interface NodePlace {
  readonly name: string;
  readonly port: number;
  readonly postgres: FaultyPostgres | null;
  readonly redisPort: number | null;
  /** What all nodes share. */
  readonly settings: Readonly<Record<string, string>>;
  /** Another version's program; asked at each start. */
  readonly command?: () => string | undefined;
}

export async function placeNode({ name, port, postgres, redisPort, settings, command }: NodePlace): Promise<StageNode> {
  const toDatabase = postgres === null ? null : await startFreezableProxy(postgres);
  const toRedis = redisPort === null ? null : await startFreezableProxy({ host: '127.0.0.1', port: redisPort });
  const folder = mkdtempSync(join(tmpdir(), `portico-${name}-`));
  const env = {
    PORTICO_DATA_DIR: folder,
    ...settings,
    PORTICO_HOST: '127.0.0.1',
    PORTICO_PORT: String(port),
    ...(toDatabase === null ? {} : { PORTICO_DATABASE_URL: databaseUrl(toDatabase.port) }),
    ...(toRedis === null ? {} : { PORTICO_REDIS_URL: `redis://127.0.0.1:${toRedis.port}` }),
  };
  let running: RunningPortico | null = null;
  const logged: (() => string)[] = [];
  const leave = async (signal: NodeJS.Signals): Promise<number | null> => {
    const leaving = running;
    running = null;
    return leaving === null ? null : (await leaving.end(signal)).code;
  };
  return {
    name,
    port,
    toDatabase,
    toRedis,
    pid: () => running?.child.pid ?? 0,
    isRunning: () => running !== null && running.child.exitCode === null && running.child.signalCode === null,
    async start(more = {}) {
      running = await startPortico({ ...env, ...more }, command?.());
      logged.push(running.stdout);
    },
    async kill() {
      await leave('SIGKILL');
    },
    end: () => leave('SIGTERM'),
    log: () => logged.map((one) => one()).join(''),
    async close() {
      await leave('SIGKILL');
      await toDatabase?.close();
      await toRedis?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function databaseUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}
