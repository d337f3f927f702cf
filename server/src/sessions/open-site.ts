import type { Db } from '../platform/db.ts';

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

/** When each of a user's sessions was last used, for the list of devices. */
export async function lastUseOfSessions(db: Db, userId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db.all(
    `select session_id, max(rotated_at) as last_use from refresh_tokens
     where session_id in (select id from sessions where user_id = $1 and state = 'active') group by session_id`,
    [userId],
  );
  return new Map(rows.map((row) => [row['session_id'] as string, row['last_use'] as number]));
}
