import type { Db } from '../platform/db.ts';
import type { KeptEvent } from './event-digest.ts';

/**
 * How sign-ins went, hour by hour. An event is counted once, by the transaction that seals it: a day of an attack has millions of events, and
 * none of them is read again to say how many they were.
 */

export interface HourCount {
  readonly action: string;
  /** Hours since the epoch. */
  readonly hour: number;
  readonly count: number;
}

const HOUR = 3_600_000;
const COUNTED: readonly string[] = ['signin.succeeded', 'signin.failed', 'signin.throttled', 'signin.held'];
/** Longer than any screen looks back. In hours. */
const KEPT_HOURS = 7 * 24;

/** Adds events that one seal covers, in the seal's transaction: both are done, or neither. */
export async function countSealedSignIns(tx: Db, events: readonly KeptEvent[], now: number): Promise<void> {
  const oldest = oldestKept(now);
  const signIns = events.filter(({ action, at }) => COUNTED.includes(action) && Math.floor(at / HOUR) >= oldest);
  const groups = Map.groupBy(signIns, ({ action, at }) => `${Math.floor(at / HOUR)} ${action}`);
  for (const [key, { length: count }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [hour = '', action = ''] = key.split(' ');
    await tx.all(
      `insert into sign_in_hours (hour, action, count) values ($1, $2, $3)
       on conflict (hour, action) do update set count = sign_in_hours.count + excluded.count`,
      [Number(hour), action, count],
    );
  }
}

/**
 * Each hour from `firstHour` on: what is sealed, and the newest `most` events of what is not. One statement, so that an event is not missed
 * or counted twice while it is sealed.
 */
export async function countSignInHours(db: Db, firstHour: number, most: number): Promise<HourCount[]> {
  const rows = await db.all(
    `select action, hour, sum(count) as n from (
       select action, hour, count from sign_in_hours where hour >= $1
       union all
       select action, at / 3600000, 1 from (
         select action, at from events where seal is null and at >= $2 order by at desc, id desc limit $3) unsealed
       where action in ('signin.succeeded', 'signin.failed', 'signin.throttled', 'signin.held')) counted
     group by action, hour`,
    [firstHour, firstHour * HOUR, most],
  );
  return rows.map((row) => ({ action: row['action'] as string, hour: row['hour'] as number, count: row['n'] as number }));
}

/** Job: hours that no screen shows any more. */
export async function deleteOldSignInHours(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from sign_in_hours where (hour, action) in (select hour, action from sign_in_hours where hour < $1 limit $2) returning hour`,
    [oldestKept(now), limit],
  );
  return rows.length;
}

const oldestKept = (now: number) => Math.floor(now / HOUR) - KEPT_HOURS;
