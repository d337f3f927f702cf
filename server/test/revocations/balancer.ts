import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** One address in front of several servers, each connection to the next that takes it: what stands before the nodes of an installation. */
export interface Balancer {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let next = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const connect = (inner: Socket, tries: number) => {
    const port = ports[next++ % ports.length] ?? 0;
    const outer = createConnection({ host: '127.0.0.1', port });
    keep(outer);
    let connected = false;
    outer.once('connect', () => {
      connected = true;
      inner.pipe(outer).pipe(inner);
    });
    outer.on('error', () => {
      if (!connected && tries > 1) connect(inner, tries - 1);
      else inner.destroy();
    });
    outer.on('close', () => connected && inner.destroy());
    inner.on('close', () => outer.destroy());
  };
  const server = createServer((inner) => {
    keep(inner);
    inner.on('error', () => inner.destroy());
    connect(inner, ports.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
