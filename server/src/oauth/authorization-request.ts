import { type Db, one, type Row } from '../platform/db.ts';

/** Requests to /oauth/authorize that were pushed (RFC 9126), or that wait while somebody signs in or is asked. Only the hash of their name is kept. */

/** A pushed request waits this long for its browser; one that is under way waits for a sign-up with a mailed code. In milliseconds. */
export const PUSHED_LIFE = 90_000;
export const WAITING_LIFE = 3_600_000;

export interface AuthorizationRequest {
  readonly idHash: string;
  readonly clientId: string;
  readonly origin: 'pushed' | 'waiting';
  /** The request's own parameters, as they came. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The session in whose name "continue" was said for this very request. */
  readonly approvedSessionId: string | null;
  /** "Do not continue" was said: its site is told so. */
  readonly deniedAt: number | null;
  readonly createdAt: number;
}

const COLUMNS = 'id_hash, client_id, origin, parameters, approved_session_id, denied_at, created_at';

export async function insertRequest(
  db: Db,
  request: Pick<AuthorizationRequest, 'idHash' | 'clientId' | 'origin' | 'parameters'>,
  now: number,
): Promise<void> {
  await db.all(
    'insert into authorization_requests (id_hash, client_id, origin, parameters, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
    [
      request.idHash,
      request.clientId,
      request.origin,
      JSON.stringify(request.parameters),
      now,
      now + (request.origin === 'pushed' ? PUSHED_LIFE : WAITING_LIFE),
    ],
  );
}

/** Null: unknown, of another client, too old, or answered. */
export async function findRequest(db: Db, idHash: string, clientId: string, now: number): Promise<AuthorizationRequest | null> {
  const row = await one(
    db,
    `select ${COLUMNS} from authorization_requests where id_hash = $1 and client_id = $2 and expires_at > $3 and used_at is null`,
    [idHash, clientId, now],
  );
  return row === null ? null : fromRow(row);
}

/** A pushed request has reached its browser and may wait as long as any other. */
export async function keepRequestWaiting(db: Db, idHash: string, now: number): Promise<void> {
  await db.all(`update authorization_requests set expires_at = $2 where id_hash = $1 and used_at is null and expires_at > $3`, [
    idHash,
    now + WAITING_LIFE,
    now,
  ]);
}

/** "Continue" was said, in this session. */
export async function approveRequest(db: Db, idHash: string, sessionId: string, now: number): Promise<boolean> {
  const row = await one(
    db,
    `update authorization_requests set approved_session_id = $2, approved_at = $3
     where id_hash = $1 and used_at is null and denied_at is null and expires_at > $3 returning id_hash`,
    [idHash, sessionId, now],
  );
  return row !== null;
}

/** "Do not continue" was said. */
export async function denyRequest(db: Db, idHash: string, now: number): Promise<boolean> {
  const row = await one(
    db,
    `update authorization_requests set denied_at = $2, approved_session_id = null
     where id_hash = $1 and used_at is null and expires_at > $2 returning id_hash`,
    [idHash, now],
  );
  return row !== null;
}

/** It is answered, with a code or with an error: of parallel callers one gets true. */
export async function spendRequest(tx: Db, idHash: string, now: number): Promise<boolean> {
  const row = await one(
    tx,
    'update authorization_requests set used_at = $2 where id_hash = $1 and used_at is null and expires_at > $2 returning id_hash',
    [idHash, now],
  );
  return row !== null;
}

export async function deleteOldRequests(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from authorization_requests where id_hash in (select id_hash from authorization_requests where expires_at <= $1 limit $2) returning id_hash',
    [now, limit],
  );
  return rows.length;
}

function fromRow(row: Row): AuthorizationRequest {
  return {
    idHash: row['id_hash'] as string,
    clientId: row['client_id'] as string,
    origin: row['origin'] as AuthorizationRequest['origin'],
    parameters: JSON.parse(row['parameters'] as string) as Record<string, string>,
    approvedSessionId: row['approved_session_id'] as string | null,
    deniedAt: row['denied_at'] as number | null,
    createdAt: row['created_at'] as number,
  };
}
