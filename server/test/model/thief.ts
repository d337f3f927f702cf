import assert from 'node:assert/strict';
import { type Command, command, receiveAnswerTo, serveNow } from './commands.ts';
import { attemptOf, type Call, type History, type Holder, isAlive, newAttempt, type Request } from './history.ts';

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
        rotations: [],
        ownerCaughtUp: 0,
        rolledBack: m.rows.family.gen < jar.gen,
        spent: false,
      };
    },
  });
}

/** Any token that the thief ever held (0 = the newest), with any attempt that it can make. */
export interface Move {
  readonly pick: number;
  readonly choice: AttemptChoice;
  readonly call: Call;
  readonly withDevice: boolean;
}

/** The thief's request is on its way. */
export function thief(move: Move): Command {
  return command({
    name: `thief(${JSON.stringify(move)})`,
    when: (m) => m.thief !== null,
    run: (m) => {
      assert.ok(m.thief !== null);
      m.requests.push(requestOfThief(m.kind, m.thief, move));
    },
  });
}

/** The whole way of one request of the thief. */
export function strike(move: Move, node: number): Command {
  return command({
    name: `strike(${JSON.stringify(move)}, ${node})`,
    when: (m) => m.thief !== null,
    run: async (m, system) => {
      assert.ok(m.thief !== null);
      const request = requestOfThief(m.kind, m.thief, move);
      m.requests.push(request);
      await serveNow(m, system, [request], { order: [0], nodes: [node], pause: 0, diesAfter: 0 });
      receiveAnswerTo(m, request);
    },
  });
}

function requestOfThief(kind: History['kind'], holder: Holder, { pick, choice, call, withDevice }: Move): Request {
  const known = [holder.jar, ...holder.past.toReversed()];
  const holding = known[pick % known.length] ?? holder.jar;
  const attempt = chooseAttempt(holder, holding.gen, choice);
  return { party: 'thief', call: kind === 'native' ? 'refresh' : call, holding, attempt, withDevice };
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
