import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** A wire between a client and a server that can go dead without anyone being told, as when a firewall forgets a connection. */
export interface FreezableProxy {
  readonly port: number;
  /** From here on nothing passes; new connections are accepted and stay silent. */
  freeze(): void;
  thaw(): void;
  /** New connections work, the frozen ones stay dead: a fail-over. */
  failOver(): void;
  /** Breaks all connections at once. */
  cut(): void;
  close(): Promise<void>;
}

export async function startFreezableProxy(target: { readonly host: string; readonly port: number }): Promise<FreezableProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;

  const follow = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (frozen) socket.pause();
  };
  const server = createServer((inner) => {
    const outer = createConnection(target);
    inner.on('data', (bytes) => outer.write(bytes)).on('close', () => outer.destroy());
    outer.on('data', (bytes) => inner.write(bytes)).on('close', () => inner.destroy());
    follow(inner);
    follow(outer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    failOver() {
      frozen = false;
    },
    cut,
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
