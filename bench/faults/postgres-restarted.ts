import { type Fault, untilFelt } from './play.ts';

let turn = 0;

export const postgresRestarted: Fault = {
  name: 'postgres-restarted',
  sentence: 'PostgreSQL is restarted as operators do it, by turns `fast` and `immediate`',
  async strike({ stage, people }) {
    await stage.postgres?.end(turn++ % 2 === 0 ? 'fast' : 'immediate');
    await untilFelt(people);
    await stage.postgres?.start();
  },
};
