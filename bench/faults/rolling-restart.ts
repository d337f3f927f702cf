/** `node bench/faults/rolling-restart.ts`: both nodes restarted again and again under mixed traffic. No request may fail. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OAUTH, PAGES, SYSTEM } from '@portico/protocol/routes';
import { isClean, judge, type Verdict } from './judge.ts';
import { type Calls, openLedger } from './ledger.ts';
import { connectLine } from './line.ts';
import { letPeopleIn } from './people.ts';
import { startNginx } from './stage/nginx.ts';
import { startProxy } from './stage/proxy.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';

export const FRONTS = { nginx: startNginx, own: startProxy } as const;
export type FrontName = keyof typeof FRONTS;

export interface RollingOptions {
  readonly front: FrontName;
  /** Goes on until so many were answered, and each node was restarted at least `rounds` times. */
  readonly requests: number;
  readonly rounds: number;
  readonly people?: number;
  /** Milliseconds that each of the people pauses between two things. */
  readonly pause?: number;
  readonly visitors?: number;
  readonly stage?: StageOptions;
  /** What is done in each round; the two nodes one after the other unless given. */
  readonly round?: (stage: Stage, ends: Ends) => Promise<void>;
  /** What more must be so, while everybody goes on after the last round; sentences about what is not. */
  readonly alsoTrue?: (stage: Stage) => Promise<readonly string[]>;
}

export interface Rolling {
  readonly requests: number;
  readonly restarts: number;
  /** Exit codes of nodes that did not end well. */
  readonly badEnds: readonly (number | null)[];
  /** How long the slowest node took to end, in milliseconds. */
  readonly slowestEnd: number;
  /** What a browser or an SDK would have seen as an error, before it asks again. */
  readonly failed: readonly string[];
  /** When which node was told to end, had ended and was ready again. */
  readonly events: readonly string[];
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly verdict: Verdict;
}

/** Two seconds in production: nginx does not ask whether a node is ready, so it learns by connections; our own proxy asks. */
export const DRAIN_DELAY = '2s';
/** What visitors without an account open: pages, keys, documents. */
const VISITED = [PAGES.signIn, PAGES.signUp, SYSTEM.jwks, SYSTEM.openIdConfiguration, SYSTEM.portico, SYSTEM.health];

export async function rollingRestart(options: RollingOptions): Promise<Rolling> {
  const settings = options.stage?.settings ?? { PORTICO_DRAIN_DELAY: DRAIN_DELAY };
  const stage = await openStage({ nodes: 2, front: FRONTS[options.front], ...options.stage, settings });
  try {
    const people = await letPeopleIn(stage, { people: options.people ?? 5, seed: 7, pause: options.pause ?? 20 });
    const visitors = letVisitorsIn(stage.port, options.visitors ?? 4);
    const ends = watchEnds();
    try {
      const { calls } = people.ledger;
      let round = 0;
      for (; round < options.rounds || calls.total + visitors.calls.total < options.requests; round += 1) {
        await (options.round ?? restartBoth)(stage, ends);
        await people.getOn(20);
      }
      await people.stop();
      await visitors.stop();
      const all = [calls, visitors.calls, people.siteCalls];
      // What the judge asks is not part of the traffic.
      const figures = {
        requests: sum(all, ({ total }) => total),
        failed: all.flatMap(({ failures }) => failures),
        events: ends.events,
        ...timesOf(all),
      };
      const judged = await judge(people);
      const also = (await options.alsoTrue?.(stage)) ?? [];
      const verdict = { ...judged, faults: { ...judged.faults, wrong: [...judged.faults.wrong, ...also] } };
      return { ...figures, restarts: ends.count(), badEnds: ends.bad, slowestEnd: ends.slowest(), verdict };
    } finally {
      await visitors.stop();
      await people.stop();
      people.close();
    }
  } finally {
    await stage.close();
  }
}

/** Whether nothing failed that anybody could have seen. */
export function isSeamless({ failed, badEnds, verdict }: Rolling): boolean {
  return failed.length === 0 && badEnds.length === 0 && isClean(verdict);
}

/** Ends nodes, and keeps how they ended. */
export interface Ends {
  readonly bad: (number | null)[];
  readonly events: string[];
  end(node: Stage['nodes'][number]): Promise<void>;
  slowest(): number;
  count(): number;
}

function watchEnds(): Ends {
  const bad: (number | null)[] = [];
  let slowest = 0;
  let count = 0;
  const events: string[] = [];
  return {
    bad,
    events,
    slowest: () => Math.round(slowest),
    count: () => count,
    end: async (node) => {
      const began = performance.now();
      events.push(`${new Date().toISOString()} ${node.name} is asked to end`);
      const code = await node.end();
      count += 1;
      slowest = Math.max(slowest, performance.now() - began);
      events.push(`${new Date().toISOString()} ${node.name} has ended`);
      if (code !== 0) bad.push(code);
    },
  };
}

async function restartBoth({ nodes }: Stage, ends: Ends): Promise<void> {
  for (const node of nodes) {
    await ends.end(node);
    await node.start();
    ends.events.push(`${new Date().toISOString()} ${node.name} is ready again`);
    // The proxy must find it again before the other one goes: nginx tries a node that failed after its fail_timeout of 2 s.
    await sleep(FOUND_AGAIN);
  }
}

/** In milliseconds. */
const FOUND_AGAIN = 3000;

interface Visitors {
  readonly calls: Calls;
  stop(): Promise<void>;
}

/** Programs and people without an account, who ask and never ask again. */
function letVisitorsIn(port: number, count: number): Visitors {
  const { calls } = openLedger();
  const line = connectLine(port, calls);
  let over = false;
  const walks = Array.from({ length: count }, async (_, index) => {
    for (let step = index; !over; step += 1) {
      const path = VISITED[step % VISITED.length] ?? '/';
      const answer = await line.get(path, { 'x-forwarded-for': `203.0.113.${index + 1}` }).catch(() => null);
      if (answer !== null && answer.statusCode !== 200 && answer.statusCode < 502) throw new Error(`${path} answered ${answer.statusCode}`);
      // A token that nobody made: a call with a body, which a proxy must not send twice.
      await line.app.inject({ method: 'POST', url: OAUTH.revoke, payload: 'token=none&client_id=reader', headers: FORM }).catch(() => null);
    }
  });
  return {
    calls,
    stop: async () => {
      over = true;
      await Promise.all(walks);
      line.close();
    },
  };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function sum(all: readonly Calls[], of: (calls: Calls) => number): number {
  return all.reduce((total, calls) => total + of(calls), 0);
}

function timesOf(all: readonly Calls[]): { p50: number; p99: number; slowest: number } {
  const times = all.flatMap((calls) => calls.times).sort((a, b) => a - b);
  const at = (part: number) => Math.round(times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), slowest: at(1) };
}

export function tellRolling(name: string, rolling: Rolling): string {
  const { requests, restarts, failed, events, badEnds, slowestEnd, p50, p99, slowest, verdict } = rolling;
  const wrong = Object.entries(verdict.faults).flatMap(([kind, said]) => said.slice(0, 5).map((one) => `  ${kind}: ${one}`));
  return [
    `${name}: ${requests} requests, ${restarts} restarts, failed: ${failed.length}, signed out: ${verdict.faults.signedOut.length}`,
    `  answers: p50 ${p50} ms, p99 ${p99} ms, slowest ${slowest} ms; a node ends within ${slowestEnd} ms; acknowledged: ${verdict.acknowledged}`,
    ...(badEnds.length === 0 ? [] : [`  nodes ended with ${badEnds.join(', ')}`]),
    ...failed.slice(0, 20).map((one) => `  ${one}`),
    ...(failed.length === 0 ? [] : events.map((one) => `  ${one}`)),
    ...wrong,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { requests: { type: 'string' }, rounds: { type: 'string' }, front: { type: 'string' } } });
  const fronts = (Object.keys(FRONTS) as FrontName[]).filter((front) => values.front === undefined || values.front === front);
  for (const front of fronts) {
    const rolling = await rollingRestart({ front, requests: Number(values.requests ?? 50_000), rounds: Number(values.rounds ?? 3) });
    process.stdout.write(`${tellRolling(`rolling restart behind ${front === 'nginx' ? 'nginx' : 'a proxy of our own'}`, rolling)}\n`);
    if (!isSeamless(rolling)) process.exitCode = 1;
  }
}
