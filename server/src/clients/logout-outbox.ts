import type { SigningAlg } from '@portico/protocol/tokens';
import { type Db, one, type Row } from '../platform/db.ts';
import type { Client } from './client.ts';

/**
 * Back-channel logouts (OpenID Connect Back-Channel Logout 1.0) that are to be delivered. Written in the transaction that ends the
 * session, so that no site is forgotten by a node that dies.
 */

export interface DueLogout {
  readonly id: string;
  readonly clientId: string;
  readonly uri: string;
  /** What the news is signed with, as the site's ID tokens. The client itself may be gone by then. */
  readonly alg: SigningAlg;
  readonly userId: string;
  readonly sessionId: string;
  readonly tries: number;
  readonly createdAt: number;
}

const COLUMNS = 'id, client_id, uri, alg, user_id, session_id, tries, created_at';

/**
 * For every site that was opened in this session and wants to be told, and was not told since; `clientId` narrows it to one. Of a session
 * that is held and then ended one word is enough.
 */
export async function queueLogouts(
  tx: Db,
  { now, random }: OutboxDeps,
  { sessionId, clientId = null }: { readonly sessionId: string; readonly clientId?: string | null },
): Promise<void> {
  const sites = await tx.all(
    `select distinct c.id, c.backchannel_logout_uri, c.id_alg, f.user_id from refresh_tokens f join clients c on c.id = f.client_id
     where f.session_id = $1 and (c.id = $2 or $2 is null) and c.backchannel_logout_uri is not null and c.disabled_at is null
       and not exists (select 1 from logouts l where l.session_id = f.session_id and l.client_id = c.id and l.created_at > f.created_at)`,
    [sessionId, clientId],
  );
  for (const site of sites) await insertLogout(tx, { now, random }, { ...site, session_id: sessionId });
}

/** Sessions that ended by themselves this long ago were told of, or never will be, in milliseconds: their rows go after a day. */
const EXPIRED_WITHIN = 12 * 3_600_000;

/**
 * For the sites of sessions that have reached their absolute end, which no transaction ends: each once, as its row here shows. Only for
 * one caller at a time (a job). Answers how many.
 */
export async function queueExpiredLogouts(tx: Db, deps: OutboxDeps, limit: number): Promise<number> {
  const now = deps.now();
  const ended = await tx.all(
    `select distinct s.id as session_id, c.id, c.backchannel_logout_uri, c.id_alg, f.user_id from sessions s
     join refresh_tokens f on f.session_id = s.id and f.state = 'active'
     join clients c on c.id = f.client_id and c.backchannel_logout_uri is not null and c.disabled_at is null
     where s.state = 'active' and s.expires_at <= $1 and s.expires_at > $2
       and not exists (select 1 from logouts l where l.session_id = s.id and l.client_id = c.id and l.created_at >= s.expires_at) limit $3`,
    [now, now - EXPIRED_WITHIN, limit],
  );
  for (const site of ended) await insertLogout(tx, deps, site);
  return ended.length;
}

/** One site is told of the end of one sign-in there, if it wants to be told. */
export async function queueLogout(
  tx: Db,
  deps: OutboxDeps,
  site: Pick<Client, 'id' | 'backchannelLogoutUri' | 'idAlg'>,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<void> {
  if (site.backchannelLogoutUri === null) return;
  const told = { id: site.id, backchannel_logout_uri: site.backchannelLogoutUri, id_alg: site.idAlg };
  await insertLogout(tx, deps, { ...told, user_id: userId, session_id: sessionId });
}

type OutboxDeps = { readonly now: () => number; readonly random: (bytes: number) => Buffer };

async function insertLogout(tx: Db, { now, random }: OutboxDeps, site: Row): Promise<void> {
  await tx.all(
    `insert into logouts (id, client_id, uri, alg, user_id, session_id, created_at, next_try_at, tries) values ($1, $2, $3, $4, $5, $6, $7, $7, 0)`,
    [
      random(16).toString('base64url'),
      site['id'] ?? null,
      site['backchannel_logout_uri'] ?? null,
      site['id_alg'] ?? null,
      site['user_id'] ?? null,
      site['session_id'] ?? null,
      now(),
    ],
  );
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
  await db.all('update logouts set sent_at = $2, problem = null where id = $1 and sent_at is null', [id, now]);
}

/** The site did not take it: again at `nextTryAt`, or never again when that is null. What an overtaken sender says has no effect. */
export async function markLogoutFailed(
  db: Db,
  { id, tries }: Pick<DueLogout, 'id' | 'tries'>,
  problem: string,
  nextTryAt: number | null,
  now: number,
): Promise<void> {
  await db.all(
    `update logouts set problem = $3, next_try_at = coalesce($4, next_try_at), given_up_at = $5
     where id = $1 and tries = $2 and sent_at is null and given_up_at is null`,
    [id, tries, problem, nextTryAt, nextTryAt === null ? now : null],
  );
}

/** Its next try is now, whether it waits or was given up. Null: it was delivered, or is too old to be kept. */
export async function hurryLogout(tx: Db, id: string, now: number): Promise<Pick<DueLogout, 'clientId' | 'sessionId' | 'tries'> | null> {
  const row = await one(
    tx,
    `update logouts set next_try_at = $2, given_up_at = null where id = $1 and sent_at is null returning ${COLUMNS}`,
    [id, now],
  );
  return row === null ? null : fromRow(row);
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
    alg: row['alg'] as SigningAlg,
    userId: row['user_id'] as string,
    sessionId: row['session_id'] as string,
    tries: row['tries'] as number,
    createdAt: row['created_at'] as number,
  };
}
