import { runSlice, type Slice } from './driver.ts';
import { type MachineTime, machineTime } from './machine.ts';
import { type OneUse, raceOneToken } from './one-use.ts';
import { peakMemoryMib, processorMs } from './process-cost.ts';
import type { Place, Running, Target } from './target.ts';

/** Races on one token in a measurement; each takes a token out of the chains. */
const RACES = 20;

/** A target that runs, with live tokens. */
export interface Contender {
  readonly target: Target;
  readonly running: Running;
  readonly durability: string;
  readonly chains: string[];
  readonly raceTokens: readonly string[];
  readonly spare: string[];
}

export interface Sample extends Slice {
  readonly round: number;
  readonly concurrency: number;
  /** Processor time of the server in this slice; null where /proc does not exist. */
  readonly serverMs: number | null;
  /** Shares of all cores that went to other programs (a database server included) and to other guests of the host. */
  readonly otherLoad: number | null;
  readonly stolenLoad: number | null;
}

export interface Ending {
  readonly races: readonly OneUse[];
  readonly peakMemoryMib: number | null;
}

export function nameOf(target: Target): string {
  return `${target.name}-${target.database.toLowerCase()}`;
}

export async function startContender(target: Target, place: Place, families: number): Promise<Contender> {
  const running = await target.start(place);
  try {
    const { tokens, durability } = await running.prepare(families + RACES + (target.spare ?? 0));
    return {
      target,
      running,
      durability,
      chains: tokens.slice(RACES, RACES + families),
      raceTokens: tokens.slice(0, RACES),
      spare: tokens.slice(RACES + families),
    };
  } catch (error) {
    await running.server.stop();
    throw error;
  }
}

export async function takeSample(
  { target, running, chains, spare }: Contender,
  round: number,
  concurrency: number,
  seconds: number,
  cores: number,
): Promise<Sample> {
  const machineBefore = machineTime();
  const driverBefore = process.cpuUsage();
  const serverBefore = processorMs(running.server.pid);
  const slice = await runSlice(target, { port: running.port, concurrency, milliseconds: seconds * 1000, chains, spare });
  const serverAfter = processorMs(running.server.pid);
  const driver = process.cpuUsage(driverBefore);
  const serverMs = serverBefore === null || serverAfter === null ? null : serverAfter - serverBefore;
  const capacityMs = slice.seconds * 1000 * cores;
  const machine = difference(machineBefore, machineTime());
  return {
    ...slice,
    round,
    concurrency,
    serverMs,
    otherLoad:
      machine === null || serverMs === null
        ? null
        : Math.max(0, machine.busy - serverMs - (driver.user + driver.system) / 1000) / capacityMs,
    stolenLoad: machine === null ? null : machine.stolen / capacityMs,
  };
}

/** Races last: where a peer answers a race by ending the grant, nothing is measured on its remains. */
export async function endContender({ target, running, raceTokens }: Contender): Promise<Ending> {
  const races: OneUse[] = [];
  if (target.unraced === undefined) for (const token of raceTokens) races.push(await raceOneToken(target, running, token));
  return { races, peakMemoryMib: peakMemoryMib(running.server.pid) };
}

function difference(before: MachineTime | null, after: MachineTime | null): MachineTime | null {
  return before && after ? { busy: after.busy - before.busy, stolen: after.stolen - before.stolen } : null;
}
