import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './play.ts';

export const wireCut: Fault = {
  name: 'wire-cut',
  sentence: 'the network between one node and the database is cut: every connection breaks, and every new one',
  async strike({ stage, lasting }) {
    stage.nodes[0]?.toDatabase?.sever();
    await sleep(lasting);
    stage.nodes[0]?.toDatabase?.thaw();
  },
};
