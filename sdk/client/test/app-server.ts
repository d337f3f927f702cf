import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { bundleApp } from './bundle-app.ts';

/** An app as its developer would serve it: one page for every path, its script, and an API that wants a token. */
export interface AppServer {
  readonly origin: string;
  /** What the API was asked, oldest first. */
  readonly calls: readonly ApiCall[];
  /** So many of the next calls are answered 401, whatever they bring. */
  refuse(calls: number): void;
}

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly body: string;
}

export interface Served {
  readonly host?: string;
  readonly port?: number;
  /** Given to `createPortico`. */
  readonly options: object;
  /** The app's backend. True: it has answered. */
  readonly backend?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

const ENTRY = `import { createPortico, PorticoError } from '@portico/client';
globalThis.createPortico = createPortico;
globalThis.portico = createPortico(globalThis.options);
globalThis.seen = [globalThis.portico.session.status];
globalThis.portico.subscribe(({ status }) => globalThis.seen.push(status));`;

let bundled: Promise<ReadonlyMap<string, string>> | null = null;

function bundle(): Promise<ReadonlyMap<string, string>> {
  bundled ??= bundleApp(ENTRY).then((files) => new Map(files.map(({ name, code }) => [`/${name}`, code])));
  return bundled;
}

export async function serveApp(t: TestContext, { host = 'localhost', port = 0, options, backend }: Served): Promise<AppServer> {
  const scripts = await bundle();
  const calls: ApiCall[] = [];
  let refusals = 0;
  const page = `<!doctype html><title>App</title><script>globalThis.options = ${JSON.stringify(options)}</script>
<script type="module" src="/app.js"></script>`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    if (backend !== undefined && (await backend(request, response))) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app');
    const script = scripts.get(pathname);
    const type = script !== undefined ? 'text/javascript' : pathname.startsWith('/api/') ? 'application/json' : 'text/html';
    response.setHeader('content-type', `${type}; charset=utf-8`);
    // An API for pages of other origins too.
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (!pathname.startsWith('/api/')) return response.end(script ?? page);
    const { authorization = null } = request.headers;
    const call = { method: request.method ?? '', path: pathname, authorization, body: await bodyOf(request) };
    calls.push(call);
    const to = searchParams.get('to');
    if (to !== null) return response.writeHead(307, { location: to }).end();
    const isRefused = refusals > 0 || authorization === null;
    if (refusals > 0) refusals -= 1;
    response.writeHead(isRefused ? 401 : 200).end(JSON.stringify({ ...call, headers: request.headers }));
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    origin: `http://${host}:${(server.address() as AddressInfo).port}`,
    calls,
    refuse: (count) => {
      refusals = count;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
