import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Whereabouts } from '../../src/platform/open-database.ts';
import { Browser, type BrowserOptions } from '../browser.ts';
import type { NodeAnswers, NodeJob, NodeMessage, NodeReply } from './node-jobs.ts';

/** Node processes of the test's own, as the nodes of a real installation: nothing is shared but the database. */
export interface NodeProcess {
  ask<Job extends NodeJob>(job: Job): Promise<NodeAnswers[Job['kind']]>;
  /** A browser whose requests this node serves. */
  browser(options?: BrowserOptions): Browser;
  end(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('./node-process.ts', import.meta.url));

function startNode(number: number): NodeProcess {
  // Not with the options of the test runner: it is no test, and must not write into the runner's log.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = fork(SCRIPT, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [], env });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(cause: Error): void }>();
  let asked = 0;
  let browsers = 0;
  child.on('message', (reply: NodeReply) => {
    const asker = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('failure' in reply) asker?.reject(new Error(reply.failure));
    else asker?.resolve(reply.answer);
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the node process ended with ${code ?? signal}`));
    waiting.clear();
  });

  const ask = async (job: NodeJob): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    asked += 1;
    waiting.set(asked, { resolve, reject });
    child.send({ id: asked, job } satisfies NodeMessage);
    return promise;
  };
  const node: NodeProcess = {
    ask: ask as NodeProcess['ask'],
    browser: (options = {}) => {
      browsers += 1;
      const address = `203.${number}.${Math.floor(browsers / 250)}.${(browsers % 250) + 1}`;
      return new Browser(appOf(node), { now: Date.now }, { address, ...options });
    },
    end: () => endProcess(child, ask),
  };
  return node;
}

/** To a `Browser`, a process is an app that requests can be put into. */
function appOf(node: Pick<NodeProcess, 'ask'>): FastifyInstance {
  return { inject: (request: InjectOptions) => node.ask({ kind: 'request', request }) } as unknown as FastifyInstance;
}

async function endProcess(child: ChildProcess, ask: (job: NodeJob) => Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  const stubborn = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ask({ kind: 'end' }).catch(() => undefined);
  child.disconnect();
  await gone;
  clearTimeout(stubborn);
}

/** Starts processes, opens the database in each of them, and ends them whatever the body does. */
export async function withNodes<T>(
  count: number,
  { where, masterKey }: { where: Whereabouts; masterKey: Buffer },
  body: (nodes: readonly NodeProcess[]) => Promise<T>,
): Promise<T> {
  const nodes = Array.from({ length: count }, (_, number) => startNode(number));
  try {
    await Promise.all(nodes.map((node) => node.ask({ kind: 'begin', where, masterKey: masterKey.toString('base64url') })));
    return await body(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
  }
}
