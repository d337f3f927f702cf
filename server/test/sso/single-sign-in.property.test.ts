import fc from 'fast-check';
import { rounds } from '../counts.ts';
import { onTwoNodes } from '../nodes.ts';
import { DAY, HOUR, MINUTE } from '../world.ts';
import { type Act, play } from './sign-ins.ts';

/** Signed in to one is signed in to all; one expires, all expire; one ends, all end: whatever is done in whatever order. */

const SEED = 20_260_105;
const IDLE = 12 * DAY;

const kind = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom<Act['kind'][]>('open') },
  { weight: 5, arbitrary: fc.constantFrom<Act['kind'][]>('refreshSite', 'wait') },
  { weight: 6, arbitrary: fc.constantFrom<Act['kind'][]>('openApp', 'openApp', 'refreshApp', 'leaveApp') },
  { weight: 4, arbitrary: fc.constantFrom<Act['kind'][]>('signIn') },
  { weight: 2, arbitrary: fc.constantFrom<Act['kind'][]>('refresh', 'extend', 'leave', 'recover') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Act['kind'][]>('signOut', 'signOutEverywhere', 'revoke', 'hold', 'changePassword', 'disable', 'enable'),
  },
);
const act: fc.Arbitrary<Act> = fc.record({
  kind,
  browser: fc.nat({ max: 1 }),
  site: fc.nat({ max: 2 }),
  node: fc.nat({ max: 1 }),
  milliseconds: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1000, MINUTE, 4 * MINUTE, HOUR) },
    { weight: 2, arbitrary: fc.constantFrom(DAY, 6 * DAY) },
    { weight: 1, arbitrary: fc.constantFrom(13 * DAY, 30 * DAY) },
  ),
});

onTwoNodes(
  'three sites, two browsers, two nodes: expiries are equal and everybody agrees on who is signed in, after every one of random acts',
  async (first, second, t) => {
    const runs = rounds(6, 300);
    let played = 0;
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 8, maxLength: 24, size: 'max' }), async (acts) => {
        number += 1;
        played += acts.length;
        await play([first, second], `p${number}`, acts, IDLE);
      }),
      { numRuns: runs, seed: SEED, endOnFailure: true },
    );
    t.diagnostic(`${runs} histories, ${played} acts`);
  },
  { config: { sessionIdle: IDLE } },
);
