import { Agent, type IncomingMessage, request } from 'node:http';
import type { FastifyInstance, InjectOptions } from 'fastify';

/** A server behind a socket, in the shape of an app that a `Browser` puts its requests into. */
export interface Wire {
  readonly app: FastifyInstance;
  close(): void;
}

export function connectOverHttp(port: number): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const inject = ({ method, url, headers, payload }: InjectOptions) =>
    new Promise((resolve, reject) => {
      const outgoing = request({
        host: '127.0.0.1',
        port,
        agent,
        method: method ?? 'GET',
        path: typeof url === 'string' ? url : '/',
        headers: headers ?? {},
      });
      // The connection breaks when the server is killed: the request may have been served or not.
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        readAll(response).then(
          (body) => resolve({ statusCode: response.statusCode, headers: response.headers, body }),
          (cause: unknown) => reject(cause instanceof Error ? cause : new Error(String(cause))),
        );
      });
      outgoing.end(typeof payload === 'string' ? payload : '');
    });
  return { app: { inject } as unknown as FastifyInstance, close: () => agent.destroy() };
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
