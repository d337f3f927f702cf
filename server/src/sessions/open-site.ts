import { type Db, one } from '../platform/db.ts';

/** What is open where, as the owner of the sessions sees it: looks at the table of families, and writes nothing. */

/** A site that somebody is signed in to in one of their sessions. */
export interface OpenSite {
  readonly sessionId: string;
  readonly clientId: string;
  readonly scope: string;
  readonly openedAt: number;
  readonly lastUsedAt: number;
}

/** Everything that is open in a user's living sessions, the browser's own families among it. */
export async function listOpenSites(db: Db, userId: string, now: number): Promise<OpenSite[]> {
  const rows = await db.all(
    `select session_id, client_id, scope, created_at, rotated_at from refresh_tokens
     where user_id = $1 and state = 'active' and expires_at > $2 and idle_at > $2 order by created_at limit 5000`,
    [userId, now],
  );
  return rows.map((row) => ({
    sessionId: row['session_id'] as string,
    clientId: row['client_id'] as string,
    scope: row['scope'] as string,
    openedAt: row['created_at'] as number,
    lastUsedAt: row['rotated_at'] as number,
  }));
}

/** In how many sessions a site is open, counted up to `most` of its grants: of more it is only known that they are many. */
export async function countOpenAt(db: Db, clientId: string, now: number, most: number): Promise<number> {
  const row = await one(
    db,
    `select count(distinct session_id) as sessions from (select session_id from refresh_tokens
     where client_id = $1 and state = 'active' and expires_at > $2 and idle_at > $2 limit $3) as open`,
    [clientId, now, most],
  );
  return (row?.['sessions'] ?? 0) as number;
}

/** When each of a user's sessions was last used, for the list of devices. */
export async function lastUseOfSessions(db: Db, userId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db.all(
    `select session_id, max(rotated_at) as last_use from refresh_tokens
     where session_id in (select id from sessions where user_id = $1 and state = 'active') group by session_id`,
    [userId],
  );
  return new Map(rows.map((row) => [row['session_id'] as string, row['last_use'] as number]));
}

/** Living sign-ins at sites, the browsers' own among them, that were made with a chain key: up to `most`, which is counted no further. */
export async function countFamiliesOfKey(db: Db, keyId: number, most: number): Promise<number> {
  const rows = await db.all(
    `select count(*) as living from (
       select 1 from refresh_tokens where key_id = $1 and state in ('active', 'held') limit $2) as found`,
    [keyId, most],
  );
  return rows[0]?.['living'] as number;
}
