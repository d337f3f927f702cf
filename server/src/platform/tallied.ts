import { Refusal } from '@portico/protocol/errors';
import type { LabelsOf, Tally } from './tally.ts';

/** Does the work, and counts what came of it: the result that `resultOf` names (null: none of these), or the code of the refusal. */
export async function tallied<Name extends 'signIns' | 'signUps', T>(
  tally: Tally,
  name: Name,
  way: string,
  work: () => Promise<T>,
  resultOf: (done: T) => LabelsOf<Name>['result'] | null,
): Promise<T> {
  let done: T;
  try {
    done = await work();
  } catch (cause) {
    const isRefused = cause instanceof Refusal && cause.status < 500;
    const reason = cause instanceof Refusal ? cause.code : 'internal';
    tally.count<'signIns' | 'signUps'>(name, { way, result: isRefused ? 'refused' : 'failed', reason });
    throw cause;
  }
  const result = resultOf(done);
  if (result !== null) tally.count(name, { way, result, reason: 'none' } as LabelsOf<Name>);
  return done;
}
