import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection } from './connection.ts';
import type { ServerProcess } from './server-process.ts';
import type { Target } from './target.ts';

const CALLERS = 20;
/** Loopback delivers in microseconds. */
const ARRIVAL_MS = 10;

/** What 20 callers get who send the same token at the same moment: eight tabs that wake up, or a page rendered by parallel requests. */
export interface OneUse {
  /** How many of the 20 were answered with tokens. */
  readonly answered: number;
  /** How many different successors they were given; more than one is a forked chain, in which a thief can live. */
  readonly successors: number;
  /** Whether any successor still refreshes afterwards; if not, the race has signed an honest person out. */
  readonly alive: boolean;
}

type Server = Pick<ServerProcess, 'suspend' | 'resume'>;

/**
 * The server is suspended while the callers send, so that it finds all 20 requests at once when it wakes up, as after any pause of its own:
 * otherwise it depends on the scheduler whether they meet at all.
 */
export async function raceOneToken(target: Target, { port, server }: { port: number; server: Server }, token: string): Promise<OneUse> {
  const connections = await Promise.all(Array.from({ length: CALLERS }, () => openConnection(port)));
  const request = target.refreshRequest(token, port);
  server.suspend();
  const sent = connections.map((connection) => connection.send(request));
  await sleep(ARRIVAL_MS);
  server.resume();
  const answers = await Promise.all(sent);
  for (const connection of connections) connection.close();
  const won = answers.map((answer) => target.nextToken(answer, token, [])).filter((next) => next !== null);
  const successors = [...new Set(won)];
  return { answered: won.length, successors: successors.length, alive: await anyRefreshes(target, port, successors) };
}

async function anyRefreshes(target: Target, port: number, tokens: readonly string[]): Promise<boolean> {
  const connection = await openConnection(port);
  let alive = false;
  for (const token of tokens) {
    const answer = await connection.send(target.refreshRequest(token, port));
    alive ||= target.nextToken(answer, token, []) !== null;
  }
  connection.close();
  return alive;
}
