import assert from 'node:assert/strict';
import type { Rolling } from '../../../bench/faults/rolling-restart.ts';

/** Short versions of bench/faults/rolling-restart.ts and n-minus-1.ts, which count every 503; here a busy machine is forgiven its own. */

export const FEW = { people: 2, visitors: 1, pause: 40 };

/** Portico said in good order, and after it had waited, that the machine has no time: no restart does that. */
const BUSY = / after [2-9]\d{3} ms: 503 \{"error":"(?:unavailable|busy)"/;

export function assertSeamless({ failed, badEnds, verdict, events }: Rolling): void {
  const { late: _speed, ...faults } = verdict.faults;
  const seen = failed.filter((one) => !BUSY.test(one));
  assert.deepEqual(seen, [], events.join('\n'));
  assert.deepEqual(badEnds, []);
  for (const [kind, said] of Object.entries(faults)) assert.deepEqual(said, [], kind);
}
