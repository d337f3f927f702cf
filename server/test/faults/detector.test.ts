import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detector } from '../../../bench/faults/detector.ts';
import { playShort } from './traffic.ts';

test('the judge of the faults is not blind: where PostgreSQL says yes before anything is written, it finds what a kill has lost', async (t) => {
  const verdict = await playShort(t, [detector], { lettersWithin: 1000 });
  if (verdict === null) return;
  assert.notDeepEqual(verdict.faults.lost, []);
  t.diagnostic(`found: ${verdict.faults.lost[0]}${verdict.faults.lost.length > 1 ? ` and ${verdict.faults.lost.length - 1} more` : ''}`);
});
