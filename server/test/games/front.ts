import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { HEADERS } from '@portico/protocol/cookies';
import { decodeJwt } from 'jose';

/** What stands between the games and Portico: it writes down what each client sends, and does to it what networks do. */
export interface Front {
  readonly origin: string;
  /** What this client has sent, oldest first. */
  sentBy(clientId: string): readonly Sent[];
  /** Resolves when this client has sent so many. */
  untilSent(clientId: string, path: string, count: number): Promise<void>;
  /** Resolves when Portico has answered this client so many times, whether it was told or not. */
  untilAnswered(clientId: string, path: string, count: number): Promise<void>;
  /** How often anybody asked for this path. */
  wentTo(path: string): number;
  /** Happens to the next call of this client at this path, or to all of them until `mend`. */
  break(clientId: string, path: string, fault: Fault, options?: { readonly always?: boolean }): void;
  mend(clientId: string): void;
  close(): Promise<void>;
}

/**
 * `lose`: Portico does what it is asked, and the answer is lost. `hold`: the same, but nobody is told. `cut`: it does not get there.
 * `until`: the answer comes no sooner than that. A function changes Portico's answer; `status` is one that is given without asking Portico.
 */
export type Fault =
  | 'lose'
  | 'hold'
  | 'cut'
  | { readonly until: Promise<void> }
  | ((body: Readonly<Record<string, unknown>>) => object)
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

export interface Sent {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly attempt: string | null;
  /** Milliseconds of this machine's monotonic clock. */
  readonly at: number;
  /** What Portico answered, once it did. */
  answered?: { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
}

interface Broken {
  readonly clientId: string;
  readonly path: string;
  readonly fault: Fault;
  readonly always: boolean;
}

/** Stands before the Portico at `port`, at a port of its own. */
export async function startFront(port: number): Promise<Front> {
  const sent: (Sent & { readonly clientId: string })[] = [];
  let broken: Broken[] = [];
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await read(incoming);
    const path = new URL(incoming.url ?? '/', 'http://front').pathname;
    const form = new URLSearchParams(body.toString());
    const attempt = incoming.headers[HEADERS.attempt];
    const call: Sent & { clientId: string } = {
      clientId: form.get('client_id') ?? clientOfToken(incoming.headers.authorization),
      path,
      form,
      attempt: typeof attempt === 'string' ? attempt : null,
      at: performance.now(),
    };
    sent.push(call);
    const hit = broken.find((one) => one.clientId === call.clientId && one.path === path);
    if (hit !== undefined && !hit.always) broken = broken.filter((one) => one !== hit);
    if (hit?.fault === 'cut') {
      incoming.socket.destroy();
      return change();
    }
    if (typeof hit?.fault === 'object' && 'status' in hit.fault) {
      outgoing.writeHead(hit.fault.status, { 'content-type': 'application/json', ...hit.fault.headers }).end(hit.fault.body);
      return change();
    }
    const answer = await forward(port, incoming, body);
    if (answer.headers['content-type']?.includes('json') === true)
      call.answered = { status: answer.statusCode ?? 0, body: JSON.parse(answer.text.toString() || '{}') as Record<string, unknown> };
    if (typeof hit?.fault === 'object') {
      change();
      await hit.fault.until;
    }
    if (typeof hit?.fault === 'function') {
      outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(hit.fault(call.answered?.body ?? {})));
    } else if (hit?.fault === 'lose') incoming.socket.destroy();
    else if (hit?.fault !== 'hold') outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(answer.text);
    change();
  };

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  const until = async (clientId: string, fits: (call: Sent) => boolean, count: number): Promise<void> => {
    while (sentBy(clientId).filter(fits).length < count) await changed.promise;
  };
  const sentBy = (clientId: string) => sent.filter((call) => call.clientId === clientId);
  return {
    origin: `http://127.0.0.1:${address.port}`,
    sentBy,
    untilSent: (clientId, path, count) => until(clientId, (call) => call.path === path, count),
    untilAnswered: (clientId, path, count) => until(clientId, (call) => call.path === path && call.answered !== undefined, count),
    wentTo: (path) => sent.filter((call) => call.path === path).length,
    break: (clientId, path, fault, { always = false } = {}) => {
      broken.push({ clientId, path, fault, always });
    },
    mend: (clientId) => {
      broken = broken.filter((one) => one.clientId !== clientId);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Whom a call with an access token is of; none has it in its form. Empty for all others, such as a site with its secret. */
function clientOfToken(authorization: string | undefined): string {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  return token === undefined ? '' : String(decodeJwt(token)['client_id']);
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function forward(port: number, incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage & { text: Buffer }> {
  const { method, url, rawHeaders } = incoming;
  const headers = { ...incoming.headers, connection: 'close' };
  const outgoing = request({ host: '127.0.0.1', port, ...(method === undefined ? {} : { method }), path: url ?? '/', headers });
  if (rawHeaders.length === 0) throw new Error('a request without headers');
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return Object.assign(answer, { text: await read(answer) });
}
