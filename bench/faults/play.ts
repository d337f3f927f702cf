import { setTimeout as sleep } from 'node:timers/promises';
import { SYSTEM } from '@portico/protocol/routes';
import { isClean, type JudgeOptions, judge, type Verdict } from './judge.ts';
import { letPeopleIn, type People, type PeopleOptions } from './people.ts';
import type { StageNode } from './stage/node.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';

/** One thing that goes wrong. */
export interface Fault {
  /** As its file is called. */
  readonly name: string;
  /** What happens, for people. */
  readonly sentence: string;
  readonly stage?: StageOptions;
  /** `losses`: the run is good when it finds some. */
  readonly expects?: 'nothing' | 'losses';
  /** Breaks something while people go on, and mends it. When it resolves, the installation may be expected to recover. */
  readonly strike: (scene: Scene) => Promise<void>;
  /** What more must be so afterwards; sentences about what is not. */
  readonly alsoTrue?: (scene: Scene) => Promise<readonly string[]>;
}

export interface Scene {
  readonly stage: Stage;
  readonly people: People;
  /** Milliseconds that a state which lasts is kept up. */
  readonly lasting: number;
}

export interface PlayOptions extends PeopleOptions, JudgeOptions {
  /** The faults strike again, in turn, until this much time is over; in milliseconds. Once each unless given. */
  readonly duration?: number;
  readonly lasting?: number;
  readonly stage?: StageOptions;
  /** Prints the end of what the nodes logged, where something is wrong. */
  readonly logs?: boolean;
}

/** Answers of weight between two strikes: the installation works again, for everybody. */
const BREATH = 20;
const LASTING = 4000;

/** Strikes with each fault in turn, in the middle of mixed traffic, and judges when all is over. */
export async function play(
  faults: readonly Fault[],
  { duration = 0, lasting = LASTING, stage: wanted, logs, ...options }: PlayOptions = {},
): Promise<Verdict> {
  const stage = await openStage({ ...faults[0]?.stage, ...wanted });
  try {
    const people = await letPeopleIn(stage, options);
    const scene: Scene = { stage, people, lasting };
    try {
      await people.getOn(BREATH);
      const over = performance.now() + duration;
      do {
        for (const fault of faults) {
          await fault.strike(scene);
          await people.getOn(BREATH);
        }
      } while (performance.now() < over);
      await people.stop();
      const verdict = await judge(people, options);
      const also = await Promise.all(faults.map(async ({ alsoTrue }) => (alsoTrue === undefined ? [] : alsoTrue(scene))));
      const more = { ...verdict, faults: { ...verdict.faults, wrong: [...verdict.faults.wrong, ...also.flat()] } };
      if (logs === true && !isClean(more)) process.stderr.write(logsOf(stage));
      return more;
    } finally {
      await people.stop();
      people.close();
    }
  } finally {
    await stage.close();
  }
}

const FELT_WITHIN = 20_000;

/** Waits until somebody was not answered, or was asked to come later: a fault that nobody feels shows nothing. */
export async function untilFelt({ ledger: { calls } }: People): Promise<void> {
  const trouble = () => calls.unavailable + calls.broken;
  const before = trouble();
  const deadline = performance.now() + FELT_WITHIN;
  while (trouble() === before) {
    if (performance.now() > deadline) throw new Error('the fault was not felt by anybody');
    await sleep(10);
  }
}

/** Waits until this node alone says that it cannot serve. */
export async function untilNotReady({ port }: StageNode): Promise<void> {
  const deadline = performance.now() + FELT_WITHIN;
  while ((await fetch(`http://127.0.0.1:${port}${SYSTEM.ready}`).catch(() => null))?.ok === true) {
    if (performance.now() > deadline) throw new Error('the fault was not felt by the node');
    await sleep(50);
  }
}

const LOG_END = 3000;

function logsOf({ nodes }: Stage): string {
  return nodes.map((node) => `--- ${node.name} logged:\n${node.log().slice(-LOG_END)}\n`).join('');
}
