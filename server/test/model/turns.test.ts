import assert from 'node:assert/strict';
import { forEachDatabase } from '../databases.ts';
import * as commands from './commands.ts';
import { finish } from './finish.ts';
import { beginHistory, type History } from './history.ts';
import { prepareGround, type System, signIn } from './system.ts';
import { handChanges, type Move, steal, strike } from './thief.ts';

/** Histories written down by hand: what the limit of I2 looks like, and how it ends. */

const NEWEST: Move = { pick: 0, choice: 'own', call: 'refresh', withDevice: true };
/** The token before, with the attempt that was sent with it: a retry. */
const RETRY: Move = { ...NEWEST, pick: 1 };

const AT_ONCE = { order: [0], nodes: [0], pause: 0, diesAfter: 0 };

async function play(m: History, system: System, steps: readonly commands.Command[]): Promise<void> {
  for (const step of steps) {
    assert.ok(step.check(m), `${step.toString()} does not apply`);
    await step.run(m, system);
  }
}

forEachDatabase('a thief with the cookies alone is caught at the first ordinary refresh of the owner', async (open) => {
  const system = await signIn(await prepareGround(await open()), 'browser');
  const m = await beginHistory(system);
  await play(m, system, [commands.refresh(0, 0), steal(false), strike(NEWEST, 0), strike(NEWEST, 0), commands.refresh(0, 0)]);
  assert.equal(m.rows.session.state, 'held');
  assert.equal(handChanges(m), 0);
  await finish(m, system, AT_ONCE);
});

forEachDatabase('owner and thief take turns only while each of the owner’s answers is lost and retried, and no longer', async (open) => {
  const system = await signIn(await prepareGround(await open()), 'browser');
  const m = await beginHistory(system);
  // The answer to the owner's refresh is lost, and the jar holds the older token when the thief copies it and rotates.
  await play(m, system, [commands.refresh(0, 0), steal(false), strike(NEWEST, 0), commands.crashClient(1)]);
  for (let turn = 1; turn <= 3; turn += 1) {
    // The owner's retry is answered with the newest token, though the thief made it; the owner goes on, and that answer is lost again.
    await play(m, system, [commands.refresh(0, 0), commands.refresh(0, 0), commands.crashClient(1)]);
    assert.equal(handChanges(m), 2 * turn - 1);
    await play(m, system, [strike(RETRY, 0), strike(NEWEST, 0)]);
    assert.equal(handChanges(m), 2 * turn);
  }
  // One answer that arrives, and the next to ask is caught.
  await play(m, system, [commands.refresh(0, 0), commands.refresh(0, 0), strike(NEWEST, 0)]);
  assert.equal(m.rows.session.state, 'held');
  await finish(m, system, AT_ONCE);
});
