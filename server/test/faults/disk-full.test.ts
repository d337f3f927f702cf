import { test } from 'node:test';
import { onSmallDisk } from '../../../bench/faults/disk-full.ts';
import { StageMissing } from '../../../bench/faults/stage.ts';
import { assertClean, playShort, skipLoudly } from './traffic.ts';

test('a full disk under SQLite is 503 until it has room again; nothing that was told is lost, and nobody is signed out', async (t) => {
  try {
    const verdict = await onSmallDisk((fault) => playShort(t, [fault]));
    if (verdict !== null) assertClean(t, verdict);
  } catch (error) {
    if (!(error instanceof StageMissing)) throw error;
    skipLoudly(t, error);
  }
});
