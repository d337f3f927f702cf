import type { Fault } from './play.ts';

let turn = 0;

export const nodeKilled: Fault = {
  name: 'node-killed',
  sentence: 'a node is killed with SIGKILL in the middle of traffic, and started again',
  async strike({ stage, people }) {
    const node = stage.nodes[turn++ % stage.nodes.length];
    await node?.kill();
    // The others carry on alone.
    if (stage.nodes.length > 1) await people.getOn(10);
    await node?.start();
  },
};
