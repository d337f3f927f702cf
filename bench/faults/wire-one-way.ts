import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, untilNotReady } from './play.ts';

export const wireOneWay: Fault = {
  name: 'wire-one-way',
  sentence: 'one node hears nothing from the database, which hears and does all that the node says; then the other way round',
  async strike({ stage, people, lasting }) {
    const [node] = stage.nodes;
    if (node === undefined) return;
    for (const way of ['back', 'there'] as const) {
      node.toDatabase?.freeze(way);
      await untilNotReady(node);
      await sleep(lasting);
      node.toDatabase?.thaw();
      await people.getOn(5);
    }
  },
};
