import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

/** A server that runs as a process of its own and talks with the driver over the inter-process channel. */
export interface ServerProcess {
  readonly pid: number;
  /** The next message that the server sends; fails when it dies first. */
  message(): Promise<Message>;
  tell(message: Message): void;
  isRunning(): boolean;
  /** The end of what it has printed, for the sentence that says why it failed. */
  output(): string;
  /** While a server is suspended, what is sent to it waits at its sockets. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}
export type Message = Readonly<Record<string, string | number | readonly string[]>>;

export interface Spawn {
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly core: number | null;
}

export function spawnServer({ script, args = [], env = {}, core }: Spawn): ServerProcess {
  const node = [process.execPath, script, ...args];
  // taskset replaces itself by the server, so the pid and the channel are the server's own.
  const [command = '', ...rest] = core === null ? node : ['taskset', '-c', String(core), ...node];
  const child = spawn(command, rest, {
    // Nothing else of the operator's environment: a stray setting would be measured.
    env: { ...pick(process.env, /^(PATH|HOME|TMPDIR|PG[A-Z]+)$/), NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // Nothing of ours outlives a driver that crashed.
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.on('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  const output = keepTail(child);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const inbox: Message[] = [];
  child.on('message', (message) => inbox.push(message as Message));

  return {
    pid: child.pid ?? 0,
    async message() {
      while (inbox.length === 0) {
        if (!isRunning()) throw new Error(`${script} ended early:\n${output()}`);
        await Promise.race([once(child, 'message'), once(child, 'exit')]);
      }
      return inbox.shift() as Message;
    },
    tell: (message) => void child.send(message),
    isRunning,
    output,
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      if (!isRunning()) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function pick(env: NodeJS.ProcessEnv, names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.test(name)));
}

function keepTail(child: ChildProcess): () => string {
  let tail = '';
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-4000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => tail;
}

export interface Cores {
  readonly server: number | null;
  readonly driver: number | null;
}

/** Gives the server core 0 and this process core 1, so that they do not push each other off a core in the middle of a request. */
export function pinDriver(): Cores {
  if (availableParallelism() < 2) return { server: null, driver: null };
  try {
    execFileSync('taskset', ['-a', '-c', '-p', '1', String(process.pid)], { stdio: 'ignore' });
    return { server: 0, driver: 1 };
  } catch {
    return { server: null, driver: null };
  }
}
