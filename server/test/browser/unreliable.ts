import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a request on its way to Portico and back. */
export const FATES = ['passes', 'never arrives', 'loses its answer', 'is slow', 'meets trouble'] as const;
export type Fate = (typeof FATES)[number];

export interface Unreliable {
  /** Decides about each request from now on. */
  fate: (method: string, path: string) => Fate;
  readonly met: ReadonlyMap<Fate, number>;
}

/** Milliseconds: longer than a person waits, shorter than the SDK does. */
const SLOW = 700;

/** A network before Portico, at `port`: plain http, and as bad as `fate` says. */
export async function unreliable(t: TestContext, port: number, target: number): Promise<Unreliable> {
  const met = new Map<Fate, number>();
  const network: Unreliable = { fate: () => 'passes', met };
  const server = createServer((asked, answer) => {
    const fate = network.fate(asked.method ?? '', new URL(asked.url ?? '/', 'http://portico').pathname);
    met.set(fate, (met.get(fate) ?? 0) + 1);
    void carry(fate, target, asked, answer).catch(() => asked.socket.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return network;
}

async function carry(fate: Fate, target: number, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  if (fate === 'never arrives') return void asked.socket.destroy();
  if (fate === 'meets trouble') return void answer.writeHead(503, { 'retry-after': '1' }).end();
  if (fate === 'is slow') await sleep(SLOW);
  const { method = 'GET', url = '/', headers } = asked;
  const onward: ClientRequest = request({ host: '127.0.0.1', port: target, method, path: url, headers, setHost: false });
  asked.pipe(onward);
  const [came] = (await once(onward, 'response')) as [IncomingMessage];
  if (fate === 'loses its answer') {
    // Portico has done what was asked and said so; nobody hears it.
    await once(came.resume(), 'end');
    return void asked.socket.destroy();
  }
  answer.writeHead(came.statusCode ?? 502, came.rawHeaders);
  came.pipe(answer);
}
