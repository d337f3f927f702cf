import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Calls } from './ledger.ts';

/** How people reach a server over the network. What they saw is noted; a connection that breaks is an error, as in a browser. */
export interface Line {
  /** In the shape of an app that a `Browser` puts its requests into. */
  readonly app: FastifyInstance;
  get(path: string, headers: Readonly<Record<string, string>>): Promise<Heard>;
  close(): void;
}

export interface Heard {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Nobody waits longer: what is not answered by then hangs. In milliseconds. */
export const GIVE_UP_AFTER = 10_000;
const TROUBLE = [502, 503, 504];

export function connectLine(port: number, calls: Calls): Line {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const ask = async ({ method = 'GET', url, headers, payload, remoteAddress }: InjectOptions): Promise<Heard> => {
    const began = performance.now();
    calls.total += 1;
    const failed = (how: string) =>
      void calls.failures.push(
        `${new Date().toISOString()} ${method} ${typeof url === 'string' ? url.split('?')[0] : ''} after ${Math.round(performance.now() - began)} ms: ${how}`,
      );
    const asked = request({
      host: '127.0.0.1',
      port,
      agent,
      method,
      path: typeof url === 'string' ? url : '/',
      // The stage's proxy is believed, and hands on where each of its people says to be.
      headers: { ...headers, ...(remoteAddress === undefined ? {} : { 'x-forwarded-for': remoteAddress }) },
      signal: AbortSignal.timeout(GIVE_UP_AFTER),
    });
    try {
      const heard = await new Promise<Heard>((resolve, reject) => {
        asked.on('error', reject);
        asked.on('response', (response) => {
          readAll(response).then(
            (body) => resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body }),
            (cause: unknown) => reject(cause instanceof Error ? cause : new Error(String(cause))),
          );
        });
        asked.end(typeof payload === 'string' ? payload : '');
      });
      calls.times.push(performance.now() - began);
      if (TROUBLE.includes(heard.statusCode)) {
        calls.unavailable += 1;
        failed(`${heard.statusCode} ${heard.body.slice(0, 100)}`);
      }
      if (heard.statusCode === 503 && heard.headers['retry-after'] === undefined) calls.bare += 1;
      return heard;
    } catch (error) {
      if (performance.now() - began >= GIVE_UP_AFTER) calls.hung += 1;
      else calls.broken += 1;
      failed(String(error));
      throw error;
    }
  };
  return {
    app: { inject: ask } as unknown as FastifyInstance,
    get: (path, headers) => ask({ method: 'GET', url: path, headers: { ...headers } }),
    close: () => agent.destroy(),
  };
}

/** Whether to come back later: nobody said anything about the one who asked. */
export function isTrouble(answer: { readonly status: number } | null): answer is null | { readonly status: 502 | 503 | 504 } {
  return answer === null || TROUBLE.includes(answer.status);
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
