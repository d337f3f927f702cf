import { type Connection, openConnection } from './connection.ts';
import type { Target } from './target.ts';

export interface Slice {
  readonly refreshes: number;
  readonly seconds: number;
  /** How long each refresh took, in milliseconds. */
  readonly latencies: readonly number[];
  /** Share of its core that the driver used: near 1 the driver is measured, not the server. */
  readonly driverLoad: number;
}

export interface SliceOptions {
  readonly port: number;
  readonly concurrency: number;
  readonly milliseconds: number;
  /** Live refresh tokens, one a chain; each refresh replaces its token by the successor. */
  readonly chains: string[];
  /** What a chain goes on with where a token has no successor. */
  readonly spare?: string[];
}

/**
 * Refreshes with `concurrency` callers at once for about `milliseconds`. Every caller walks over chains of its own in turn,
 * so the writes fall on many rows, as the refreshes of many signed-in people do, and every token is used once.
 */
export async function runSlice(target: Target, options: SliceOptions): Promise<Slice> {
  const { port, concurrency, chains, spare = [] } = options;
  const connections = await Promise.all(Array.from({ length: concurrency }, () => openConnection(port)));
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const end = start + options.milliseconds;
  const callers = connections.map((connection, caller) =>
    refreshUntil(target, { port, connection, chains, spare, caller, callers: concurrency, end, latencies }),
  );
  await Promise.all(callers).finally(() => {
    for (const connection of connections) connection.close();
  });
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    refreshes: latencies.length,
    seconds,
    latencies,
    driverLoad: (cpu.user + cpu.system) / 1e6 / seconds,
  };
}

interface Caller {
  readonly port: number;
  readonly connection: Connection;
  readonly chains: string[];
  readonly spare: string[];
  readonly caller: number;
  readonly callers: number;
  readonly end: number;
  readonly latencies: number[];
}

async function refreshUntil(target: Target, { port, connection, chains, spare, caller, callers, end, latencies }: Caller): Promise<void> {
  let chain = caller;
  for (let before = performance.now(); before < end; ) {
    const token = chains[chain];
    if (token === undefined) throw new Error(`${target.name} has fewer chains than callers.`);
    const answer = await connection.send(target.refreshRequest(token, port));
    const after = performance.now();
    const next = target.nextToken(answer, token, spare);
    // An honest chain is never refused: a refusal here is a finding, not a slow request.
    if (next === null || next === token)
      throw new Error(`${target.name} refused an honest refresh: ${answer.status} ${answer.body.slice(0, 300)}`);
    chains[chain] = next;
    latencies.push(after - before);
    before = after;
    chain = chain + callers < chains.length ? chain + callers : caller;
  }
}
