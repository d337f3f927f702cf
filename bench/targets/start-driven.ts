import { type Spawn, spawnServer } from '../server-process.ts';
import type { Running } from '../target.ts';

/** Starts a server program that answers the driver by `serveDriver`. */
export async function startDriven(options: Spawn): Promise<Running> {
  const server = spawnServer(options);
  const { port, durability } = await server.message();
  return {
    server,
    port: Number(port),
    durability: String(durability),
    async prepare(count) {
      server.tell({ prepare: count });
      const { tokens } = await server.message();
      if (!Array.isArray(tokens)) throw new Error(`${options.script} made no grants.`);
      return tokens;
    },
  };
}
