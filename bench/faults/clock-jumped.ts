import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, untilNotReady } from './play.ts';
import { type FalseClock, makeFalseClock } from './stage/false-clock.ts';
import { StageMissing } from './stage.ts';

const HOUR = 3600;

export const CLOCK_JUMPED = { name: 'clock-jumped', sentence: 'the clock of one node jumps an hour ahead, and later an hour back' };

/** Of two nodes one believes that it is an hour later, then that it is an hour earlier. */
export function clockJumped(clock: FalseClock): Fault {
  return {
    ...CLOCK_JUMPED,
    async strike({ stage, people, lasting }) {
      const [node] = stage.nodes;
      if (node === undefined) return;
      await node.end();
      await node.start(clock.settings);
      for (const seconds of [HOUR, -HOUR]) {
        clock.jump(seconds);
        await untilNotReady(node);
        await sleep(lasting);
        await people.getOn(20);
        clock.jump(0);
        await people.getOn(10);
      }
    },
  };
}

/** Throws StageMissing where clocks cannot be made to lie. */
export async function withFalseClock<T>(use: (fault: Fault) => Promise<T>): Promise<T> {
  const clock = makeFalseClock();
  if (clock === null) throw new StageMissing('no libfaketime on this machine (Debian: faketime)');
  try {
    return await use(clockJumped(clock));
  } finally {
    clock.close();
  }
}
