import fc from 'fast-check';
import { DAY, HOUR, MINUTE } from '../world.ts';
import type { Schedule } from './batch.ts';
import * as commands from './commands.ts';
import { type Forgery, forge } from './forgery.ts';
import { TABS } from './history.ts';
import { type Move, steal, strike, thief } from './thief.ts';

/** The histories that are tried: which commands there are, and how often each comes. */

const tab = fc.nat({ max: TABS - 1 });
const node = fc.nat({ max: 1 });
const pick = fc.nat({ max: 7 });
const picks = fc.array(pick, { minLength: 1, maxLength: 3, size: 'max' });

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  order: fc.array(fc.nat({ max: 2 }), { maxLength: 8, size: 'max' }),
  nodes: fc.array(node, { minLength: 3, maxLength: 3 }),
  pause: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(700, 400_000) }),
  diesAfter: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 3) }),
});

const call = fc.oneof(
  { weight: 8, arbitrary: fc.constant('refresh' as const) },
  { weight: 1, arbitrary: fc.constantFrom('extendHard' as const, 'extendSoft' as const, 'session' as const) },
);

const forgery: fc.Arbitrary<Forgery> = fc.oneof(
  fc.record({ kind: fc.constant('a flipped bit' as const), at: fc.nat({ max: 500 }) }),
  fc.record({ kind: fc.constant('cut off' as const), at: fc.nat({ max: 100 }) }),
  fc.constant({ kind: 'another key' as const }),
  fc.constant({ kind: 'another client' as const }),
);

const waits = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 1_000, 30_000, 61_000, 121_000) },
  { weight: 3, arbitrary: fc.constantFrom(6 * MINUTE, HOUR, 13 * HOUR) },
  { weight: 1, arbitrary: fc.constantFrom(DAY, 10 * DAY) },
);

const ordinary: fc.WeightedArbitrary<commands.Command>[] = [
  { weight: 16, arbitrary: tab.map(commands.read) },
  { weight: 40, arbitrary: fc.tuple(tab, call).map(([of, what]) => commands.send(of, what)) },
  { weight: 36, arbitrary: fc.tuple(picks, schedule).map(([of, how]) => commands.serve(of, how)) },
  { weight: 30, arbitrary: pick.map(commands.receive) },
  { weight: 24, arbitrary: fc.tuple(tab, node).map(([of, at]) => commands.refresh(of, at)) },
  {
    weight: 3,
    arbitrary: fc.tuple(pick, fc.constantFrom('request' as const, 'answer' as const)).map(([of, what]) => commands.lose(of, what)),
  },
  { weight: 6, arbitrary: waits.map(commands.wait) },
  { weight: 1, arbitrary: fc.constant(commands.waitForTheEnd) },
  { weight: 2, arbitrary: fc.nat({ max: 3 }).map(commands.crashClient) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 3 }).map(commands.rollBack) },
  { weight: 1, arbitrary: fc.constant(commands.grant) },
  { weight: 1, arbitrary: fc.tuple(picks, schedule).map(([of, how]) => commands.revoke(of, how)) },
  { weight: 1, arbitrary: forgery.map(forge) },
];

const move: fc.Arbitrary<Move> = fc.record({
  pick: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: pick }),
  choice: fc.oneof(
    { weight: 5, arbitrary: fc.constant('own' as const) },
    { weight: 1, arbitrary: fc.constantFrom('fresh' as const, 'none' as const, 'wrong generation' as const) },
  ),
  call,
  withDevice: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

const stolen: fc.WeightedArbitrary<commands.Command>[] = [
  { weight: 12, arbitrary: fc.boolean().map(steal) },
  { weight: 20, arbitrary: move.map(thief) },
  { weight: 14, arbitrary: fc.tuple(move, node).map(([what, at]) => strike(what, at)) },
];

const LONGEST = 60;

export type Variety = 'honest' | 'theft';

export function histories(variety: Variety, replayPath?: string) {
  const all = variety === 'honest' ? ordinary : [...ordinary, ...stolen];
  return fc.commands([fc.oneof(...all)], { maxCommands: LONGEST, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) });
}
