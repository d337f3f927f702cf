import { setImmediate as nextTurn } from 'node:timers/promises';
import { whileNobodyWaits } from './deadline.ts';
import type { Log } from './log.ts';

export interface Afterwork {
  /** Begins in a later turn, so that it neither delays an answer nor colours its timing. Failures are logged. */
  readonly begin: (work: () => Promise<void>) => void;
  settled(): Promise<void>;
}

export function createAfterwork(log: Log): Afterwork {
  const open = new Set<Promise<void>>();
  return {
    begin: (work) => {
      const done: Promise<void> = nextTurn()
        .then(() => whileNobodyWaits(work))
        .catch((cause: unknown) => log.error({ err: cause }, 'work after an answer failed'))
        .finally(() => open.delete(done));
      open.add(done);
    },
    settled: async () => {
      while (open.size > 0) await Promise.all(open);
    },
  };
}
