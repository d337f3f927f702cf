import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** In which direction nothing passes: what the client says, what the server answers, or both. */
export type FrozenWay = 'there' | 'back' | 'both';

/** A wire between a client and a server that can go dead without anyone being told, as when a firewall forgets a connection. */
export interface FreezableProxy {
  readonly port: number;
  /** From here on nothing passes; new connections are accepted and stay silent. */
  freeze(way?: FrozenWay): void;
  /** From here on every connection breaks, and every new one as soon as it is there. */
  sever(): void;
  /** All is well again. What waited on a frozen connection arrives. */
  thaw(): void;
  /** New connections work, the frozen ones stay dead: a fail-over. */
  failOver(): void;
  /** Breaks all connections at once. */
  cut(): void;
  close(): Promise<void>;
}

export async function startFreezableProxy(target: { readonly host: string; readonly port: number }): Promise<FreezableProxy> {
  const sockets = new Map<Socket, Exclude<FrozenWay, 'both'>>();
  let frozen: FrozenWay | null = null;
  let severed = false;

  const isFrozen = (way: FrozenWay): boolean => frozen === 'both' || frozen === way;
  const follow = (socket: Socket, way: Exclude<FrozenWay, 'both'>): void => {
    sockets.set(socket, way);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (isFrozen(way)) socket.pause();
  };
  const server = createServer((inner) => {
    if (severed) {
      inner.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const outer = createConnection(target);
    inner.on('data', (bytes) => outer.write(bytes)).on('close', () => outer.destroy());
    outer.on('data', (bytes) => inner.write(bytes)).on('close', () => inner.destroy());
    follow(inner, 'there');
    follow(outer, 'back');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  const cut = (): void => {
    for (const socket of sockets.keys()) socket.destroy();
  };
  return {
    port: address.port,
    freeze(way = 'both') {
      frozen = way;
      for (const [socket, direction] of sockets) if (isFrozen(direction)) socket.pause();
    },
    sever() {
      severed = true;
      cut();
    },
    thaw() {
      frozen = null;
      severed = false;
      for (const socket of sockets.keys()) socket.resume();
    },
    failOver() {
      frozen = null;
    },
    cut,
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
