import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEARD_WITHIN, type SideBySide, sideBySide } from '../../../bench/faults/n-minus-1.ts';
import { FRONTS, type FrontName, type Rolling, rollingRestart } from '../../../bench/faults/rolling-restart.ts';
import { StageMissing } from '../../../bench/faults/stage.ts';
import { rounds } from '../counts.ts';
import { reasonToSkip } from '../outside/programs.ts';

/** Short versions of bench/faults/rolling-restart.ts and n-minus-1.ts, which count every 503; here a busy machine is forgiven its own. */

const FEW = { people: 2, visitors: 1, pause: 40 };

/** Portico said in good order, and after it had waited, that the machine has no time: no restart does that. */
const BUSY = / after [2-9]\d{3} ms: 503 \{"error":"(?:unavailable|busy)"/;

function assertSeamless({ failed, badEnds, verdict, events }: Rolling): void {
  const { late: _speed, ...faults } = verdict.faults;
  const seen = failed.filter((one) => !BUSY.test(one));
  assert.deepEqual(seen, [], events.join('\n'));
  assert.deepEqual(badEnds, []);
  for (const [kind, said] of Object.entries(faults)) assert.deepEqual(said, [], kind);
}

for (const front of Object.keys(FRONTS) as FrontName[]) {
  const skip = front === 'nginx' ? reasonToSkip('nginx') : false;
  test(`both nodes are restarted behind ${front === 'nginx' ? 'nginx' : 'a proxy of our own'}, and no request fails`, {
    skip,
  }, async () => {
    const rolling = await rollingRestart({ front, requests: rounds(100, 50_000), rounds: rounds(1, 5), ...FEW });
    assertSeamless(rolling);
    assert.ok(rolling.requests >= rounds(100, 50_000) && rolling.restarts >= 2);
  });
}

test('this release and the one before serve one database, up and down again, and hear of each other’s sign-outs', async (t) => {
  let result: SideBySide;
  try {
    result = await sideBySide({ requests: rounds(100, 20_000), rounds: rounds(1, 3), ...FEW });
  } catch (error) {
    if (!(error instanceof StageMissing)) throw error;
    process.stderr.write(`SKIPPED, NOT TRIED WITH THE RELEASE BEFORE: ${error.message}\n`);
    t.skip(error.message);
    return;
  }
  assertSeamless(result.rolling);
  assert.ok(result.heardAfter.length >= 3);
  // Within a second on a machine that has time; the script holds it to that.
  for (const { way, milliseconds } of result.heardAfter) assert.ok(milliseconds < 15 * HEARD_WITHIN, `${way}: ${milliseconds} ms`);
});
