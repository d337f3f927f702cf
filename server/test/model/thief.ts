import assert from 'node:assert/strict';
import { type Command, command } from './commands.ts';
import { type Call, type History, type Holder, attemptOf, isAlive, newAttempt } from './history.ts';

/** What somebody can do who has copied the owner's cookies, once, and perhaps the attempts beside them. */

/** `own`: as an honest client would, from a store that began as the copy. `fresh`: another one each time. */
export type AttemptChoice = 'own' | 'fresh' | 'none' | 'wrong generation';

export function steal(withAttempts: boolean): Command {
  return command({
    name: `steal(${withAttempts ? 'cookies and attempts' : 'cookies'})`,
    when: (m) => m.thief === null && isAlive(m),
    run: (m) => {
      const { jar, attempts } = m.owner;
      m.thief = { party: 'thief', jar, past: [], attempts: new Map(withAttempts ? attempts : []), tabs: [] };
      m.theft = {
        pending: withAttempts && attempts.has(jar.gen),
        gen: jar.gen,
        rotations: [],
        granted: new Set(),
        rolledBack: m.rows.family.gen < jar.gen,
        spent: false,
      };
    },
  });
}

/** The thief sends any token that it ever held, with any attempt that it can make. */
export function thief(pick: number, choice: AttemptChoice, call: Call, withDevice: boolean): Command {
  return command({
    name: `thief(${pick}, ${choice}, ${call}${withDevice ? '' : ', without the device cookie'})`,
    when: (m) => m.thief !== null,
    run: (m) => {
      assert.ok(m.thief !== null);
      const known = [m.thief.jar, ...m.thief.past.toReversed()];
      const holding = known[pick % known.length] ?? m.thief.jar;
      const attempt = chooseAttempt(m.thief, holding.gen, choice);
      m.requests.push({ party: 'thief', call: m.kind === 'native' ? 'refresh' : call, holding, attempt, withDevice });
    },
  });
}

function chooseAttempt(holder: Holder, gen: number, choice: AttemptChoice): string | null {
  switch (choice) {
    case 'own':
      return attemptOf(holder, gen);
    case 'fresh':
      return newAttempt(gen);
    case 'none':
      return null;
    case 'wrong generation':
      return newAttempt(gen + 1);
  }
}

/** How often fresh rotations changed hands. */
export function handChanges({ theft }: Pick<History, 'theft'>): number {
  return (theft?.rotations ?? []).filter((party, index, all) => index > 0 && all[index - 1] !== party).length;
}
