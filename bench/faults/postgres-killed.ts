import { type Fault, untilFelt } from './play.ts';

export const postgresKilled: Fault = {
  name: 'postgres-killed',
  sentence: 'every process of PostgreSQL is killed with SIGKILL, and it is started again',
  async strike({ stage, people }) {
    await stage.postgres?.kill();
    await untilFelt(people);
    await stage.postgres?.start();
  },
};
