import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, untilNotReady } from './play.ts';

export const wireCut: Fault = {
  name: 'wire-cut',
  sentence: 'the network between one node and the database is cut: every connection breaks, and every new one',
  async strike({ stage, lasting }) {
    const [node] = stage.nodes;
    if (node === undefined) return;
    node.toDatabase?.sever();
    await untilNotReady(node);
    await sleep(lasting);
    node.toDatabase?.thaw();
  },
};
