import { Refusal } from '@portico/protocol/errors';

const TRIES = 20;

/** For what the test itself does with the database: a machine that is busy with something else must not fail it. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'unavailable') || tries === TRIES) throw error;
    }
  }
}
