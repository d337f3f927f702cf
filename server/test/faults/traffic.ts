import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FAULT_KINDS, type FaultKind, type Verdict } from '../../../bench/faults/judge.ts';
import { type Fault, type PlayOptions, play } from '../../../bench/faults/play.ts';
import { StageMissing } from '../../../bench/faults/stage.ts';
import { memoryFolder } from '../../../scripts/services/memory-folder.ts';

/** Few people, one strike each, and states that last as short as they can: the whole stands in bench/faults. */
const SHORT: PlayOptions = {
  people: 4,
  seed: 7,
  lasting: 300,
  // Other tests have the machine too: what is held against it here is that an answer comes.
  answerWithin: 9000,
};

/** Null: this machine lacks what it takes, and the test is skipped loudly; where CI is true that is a failure. */
export async function playShort(t: TestContext, faults: readonly Fault[], options: PlayOptions = {}): Promise<Verdict | null> {
  const folder = memoryFolder();
  const stage = { ...faults[0]?.stage, ...(folder === null || faults[0]?.stage?.folder !== undefined ? {} : { folder }) };
  try {
    return await play(faults, { ...SHORT, stage, ...options });
  } catch (error) {
    if (!(error instanceof StageMissing)) throw error;
    skipLoudly(t, error);
    return null;
  }
}

export function skipLoudly(t: TestContext, { message }: StageMissing): void {
  const sentence = `SKIPPED, NOT TESTED: ${message}`;
  if (process.env['CI'] === 'true') throw new Error(sentence);
  process.stderr.write(`${sentence}: ${t.name}\n`);
  t.skip(sentence);
}

export function assertClean(t: TestContext, { faults, ...figures }: Verdict): void {
  const found = Object.entries(faults).filter(([, said]) => said.length > 0);
  const named = Object.fromEntries(found.map(([kind, said]) => [FAULT_KINDS[kind as FaultKind], said]));
  assert.deepEqual(named, {});
  const { requests, acknowledged, unavailable, broken, strictTries } = figures;
  t.diagnostic(
    `${requests} requests, ${acknowledged} told, ${unavailable + broken} asked again, ${strictTries} strict routes tried: nothing lost`,
  );
}
