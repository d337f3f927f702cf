import { type Db, one, type Row } from '../platform/db.ts';

/** Authorization codes: one use, a minute, bound to client, redirect URI and PKCE challenge. Only their hashes are kept. */

/** In milliseconds. */
export const CODE_LIFE = 60_000;

export interface AuthorizationCode {
  readonly hash: string;
  readonly clientId: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly redirectUri: string;
  /** S256; '' for a client that is allowed to go without. */
  readonly challenge: string;
  readonly scope: string;
  readonly nonce: string | null;
  /** JWK thumbprint of the DPoP key that the code is bound to; '' = none. */
  readonly dpopKey: string;
  readonly usedAt: number | null;
  /** What it issued. */
  readonly familyId: string | null;
}

const COLUMNS = 'hash, client_id, session_id, user_id, redirect_uri, challenge, scope, nonce, dpop_key, used_at, family_id';

/** Only inside a transaction that has locked the session (`lockActiveSession`). */
export async function insertCode(tx: Db, code: Omit<AuthorizationCode, 'usedAt' | 'familyId'>, now: number): Promise<void> {
  await tx.all(
    `insert into authorization_codes (hash, client_id, session_id, user_id, redirect_uri, challenge, scope, nonce, dpop_key, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      code.hash,
      code.clientId,
      code.sessionId,
      code.userId,
      code.redirectUri,
      code.challenge,
      code.scope,
      code.nonce,
      code.dpopKey,
      now,
      now + CODE_LIFE,
    ],
  );
}

export async function findCode(db: Db, hash: string): Promise<AuthorizationCode | null> {
  const row = await one(db, `select ${COLUMNS} from authorization_codes where hash = $1`, [hash]);
  return row === null ? null : fromRow(row);
}

export interface CodeUse {
  readonly hash: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly dpopKey: string;
  readonly familyId: string;
  readonly now: number;
}

/** The one statement that redeems: of many parallel callers one gets true. */
export async function spendCode(tx: Db, use: CodeUse): Promise<boolean> {
  const row = await one(
    tx,
    `update authorization_codes set used_at = $6, family_id = $5
     where hash = $1 and client_id = $2 and redirect_uri = $3 and challenge = $4 and (dpop_key = '' or dpop_key = $7)
       and used_at is null and expires_at > $6 returning hash`,
    [use.hash, use.clientId, use.redirectUri, use.challenge, use.familyId, use.now, use.dpopKey],
  );
  return row !== null;
}

/** What a user has given one site and what it has not redeemed yet is worth nothing any more. */
export async function deleteUnusedCodes(tx: Db, userId: string, clientId: string): Promise<void> {
  await tx.all('delete from authorization_codes where user_id = $1 and client_id = $2 and used_at is null', [userId, clientId]);
}

/** Job: kept as long as a replay could still end something that lives, a day. */
export async function deleteOldCodes(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from authorization_codes where hash in (select hash from authorization_codes where expires_at <= $1 limit $2) returning hash',
    [now - 24 * 3_600_000, limit],
  );
  return rows.length;
}

function fromRow(row: Row): AuthorizationCode {
  return {
    hash: row['hash'] as string,
    clientId: row['client_id'] as string,
    sessionId: row['session_id'] as string,
    userId: row['user_id'] as string,
    redirectUri: row['redirect_uri'] as string,
    challenge: row['challenge'] as string,
    scope: row['scope'] as string,
    nonce: row['nonce'] as string | null,
    dpopKey: row['dpop_key'] as string,
    usedAt: row['used_at'] as number | null,
    familyId: row['family_id'] as string | null,
  };
}
