import { connect, type Socket } from 'node:net';
import type { Answer } from './target.ts';

/**
 * One kept-alive HTTP/1.1 connection that carries one request at a time. It reads just enough HTTP for the answers of these targets,
 * because the driver shares two cores with the server: node:http and fetch cost more than the floor itself.
 */
export interface Connection {
  send(request: string): Promise<Answer>;
  close(): void;
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = await open(port);
  let received = '';
  let waiting: { resolve: (answer: Answer) => void; reject: (reason: Error) => void } | null = null;

  const fail = (reason: Error): void => {
    const current = waiting;
    waiting = null;
    current?.reject(reason);
  };
  socket.on('data', (chunk: string) => {
    received += chunk;
    const answer = parseAnswer(received);
    if (!answer || !waiting) return;
    const current = waiting;
    waiting = null;
    received = '';
    current.resolve(answer);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The server closed the connection.')));

  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    close: () => socket.destroy(),
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** The whole answer once its last byte is there, else null. */
function parseAnswer(received: string): Answer | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = received.slice(0, headEnd);
  const status = Number(head.slice(9, 12));
  const bodyStart = headEnd + 4;
  const length = /content-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const body = received.slice(bodyStart);
    return body.length < Number(length) ? null : { status, head, body };
  }
  if (!/transfer-encoding: *chunked/i.test(head)) return { status, head, body: '' };
  return received.endsWith('\r\n0\r\n\r\n') ? { status, head, body: joinChunks(received.slice(bodyStart)) } : null;
}

function joinChunks(chunked: string): string {
  let body = '';
  let at = 0;
  for (;;) {
    const sizeEnd = chunked.indexOf('\r\n', at);
    const size = Number.parseInt(chunked.slice(at, sizeEnd), 16);
    if (!size) return body;
    body += chunked.slice(sizeEnd + 2, sizeEnd + 2 + size);
    at = sizeEnd + 2 + size + 2;
  }
}
