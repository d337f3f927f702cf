import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './play.ts';

const DOWN = 700;

export const postgresKilled: Fault = {
  name: 'postgres-killed',
  sentence: 'every process of PostgreSQL is killed with SIGKILL, and it is started again',
  async strike({ stage }) {
    await stage.postgres?.kill();
    await sleep(DOWN);
    await stage.postgres?.start();
  },
};
