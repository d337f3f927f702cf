import { fillSearchKeys } from '../accounts/user.ts';
import type { Deps } from '../deps.ts';

/** Users that are filled in at a time: few enough that nobody waits behind them. */
const BATCH = 200;

/** Makes users findable whom a node of an older version wrote while both ran. Nothing to do is one look at an index. */
export async function indexUsers({ db }: Pick<Deps, 'db'>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((await fillSearchKeys(db, BATCH)) < BATCH) return;
  }
}
