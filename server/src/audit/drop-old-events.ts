import type { Db } from '../platform/db.ts';
import { deleteEventsOfSeals } from './event.ts';
import { listOldestBatches, markDropped, type Seal } from './seal.ts';

/**
 * Job: events whose time is over go, whole batches at a time and oldest first, so that what is left is still an unbroken chain. Answers how
 * many went; it is `limit` or more while there is more to do. What waits for its seal stays.
 */
export async function dropOldEvents(db: Db, { before, now, limit }: { before: number; now: number; limit: number }): Promise<number> {
  return db.transaction(async (tx) => {
    const due = dueOf(await listOldestBatches(tx, limit), before, limit);
    const [first, last] = [due[0], due.at(-1)];
    if (first === undefined || last === undefined) return 0;
    await deleteEventsOfSeals(tx, first.seq, last.seq);
    await markDropped(tx, last.seq, now);
    return due.reduce((sum, { events }) => sum + events, 0);
  });
}

function dueOf(seals: readonly Seal[], before: number, limit: number): Seal[] {
  const due: Seal[] = [];
  let events = 0;
  for (const seal of seals) {
    if (seal.untilAt >= before || events >= limit) break;
    due.push(seal);
    events += seal.events;
  }
  return due;
}
