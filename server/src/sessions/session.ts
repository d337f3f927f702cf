import { type AccessAlg, FIRST_PARTY_CLIENT, type UnusualReason } from '@portico/protocol/tokens';
import type { Origin } from '../caller.ts';
import { listSigningSecrets } from '../clients/client-secret.ts';
import { queueLogouts } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import { type Db, one, type Row } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import type { EndReason } from './end-reason.ts';
import { endFamiliesOfSession } from './refresh-token.ts';
import { insertRevocation } from './revocation.ts';
import {
  type Grant,
  type GrantClient,
  grantedUserFrom,
  OWN_PAGES,
  type Persistence,
  type Session,
  type SessionState,
  sessionFrom,
  wordsOf,
} from './session-row.ts';

/**
 * The table of sessions: one row per sign-in at the auth domain; every site's families hang from it.
 * Lock order everywhere: user, sessions by id, families by id.
 */

export type { EndReason, Grant, Persistence, Session, SessionState };
export { OWN_PAGES };

/** A session without "keep me signed in" ends after this long, in milliseconds. */
export const BROWSER_SESSION_LIFE = 12 * 3_600_000;
/** A held session waits this long for its owner, in milliseconds. */
export const HELD_WAIT = 12 * 3_600_000;

const COLUMNS =
  'id, user_id, state, persistence, kind, amr, auth_time, csrf_from, user_agent, address, created_at, expires_at, held_until, proved_at, unusual, uv_read';

export interface NewSession {
  readonly userId: string | null;
  readonly state: 'unverified' | 'active';
  readonly persistence: Persistence;
  readonly kind?: 'browser' | 'device';
  readonly amr: readonly string[];
  readonly authTime: number;
  readonly expiresAt: number;
  readonly waitingHash: string | null;
  /** Only of a sign-in that waits because it is unusual. */
  readonly unusual?: readonly UnusualReason[];
  readonly uvRead?: number;
}

export async function insertSession(tx: Db, deps: Pick<Deps, 'now' | 'random'>, from: Origin, session: NewSession): Promise<Session> {
  const now = deps.now();
  const row = await one(
    tx,
    `insert into sessions (id, user_id, state, persistence, amr, auth_time, waiting_hash, csrf_from, user_agent, address, created_at, touched_at, expires_at, unusual, uv_read, kind)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $8, $11, $12, $13, $14) returning ${COLUMNS}`,
    [
      deps.random(16).toString('base64url'),
      session.userId,
      session.state,
      session.persistence,
      JSON.stringify(session.amr),
      session.authTime,
      session.waitingHash,
      now,
      from.userAgent,
      from.address,
      session.expiresAt,
      session.unusual === undefined ? null : JSON.stringify(session.unusual),
      session.uvRead ?? null,
      session.kind ?? 'browser',
    ],
  );
  return sessionFrom(row as Row);
}

/** Whatever makes a family does this first, in the same transaction: null means refused, and nothing can be born after a revocation. */
export async function lockActiveSession(tx: Db, id: string, now: number): Promise<Session | null> {
  const row = await one(
    tx,
    `update sessions set touched_at = $2 where id = $1 and state = 'active' and expires_at > $2 returning ${COLUMNS}`,
    [id, now],
  );
  return row === null ? null : sessionFrom(row);
}

/** UNVERIFIED becomes ACTIVE: the code was right. Null when it waits no longer. */
export async function activateSession(
  tx: Db,
  { id, userId, amr, now, expiresAt }: { id: string; userId: string; amr: readonly string[]; now: number; expiresAt: number },
): Promise<Session | null> {
  const row = await one(
    tx,
    `update sessions set state = 'active', user_id = $2, amr = $3, auth_time = $4, touched_at = $4, csrf_from = $4, expires_at = $5, waiting_hash = null, unusual = null
     where id = $1 and state = 'unverified' and expires_at > $4 returning ${COLUMNS}`,
    [id, userId, JSON.stringify(amr), now, expiresAt],
  );
  return row === null ? null : sessionFrom(row);
}

export async function findSession(db: Db, id: string): Promise<Session | null> {
  const row = await one(db, `select ${COLUMNS} from sessions where id = $1`, [id]);
  return row === null ? null : sessionFrom(row);
}

/** The session that waits for a code in the browser with this cookie; expiry is checked here as well as by the job. */
export async function findWaitingSession(db: Db, waitingHash: string, now: number): Promise<Session | null> {
  const row = await one(db, `select ${COLUMNS} from sessions where waiting_hash = $1 and state = 'unverified' and expires_at > $2`, [
    waitingHash,
    now,
  ]);
  return row === null ? null : sessionFrom(row);
}

const GRANT_COLUMNS = `s.id, s.user_id, s.state, s.persistence, s.kind, s.amr, s.auth_time, s.csrf_from, s.user_agent, s.address, s.created_at, s.expires_at,
  s.held_until, s.proved_at, s.unusual, s.uv_read, u.email, u.display_name, u.role, u.uv, u.verified_at, u.suspended_at, c.disabled_at,
  c.access_alg, c.access_life, c.cv, c.scopes, c.roles as defined_roles, r.roles as client_roles`;

const GRANT = `select ${GRANT_COLUMNS} from sessions s join users u on u.id = s.user_id join clients c on c.id = $2
  left join client_roles r on r.user_id = u.id and r.client_id = c.id where s.id = $1`;

/** The same for many callers. */
const GRANTS = {
  together: `select ${GRANT_COLUMNS} from unnest($1::text[], $2::text[]) as a (id, client_id)
    join sessions s on s.id = a.id join users u on u.id = s.user_id join clients c on c.id = a.client_id
    left join client_roles r on r.user_id = u.id and r.client_id = c.id`,
};

/** Session, user and client of a family by primary keys. Null when one of them is gone. */
export async function findGrant(db: Db, sessionId: string, clientId: string, now: number): Promise<Grant | null> {
  const row = await one(db, GRANT, [sessionId, clientId], GRANTS);
  if (row === null) return null;
  const session = sessionFrom(row);
  const userId = row['user_id'] as string;
  return {
    session: { ...session, userId },
    user: grantedUserFrom(row),
    clientId,
    client: await grantClient(
      db,
      { id: clientId, accessAlg: row['access_alg'] as AccessAlg, accessLife: row['access_life'] as number | null, cv: row['cv'] as number },
      now,
    ),
    ...wordsOf(row),
    alive: session.state === 'active' && session.expiresAt > now && row['suspended_at'] === null && row['disabled_at'] === null,
  };
}

/** How the tokens of a client are made. Only those of HS256 need one more look, at the secret that signs them. */
export async function grantClient(
  db: Db,
  { id, accessAlg, accessLife, cv }: { id: string; accessAlg: AccessAlg; accessLife: number | null; cv: number },
  now: number,
): Promise<GrantClient> {
  const secrets = accessAlg === 'HS256' ? await listSigningSecrets(db, id, now) : [];
  const signing = secrets.findLast(({ currentFrom }) => currentFrom <= now) ?? null;
  return { accessAlg, accessLife, cv, signingSecret: signing === null ? null : { id: signing.id, sealed: signing.sealed } };
}

/** A user's living sessions, newest first. A session has no idle end of its own: it is idle when all its families are. */
export async function listSessionsOfUser(db: Db, userId: string, now: number): Promise<Session[]> {
  const rows = await db.all(
    `select ${COLUMNS} from sessions where user_id = $1 and state = 'active' and expires_at > $2
       and exists (select 1 from refresh_tokens where session_id = sessions.id and refresh_tokens.state = 'active' and idle_at > $2)
     order by created_at desc, id limit 200`,
    [userId, now],
  );
  return rows.map(sessionFrom);
}

/** When a session of this user was last held, if that was after `since`. Null: none was. */
export async function findHoldSince(db: Db, userId: string, since: number): Promise<number | null> {
  const row = await one(db, 'select max(held_at) as held_at from sessions where user_id = $1 and held_at > $2', [userId, since]);
  return (row?.['held_at'] ?? null) as number | null;
}

/** Every session that is kept of a user, whatever became of it. */
export async function listKeptSessions(db: Db, userId: string): Promise<Session[]> {
  return (await db.all(`select ${COLUMNS} from sessions where user_id = $1 order by created_at desc limit 1000`, [userId])).map(
    sessionFrom,
  );
}

/** Its user has just proved who they are, once more. */
export async function markProved(tx: Db, id: string, now: number): Promise<void> {
  await tx.all(`update sessions set proved_at = $2 where id = $1 and state = 'active'`, [id, now]);
}

/** CSRF tokens from before now begin to die. */
export async function restartCsrf(db: Db, id: string, now: number): Promise<void> {
  await db.all(`update sessions set csrf_from = $2 where id = $1 and state = 'active'`, [id, now]);
}

/**
 * Ends a session for good: the row, its families and the revocation in one transaction. Null when it had ended before.
 * The caller adds the entry to `deps.revoked` after the commit.
 */
export async function revokeSession(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random' | 'config'>,
  id: string,
  reason: EndReason,
): Promise<Revocation | null> {
  const now = deps.now();
  const row = await one(
    tx,
    `update sessions set state = 'revoked', ended_at = $2, ended_reason = $3, waiting_hash = null
     where id = $1 and state in ('unverified', 'active', 'held') returning id`,
    [id, now, reason],
  );
  if (row === null) return null;
  await endFamiliesOfSession(tx, id, 'revoked', now);
  await queueLogouts(tx, deps, { sessionId: id });
  return insertRevocation(tx, deps, { kind: 'sid', subject: id, minimumUv: null });
}

/** Ends a user's sessions, in the order of their ids so that two such acts cannot deadlock. */
export async function revokeSessionsOfUser(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random' | 'config'>,
  userId: string,
  reason: EndReason,
  except: string | null,
): Promise<Revocation[]> {
  const rows = await tx.all(`select id from sessions where user_id = $1 and state in ('unverified', 'active', 'held') order by id`, [
    userId,
  ]);
  const entries: Revocation[] = [];
  for (const row of rows) {
    const id = row['id'] as string;
    if (id === except) continue;
    const entry = await revokeSession(tx, deps, id, reason);
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/** ACTIVE becomes HELD: a copied token was seen. All families are held with it. Null when it was not active any more. */
export async function holdSession(tx: Db, deps: Pick<Deps, 'now' | 'random' | 'config'>, id: string): Promise<Revocation | null> {
  const now = deps.now();
  const row = await one(
    tx,
    `update sessions set state = 'held', held_at = $2, held_until = case when expires_at < $3 then expires_at else $3 end
     where id = $1 and state = 'active' returning id`,
    [id, now, now + HELD_WAIT],
  );
  if (row === null) return null;
  await endFamiliesOfSession(tx, id, 'held', now);
  await queueLogouts(tx, deps, { sessionId: id });
  return insertRevocation(tx, deps, { kind: 'sid', subject: id, minimumUv: null });
}

/** HELD becomes REVOKED because its owner came back; the caller makes the new session in the same transaction. */
export async function retireHeldSession(tx: Db, id: string, now: number): Promise<Session | null> {
  const row = await one(
    tx,
    `update sessions set state = 'revoked', ended_at = $2, ended_reason = 'recovered'
     where id = $1 and state = 'held' and held_until > $2 and expires_at > $2 returning ${COLUMNS}`,
    [id, now],
  );
  if (row === null) return null;
  await endFamiliesOfSession(tx, id, 'revoked', now);
  return sessionFrom(row);
}

/** Job: waiting sessions whose 12 hours are over, with the sign-ups and codes that hang from them. */
export async function deleteExpiredUnverifiedSessions(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from sessions where id in (select id from sessions where state = 'unverified' and expires_at <= $1 limit $2)
     and state = 'unverified' and expires_at <= $1 returning id`,
    [now, limit],
  );
  return rows.length;
}

/** Job: sessions that ended or expired a day ago; until then their tokens are still told apart from garbage. */
export async function deleteEndedSessions(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from sessions where id in (
       select id from sessions where (state in ('active', 'held') and expires_at <= $1) or (state = 'held' and held_until <= $1)
         or (state = 'revoked' and ended_at <= $1) limit $2) returning id`,
    [now - 24 * 3_600_000, limit],
  );
  return rows.length;
}

/** The client whose family is the browser's own: a copied token of it means a copied cookie jar. */
export function isFirstParty(clientId: string): boolean {
  return clientId === FIRST_PARTY_CLIENT;
}
