import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detector } from '../../../bench/faults/detector.ts';
import { playShort } from './traffic.ts';

/** A kill may come when everything has just been written: PostgreSQL does so of itself where another program makes it wait. */
const KILLS = 4;

test('the judge of the faults is not blind: where PostgreSQL says yes before anything is written, it finds what a kill has lost', async (t) => {
  for (let kills = 1; kills <= KILLS; kills += 1) {
    const verdict = await playShort(t, [detector], { lettersWithin: 1000, seed: kills });
    if (verdict === null) return;
    const [first, ...more] = verdict.faults.lost;
    if (first !== undefined) return t.diagnostic(`found after ${kills} kills: ${first}, and ${more.length} more`);
  }
  assert.fail(`${KILLS} kills, and no loss was seen`);
});
