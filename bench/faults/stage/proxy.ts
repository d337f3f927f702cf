import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SYSTEM } from '@portico/protocol/routes';

/**
 * What stands before the nodes, written small: each request to the next node that is ready, over connections that are kept. It sends a
 * request again only where nothing can have been done by it: nobody took the connection, or nothing was answered and the method is safe.
 */
export const startProxy: StartFront = async (ports, port) => {
  const upstreams = ports.map((one): Upstream => ({ port: one, agent: new Agent({ keepAlive: true }), ready: true, out: false, busy: 0 }));
  let turn = 0;

  const order = (): Upstream[] => {
    turn += 1;
    const rotated = upstreams.flatMap((_, index) => upstreams[(index + turn) % upstreams.length] ?? []).filter(({ out }) => !out);
    // Where none is ready each is tried: its own answer says more than ours.
    return [...rotated.filter(({ ready }) => ready), ...rotated.filter(({ ready }) => !ready)];
  };
  const server = createServer((incoming, outgoing) => {
    readAll(incoming)
      .then((body) => pass(incoming, body, order(), outgoing))
      .then((passed) => passed || refuse(outgoing))
      .catch(() => outgoing.destroy());
  });
  const timer = setInterval(() => {
    for (const upstream of upstreams) void isReady(upstream).then((ready) => (upstream.ready = ready));
  }, ASK_EVERY);
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async leaveOut(which, out) {
      const upstream = upstreams.find((one) => one.port === which);
      if (upstream === undefined) throw new Error(`no node is at ${which}`);
      upstream.out = out;
      while (out && upstream.busy > 0) await sleep(10);
    },
    async close() {
      clearInterval(timer);
      server.close();
      server.closeAllConnections();
      for (const { agent } of upstreams) agent.destroy();
      await once(server, 'close');
    },
  };
};

/** Starts what stands before the nodes, on `port`; they need not listen yet. It hands on `X-Forwarded-For` as it came. */
export type StartFront = (ports: readonly number[], port: number) => Promise<Front>;

export interface Front {
  /** As an operator takes a node out of the configuration, or puts it back: resolves when no request is on its way to it. */
  leaveOut?(port: number, out: boolean): Promise<void>;
  close(): Promise<void>;
}

interface Upstream {
  readonly port: number;
  readonly agent: Agent;
  ready: boolean;
  out: boolean;
  /** Requests that it was given and has not begun to answer. */
  busy: number;
}

/** How often each node is asked whether it is ready, and how long it has to say so, in milliseconds. */
const ASK_EVERY = 250;
const ANSWER_WITHIN = 3500;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** RFC 9110 7.6.1: they speak of one connection. */
const OF_ONE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer']);

/** False: nobody answered. */
async function pass(incoming: IncomingMessage, body: Buffer, upstreams: readonly Upstream[], outgoing: ServerResponse): Promise<boolean> {
  for (const upstream of upstreams) {
    if (upstream.out) continue;
    const got = await send(incoming, body, upstream, outgoing);
    if (got === 'passed') return true;
    if (got === 'refused') upstream.ready = false;
    if (got === 'broken' && !SAFE.has(incoming.method ?? '')) return false;
  }
  return false;
}

function send(incoming: IncomingMessage, body: Buffer, upstream: Upstream, outgoing: ServerResponse) {
  return new Promise<'passed' | 'refused' | 'broken'>((resolve) => {
    const headers = { ...withoutOwn(incoming.headers), 'content-length': body.length, connection: 'keep-alive' };
    const options = { host: '127.0.0.1', port: upstream.port, agent: upstream.agent, method: incoming.method, path: incoming.url, headers };
    const asked = request(options);
    upstream.busy += 1;
    // A stream has no end: what has begun to be answered is the node's to finish.
    const begun = once(asked, 'response').catch(() => undefined);
    void begun.then(() => (upstream.busy -= 1));
    asked.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'broken'));
    asked.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, withoutOwn(answer.headers));
      // What breaks in the middle breaks for the client too: half an answer is none.
      answer.on('error', () => outgoing.destroy()).on('aborted', () => outgoing.destroy());
      answer.pipe(outgoing);
      outgoing.flushHeaders();
      resolve('passed');
    });
    outgoing.once('close', () => asked.destroy());
    asked.end(body);
  });
}

function withoutOwn<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_ONE_CONNECTION.has(name)));
}

function refuse(outgoing: ServerResponse): void {
  outgoing.writeHead(502, { 'content-type': 'text/plain', 'retry-after': '1' }).end('no node answers\n');
}

function isReady({ port, agent }: Upstream): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, agent, path: SYSTEM.ready, timeout: ANSWER_WITHIN });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.end();
  });
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
