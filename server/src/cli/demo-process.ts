import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DemoNews, DemoOrder } from '@portico/protocol/demo';

/** The demo's own process: in the server's it would cost memory that the server has promised not to take. */

/** Only the repository has it; what npm installs has not. */
const PROGRAM = fileURLToPath(new URL('../../../examples/demo/src/main.ts', import.meta.url));
/** It ends by itself when the channel to it closes; after this long, in milliseconds, it is not asked any more. */
const END_PATIENCE = 2000;

export const hasDemo = (): boolean => existsSync(PROGRAM);

export interface DemoProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<null>;
  tell(order: DemoOrder): void;
  /** Null: it has ended, and nothing more will come. */
  hear(): Promise<DemoNews | null>;
  stop(): Promise<void>;
}

export function forkDemo(): DemoProcess {
  // A process group that gets Ctrl-C has this one in it too; it must not need our environment, where secrets may stand.
  const { PATH = '', HOME = '' } = process.env;
  const child = fork(PROGRAM, { env: { PATH, HOME }, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = new Promise<null>((resolve) => {
    child.once('exit', () => resolve(null));
    child.once('error', () => resolve(null));
  });
  const heard: DemoNews[] = [];
  let wake: () => void = () => undefined;
  child.on('message', (news) => {
    heard.push(news as DemoNews);
    wake();
  });
  return {
    child,
    ended,
    tell: (order) => {
      if (child.connected) child.send(order, () => undefined);
    },
    hear: async () => {
      if (heard.length === 0) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), ended]);
      return heard.shift() ?? null;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill('SIGKILL'), END_PATIENCE);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(late);
    },
  };
}
