import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './play.ts';

export const wireFrozen: Fault = {
  name: 'wire-frozen',
  sentence: 'the network between one node and the database goes silent, and nobody is told',
  async strike({ stage, lasting }) {
    stage.nodes[0]?.toDatabase?.freeze();
    await sleep(lasting);
    stage.nodes[0]?.toDatabase?.thaw();
  },
};
