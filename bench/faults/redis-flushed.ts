import type { Fault } from './play.ts';

const TIMES = 5;

export const redisFlushed: Fault = {
  name: 'redis-flushed',
  sentence: 'Redis loses everything, again and again',
  async strike({ stage, people }) {
    for (let time = 0; time < TIMES; time += 1) {
      await stage.redis?.command('FLUSHALL');
      await people.getOn(5);
    }
  },
};
