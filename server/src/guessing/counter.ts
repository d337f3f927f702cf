import { type Db, one } from '../platform/db.ts';
import type { Limit } from './limits.ts';

/**
 * Counters of tries, in the database, so that every node counts on the same one. One upsert counts and answers, *before* the costly
 * or guessable act: a thousand parallel guesses are a thousand different counts, and only the allowed number goes on.
 */

export interface Count {
  readonly allowed: boolean;
  readonly count: number;
  /** Seconds until the window ends. */
  readonly retryAfter: number;
}

/** Counts one try of `subject` (an address, an account, a session). */
export async function countTry(db: Db, limit: Limit, subject: string, now: number): Promise<Count> {
  const row = await one(
    db,
    `insert into counters (name, count, expires_at) values ($1, 1, $3)
     on conflict (name) do update set
       count = case when counters.expires_at <= $2 then 1 else counters.count + 1 end,
       expires_at = case when counters.expires_at <= $2 then excluded.expires_at else counters.expires_at end
     returning count, expires_at`,
    [`${limit.name}:${subject}`, now, now + limit.window],
  );
  const count = row?.['count'] as number;
  return { allowed: count <= limit.max, count, retryAfter: Math.max(1, Math.ceil(((row?.['expires_at'] as number) - now) / 1000)) };
}

/** Takes a try back, because it was an honest one. */
export async function forgiveTry(db: Db, limit: Limit, subject: string): Promise<void> {
  await db.all('update counters set count = count - 1 where name = $1 and count > 0', [`${limit.name}:${subject}`]);
}

/** How far a counter has come, without counting. */
export async function readCount(db: Db, limit: Limit, subject: string, now: number): Promise<number> {
  const row = await one(db, 'select count from counters where name = $1 and expires_at > $2', [`${limit.name}:${subject}`, now]);
  return row === null ? 0 : (row['count'] as number);
}

/** Starts over: somebody who may said that what was counted shall not count. */
export async function clearTries(db: Db, limit: Limit, subject: string): Promise<void> {
  await db.all('delete from counters where name = $1', [`${limit.name}:${subject}`]);
}

export async function deleteExpiredCounters(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from counters where name in (select name from counters where expires_at <= $1 limit $2) and expires_at <= $1 returning name',
    [now, limit],
  );
  return rows.length;
}
