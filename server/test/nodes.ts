import type { TestContext } from 'node:test';
import { forEachDatabase } from './databases.ts';
import { type Clock, heldClock, openWorld, type World, type WorldOptions } from './world.ts';

export interface NodesOptions extends Omit<WorldOptions, 'clock'> {
  /** How far the second node's clock is ahead of the first one's, in milliseconds; negative: behind. */
  readonly skew?: number;
}

/** A test with two nodes on one database. */
export function onTwoNodes(
  name: string,
  body: (first: World, second: World, t: TestContext) => Promise<void>,
  { skew = 0, ...options }: NodesOptions = {},
): void {
  forEachDatabase(name, async (open, t) => {
    const db = await open();
    const clock = heldClock();
    const skewed: Clock = { now: () => clock.now() + skew, advance: clock.advance };
    const first = await openWorld(db, { ...options, clock });
    try {
      const second = await openWorld(db, { ...options, clock: skewed });
      try {
        await body(first, second, t);
      } finally {
        await second.close();
      }
    } finally {
      await first.close();
    }
  });
}
