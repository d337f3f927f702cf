import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FrontName, rollingRestart } from '../../../bench/faults/rolling-restart.ts';
import { rounds } from '../counts.ts';
import { reasonToSkip } from '../outside/programs.ts';
import { assertSeamless, FEW } from './seamless.ts';

/** The full count tries our own proxy too; in the short one nodes of two releases stand behind that one. */
const TRIED: readonly FrontName[] = rounds(1, 2) === 1 ? ['nginx'] : ['nginx', 'own'];

for (const front of TRIED) {
  const skip = front === 'nginx' ? reasonToSkip('nginx') : false;
  test(`both nodes are restarted behind ${front === 'nginx' ? 'nginx' : 'a proxy of our own'}, and no request fails`, {
    skip,
  }, async () => {
    const requests = rounds(100, 50_000);
    const rolling = await rollingRestart({ front, requests, rounds: rounds(1, 5), ...FEW });
    assertSeamless(rolling);
    assert.ok(rolling.requests >= requests && rolling.restarts >= 2);
  });
}
