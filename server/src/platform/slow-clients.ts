import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Whoever takes none of what was written for this long is gone or holds our memory on purpose. In milliseconds. */
const TAKES_WITHIN = 30_000;
const LOOK_EVERY = 5_000;

interface Seen {
  /** Bytes that were taken when it last took some. */
  taken: number;
  /** By `performance.now()`. */
  at: number;
}

/**
 * Ends connections whose reader takes an answer by single bytes: for the server's own time-out each of them is a sign of life. Looked at from
 * outside, so that it costs a request nothing. Answers how to stop.
 */
export function dropSlowReaders(server: Server, { within = TAKES_WITHIN, every = LOOK_EVERY } = {}): () => void {
  const sockets = new Map<Socket, Seen>();
  const follow = (socket: Socket) => {
    sockets.set(socket, { taken: 0, at: performance.now() });
    socket.once('close', () => sockets.delete(socket));
  };
  const look = () => {
    const now = performance.now();
    for (const [socket, seen] of sockets) {
      const waiting = socket.writableLength;
      const taken = socket.bytesWritten - waiting;
      if (waiting === 0 || taken > seen.taken) {
        seen.taken = taken;
        seen.at = now;
      } else if (now - seen.at > within) socket.destroy();
    }
  };
  server.on('connection', follow);
  const timer = setInterval(look, every).unref();
  return () => {
    server.off('connection', follow);
    clearInterval(timer);
  };
}
