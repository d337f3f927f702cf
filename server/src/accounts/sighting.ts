import { type Db, one } from '../platform/db.ts';

/**
 * The table of sightings: in which networks and with which families of browsers a user has signed in. What the next sign-in is compared
 * with, and forgotten after ninety days.
 */
export interface Sighting {
  /** An IPv4 /24 or an IPv6 /48. */
  readonly network: string;
  /** "Firefox" */
  readonly browser: string;
}

/** A sighting counts for this long, in milliseconds. */
export const SIGHTING_LIFE = 90 * 86_400_000;

/** In the transaction of every sign-in. */
export async function noteSighting(tx: Db, userId: string, { network, browser }: Sighting, now: number): Promise<void> {
  await tx.all(
    `insert into sightings (user_id, kind, value, last_seen_at) values ($1, 'network', $2, $4), ($1, 'browser', $3, $4)
     on conflict (user_id, kind, value) do update set last_seen_at = excluded.last_seen_at`,
    [userId, network, browser, now],
  );
}

/** Which half of it the user was seen with before. */
export async function findSighting(
  db: Db,
  userId: string,
  { network, browser }: Sighting,
  now: number,
): Promise<{ readonly network: boolean; readonly browser: boolean }> {
  const row = await one(
    db,
    `select count(case when kind = 'network' then 1 end) as networks, count(case when kind = 'browser' then 1 end) as browsers
     from sightings where user_id = $1 and last_seen_at > $4 and ((kind = 'network' and value = $2) or (kind = 'browser' and value = $3))`,
    [userId, network, browser, now - SIGHTING_LIFE],
  );
  return { network: row?.['networks'] !== 0, browser: row?.['browsers'] !== 0 };
}

/** All that is remembered of a user, newest first. */
export async function listSightings(db: Db, userId: string): Promise<{ kind: string; value: string; lastSeenAt: number }[]> {
  const rows = await db.all(
    'select kind, value, last_seen_at from sightings where user_id = $1 order by last_seen_at desc, kind, value limit 1000',
    [userId],
  );
  return rows.map((row) => ({ kind: row['kind'] as string, value: row['value'] as string, lastSeenAt: row['last_seen_at'] as number }));
}

/** Somebody else had the account: nobody can say whose these were. */
export async function forgetSightings(tx: Db, userId: string): Promise<void> {
  await tx.all('delete from sightings where user_id = $1', [userId]);
}

/** Job: sightings that no longer count. */
export async function deleteOldSightings(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from sightings where last_seen_at <= $1
       and (user_id, kind, value) in (select user_id, kind, value from sightings where last_seen_at <= $1 limit $2) returning user_id`,
    [now - SIGHTING_LIFE, limit],
  );
  return rows.length;
}
