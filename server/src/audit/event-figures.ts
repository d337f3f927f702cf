import type { Action } from '@portico/protocol/events';
import { type Db, one } from '../platform/db.ts';

/** The audit log in figures. Each is a range of an index over action and moment, or the newest rows of one. */

/** Counts to `most` and no further. */
export async function countEventsSince(db: Db, action: Action, since: number, most: number): Promise<number> {
  const row = await one(db, 'select count(*) as n from (select 1 as one from events where action = $1 and at >= $2 limit $3) counted', [
    action,
    since,
    most,
  ]);
  return (row?.['n'] ?? 0) as number;
}

/** How many people are in the newest `most` events of an action. */
export async function countPeopleSince(
  db: Db,
  action: Action,
  since: number,
  most: number,
): Promise<{ readonly people: number; readonly events: number }> {
  const row = await one(
    db,
    `select count(distinct user_id) as people, count(*) as n from (
       select user_id from events where action = $1 and at >= $2 order by at desc, id desc limit $3) newest`,
    [action, since, most],
  );
  return { people: (row?.['people'] ?? 0) as number, events: (row?.['n'] ?? 0) as number };
}

/** The reasons of the newest `most` events of an action, as they were written, with how often each stands there. */
export async function countReasonsSince(
  db: Db,
  action: Action,
  since: number,
  most: number,
): Promise<{ readonly reason: string; readonly count: number }[]> {
  const rows = await db.all(
    `select reason, count(*) as n from (
       select reason from events where action = $1 and at >= $2 order by at desc, id desc limit $3) newest
     where reason is not null group by reason`,
    [action, since, most],
  );
  return rows.map((row) => ({ reason: row['reason'] as string, count: row['n'] as number }));
}

/** When the oldest event was written that no seal covers yet. */
export async function findOldestUnsealed(db: Db): Promise<number | null> {
  const row = await one(db, 'select at from events where seal is null order by at, id limit 1');
  return (row?.['at'] ?? null) as number | null;
}
