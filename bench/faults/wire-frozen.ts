import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, untilNotReady } from './play.ts';

export const wireFrozen: Fault = {
  name: 'wire-frozen',
  sentence: 'the network between one node and the database goes silent, and nobody is told',
  async strike({ stage, lasting }) {
    const [node] = stage.nodes;
    if (node === undefined) return;
    node.toDatabase?.freeze();
    await untilNotReady(node);
    await sleep(lasting);
    node.toDatabase?.thaw();
  },
};
