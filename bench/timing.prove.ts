import assert from 'node:assert/strict';
import { HOUR, inWorld, PASSWORD, type World } from '../server/test/world.ts';

/**
 * Whether the time of an answer tells which addresses exist. Measured with the cheapest hash there is, so that nothing hides behind its cost:
 * what is left is our own work, and that must be the same. Only `npm run prove` runs it: a machine's noise must not fail a change.
 */

const SIDE = 1000;
/** How far from one half: nearly four standard errors of an honest coin with so many throws. */
const TOLERANCE = 0.05;
const KNOWN = 20;

/** The chance that a random time of `a` is longer than one of `b`: 0.5 tells nothing, 0 or 1 everything. */
function area(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((time) => ({ time, ours: true })), ...b.map((time) => ({ time, ours: false }))].sort((x, y) => x.time - y.time);
  const ranks = all.reduce((sum, { ours }, at) => sum + (ours ? at + 1 : 0), 0);
  return (ranks - (a.length * (a.length + 1)) / 2) / (a.length * b.length);
}

async function compare(world: World, ask: (email: string) => Promise<unknown>): Promise<number> {
  const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
  for (let n = 0; n < SIDE + 10; n += 1) {
    // Neither side always comes first.
    const order = n % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const kind of order) {
      const began = performance.now();
      // As many of each: a row that was touched a moment ago is found faster, whoever's it is.
      await ask(`${kind === 'known' ? 'known' : 'other'}${n % KNOWN}@example.com`);
      const took = performance.now() - began;
      await world.settled();
      // The first ones warm the process up.
      if (n >= 10) times[kind].push(took);
    }
    world.clock.advance(HOUR);
  }
  return area(times.known, times.unknown);
}

inWorld(
  'the time of a sign-in, of a sign-up and of a forgotten password does not tell a known address from an unknown one',
  async (world, t) => {
    for (let n = 0; n < KNOWN; n += 1) await world.signedUp(`known${n}@example.com`);
    const asked = {
      'sign-in': (email: string) => world.browser().signIn(email, 'a wrong password entirely'),
      'sign-up': (email: string) => world.browser().call('signUp', { email, password: PASSWORD }),
      'forgotten password': (email: string) => world.browser().call('forgotPassword', { email }),
    };
    for (const [name, ask] of Object.entries(asked)) {
      const told = await compare(world, ask);
      t.diagnostic(`${name}: area under the curve ${told.toFixed(3)} with ${SIDE} of each`);
      assert.ok(Math.abs(told - 0.5) < TOLERANCE, `${name} tells them apart: ${told}`);
    }
  },
);
