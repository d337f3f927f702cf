import { type Db, one, type Row } from '../platform/db.ts';

/**
 * Back-channel logouts (OpenID Connect Back-Channel Logout 1.0) that are to be delivered. Written in the transaction that ends the
 * session, so that no site is forgotten by a node that dies.
 */

export interface DueLogout {
  readonly id: string;
  readonly clientId: string;
  readonly uri: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly tries: number;
  readonly createdAt: number;
}

const COLUMNS = 'id, client_id, uri, user_id, session_id, tries, created_at';

/** For every site that was opened in this session and wants to be told; `clientId` narrows it to one. */
export async function queueLogouts(
  tx: Db,
  { now, random }: { now: () => number; random: (bytes: number) => Buffer },
  { sessionId, clientId = null }: { readonly sessionId: string; readonly clientId?: string | null },
): Promise<void> {
  const sites = await tx.all(
    `select distinct c.id, c.backchannel_logout_uri, f.user_id from refresh_tokens f join clients c on c.id = f.client_id
     where f.session_id = $1 and (c.id = $2 or $2 is null) and c.backchannel_logout_uri is not null and c.disabled_at is null`,
    [sessionId, clientId],
  );
  for (const site of sites) {
    await tx.all(
      `insert into logouts (id, client_id, uri, user_id, session_id, created_at, next_try_at, tries) values ($1, $2, $3, $4, $5, $6, $6, 0)`,
      [
        random(16).toString('base64url'),
        site['id'] ?? null,
        site['backchannel_logout_uri'] ?? null,
        site['user_id'] ?? null,
        sessionId,
        now(),
      ],
    );
  }
}

/** Takes up to `limit` logouts whose time has come, and puts their next try at `again`, so that a sender that dies loses nothing. */
export async function takeDueLogouts(db: Db, now: number, again: number, limit: number): Promise<DueLogout[]> {
  const rows = await db.all(
    `update logouts set next_try_at = $2, tries = tries + 1 where id in (
       select id from logouts where next_try_at <= $1 and sent_at is null and given_up_at is null order by next_try_at limit $3)
     and next_try_at <= $1 and sent_at is null and given_up_at is null returning ${COLUMNS}`,
    [now, again, limit],
  );
  return rows.map(fromRow);
}

/** When the next one is due. Null: none waits. */
export async function nextLogoutAt(db: Db): Promise<number | null> {
  const row = await one(db, 'select min(next_try_at) as at from logouts where sent_at is null and given_up_at is null');
  return (row?.['at'] ?? null) as number | null;
}

export async function markLogoutSent(db: Db, id: string, now: number): Promise<void> {
  await db.all('update logouts set sent_at = $2, problem = null where id = $1', [id, now]);
}

/** The site did not take it: again at `nextTryAt`, or never again when that is null. */
export async function markLogoutFailed(db: Db, id: string, problem: string, nextTryAt: number | null, now: number): Promise<void> {
  await db.all(
    `update logouts set problem = $2, next_try_at = coalesce($3, next_try_at), given_up_at = case when $3 is null then $4 end where id = $1`,
    [id, problem, nextTryAt, now],
  );
}

/** Job: delivered or given up a day ago. */
export async function deleteOldLogouts(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from logouts where id in (select id from logouts where sent_at <= $1 or given_up_at <= $1 limit $2) returning id',
    [now - 24 * 3_600_000, limit],
  );
  return rows.length;
}

function fromRow(row: Row): DueLogout {
  return {
    id: row['id'] as string,
    clientId: row['client_id'] as string,
    uri: row['uri'] as string,
    userId: row['user_id'] as string,
    sessionId: row['session_id'] as string,
    tries: row['tries'] as number,
    createdAt: row['created_at'] as number,
  };
}
