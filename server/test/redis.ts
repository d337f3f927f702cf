import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../scripts/services/service.ts';
import { freePort } from './portico-process.ts';

/** A Redis of one test's own, to be emptied, frozen and ended. */
export interface TestRedis {
  readonly url: string;
  /** Sends a command by hand; answers what came back. */
  command(...words: readonly string[]): Promise<string>;
  freeze(): void;
  thaw(): void;
  end(): Promise<void>;
}

/** Null: there is none on this machine, and the test is skipped loudly; where CI is true that is a failure. */
export async function startRedis(t: TestContext): Promise<TestRedis | null> {
  const redis = await launchRedis();
  if (redis === null) {
    const sentence = 'SKIPPED, NOT TESTED WITH REDIS: no redis-server on this machine';
    if (process.env['CI'] === 'true') throw new Error(sentence);
    process.stderr.write(`${sentence}: ${t.name}\n`);
    t.skip(sentence);
    return null;
  }
  t.after(() => redis.end());
  return redis;
}

/** Null: there is none on this machine. */
export async function launchRedis(): Promise<TestRedis | null> {
  const program = process.env['REDIS_SERVER_PATH'] ?? findProgram('redis-server') ?? findProgram('valkey-server');
  if (program === null) return null;
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, args, { stdio: 'ignore' });
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    command: (...words) => ask(port, words),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    end: () => ended(child),
  };
  for (let tries = 0; ; tries += 1) {
    const answer = await redis.command('PING').catch(() => '');
    if (answer.startsWith('+PONG')) return redis;
    if (tries === 200) {
      await redis.end();
      throw new Error('redis-server does not answer');
    }
    await sleep(25);
  }
}

async function ask(port: number, words: readonly string[]): Promise<string> {
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString();
  } finally {
    socket.destroy();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
