import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './play.ts';

export const wireOneWay: Fault = {
  name: 'wire-one-way',
  sentence: 'one node hears nothing from the database, which hears and does all that the node says; then the other way round',
  async strike({ stage, people, lasting }) {
    for (const way of ['back', 'there'] as const) {
      stage.nodes[0]?.toDatabase?.freeze(way);
      await sleep(lasting);
      stage.nodes[0]?.toDatabase?.thaw();
      await people.getOn(5);
    }
  },
};
