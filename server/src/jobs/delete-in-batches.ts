import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';

/** Rows that one statement deletes: few enough that nobody waits behind it. */
export const DELETE_BATCH = 500;

/** A noun's deletion of rows whose time is over: at most `limit` of them, answering how many. */
export type DeleteSome = (db: Db, now: number, limit: number) => Promise<number>;

/** Deletes batch after batch until there is less than one. */
export async function deleteInBatches({ db, now }: Pick<Deps, 'db' | 'now'>, signal: AbortSignal, deleteSome: DeleteSome): Promise<void> {
  while (!signal.aborted) {
    if ((await deleteSome(db, now(), DELETE_BATCH)) < DELETE_BATCH) return;
  }
}
