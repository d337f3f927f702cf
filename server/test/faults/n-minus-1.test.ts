import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEARD_WITHIN, type SideBySide, sideBySide } from '../../../bench/faults/n-minus-1.ts';
import { StageMissing } from '../../../bench/faults/stage.ts';
import { rounds } from '../counts.ts';
import { assertSeamless, FEW } from './seamless.ts';

test('this release and the one before serve one database, up and down again, and hear of each other’s sign-outs', async (t) => {
  let result: SideBySide;
  try {
    result = await sideBySide({ requests: rounds(100, 20_000), rounds: rounds(1, 3), brief: rounds(1, 3) === 1, ...FEW });
  } catch (error) {
    if (!(error instanceof StageMissing)) throw error;
    process.stderr.write(`SKIPPED, NOT TRIED WITH THE RELEASE BEFORE: ${error.message}\n`);
    t.skip(error.message);
    return;
  }
  assertSeamless(result.rolling);
  assert.ok(result.heardAfter.length >= 2);
  // Within a second on a machine that has time; the script holds it to that.
  for (const { way, milliseconds } of result.heardAfter) assert.ok(milliseconds < 15 * HEARD_WITHIN, `${way}: ${milliseconds} ms`);
});
