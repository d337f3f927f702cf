import { installPeers } from '../peers.ts';
import { type Message, type Spawn, spawnServer } from '../server-process.ts';
import type { Prepared, Running } from '../target.ts';

/** Starts a server program that answers the driver by `serveDriver`. */
export async function startDriven(options: Spawn): Promise<Running> {
  const server = spawnServer(options);
  const { port } = await server.message();
  return {
    server,
    port: Number(port),
    async prepare(count) {
      server.tell({ prepare: count });
      return preparedFrom(await server.message());
    },
  };
}

/** The same for a program that needs the packages of `peers`. */
export async function startPeer(options: Spawn): Promise<Running> {
  installPeers();
  return startDriven(options);
}

export function preparedFrom({ tokens, durability }: Message): Prepared {
  if (!Array.isArray(tokens)) throw new Error('No grants were made.');
  return { tokens, durability: String(durability) };
}
