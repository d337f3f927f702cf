import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './play.ts';

export const redisFrozen: Fault = {
  name: 'redis-frozen',
  sentence: 'Redis takes every connection and says nothing',
  async strike({ stage, people, lasting }) {
    stage.redis?.freeze();
    await sleep(lasting);
    // Nobody needs it.
    await people.getOn(20);
    stage.redis?.thaw();
  },
};
