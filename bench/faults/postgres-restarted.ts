import type { Fault } from './play.ts';

let turn = 0;

export const postgresRestarted: Fault = {
  name: 'postgres-restarted',
  sentence: 'PostgreSQL is restarted as operators do it, by turns `fast` and `immediate`',
  async strike({ stage }) {
    await stage.postgres?.end(turn++ % 2 === 0 ? 'fast' : 'immediate');
    await stage.postgres?.start();
  },
};
