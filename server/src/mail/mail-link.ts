import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import { type Db, one, type Row } from '../platform/db.ts';

/**
 * The table of links that were mailed. A link changes nothing by being opened (mail scanners open them): its token is POSTed by the
 * page, and one statement uses it up.
 */

export type LinkPurpose = 'reset_password' | 'verify_email' | 'confirm_email' | 'undo_email' | 'not_me';

export interface MailLink {
  readonly purpose: LinkPurpose;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly email: string | null;
  readonly uv: number | null;
  readonly createdAt: number;
}

const COLUMNS = 'purpose, user_id, session_id, email, uv, created_at';

/** How a token looks: 256 random bits as base64url. */
export const LINK_TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Makes a link's token, in the transaction that queues its letter. `life` in milliseconds. Only the hash is stored. */
export async function makeMailLink(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  link: {
    purpose: LinkPurpose;
    life: number;
    userId?: string | null;
    sessionId?: string | null;
    email?: string | null;
    uv?: number | null;
  },
): Promise<string> {
  const token = deps.random(32).toString('base64url');
  const now = deps.now();
  await tx.all(
    `insert into mail_links (token_hash, purpose, user_id, session_id, email, uv, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tokenHash(token),
      link.purpose,
      link.userId ?? null,
      link.sessionId ?? null,
      link.email ?? null,
      link.uv ?? null,
      now,
      now + link.life,
    ],
  );
  return token;
}

/** Looks at a link without using it up: what a check needs before the costly part. Null when it is used, too old, or none of ours. */
export async function findMailLink(db: Db, purpose: LinkPurpose, token: string, now: number): Promise<MailLink | null> {
  if (!LINK_TOKEN.test(token)) return null;
  const row = await one(
    db,
    `select ${COLUMNS} from mail_links where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3`,
    [tokenHash(token), purpose, now],
  );
  return row === null ? null : fromRow(row);
}

/** Whether this token was ever mailed, used or too old as it may be by now. */
export async function isMailLink(db: Db, purpose: LinkPurpose, token: string): Promise<boolean> {
  if (!LINK_TOKEN.test(token)) return false;
  return (await one(db, 'select 1 as known from mail_links where token_hash = $1 and purpose = $2', [tokenHash(token), purpose])) !== null;
}

/** Uses a link up: of parallel calls exactly one gets it. Call it in the transaction of the act. */
export async function consumeMailLink(tx: Db, purpose: LinkPurpose, token: string, now: number): Promise<MailLink | null> {
  if (!LINK_TOKEN.test(token)) return null;
  const row = await one(
    tx,
    `update mail_links set used_at = $3 where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3 returning ${COLUMNS}`,
    [tokenHash(token), purpose, now],
  );
  return row === null ? null : fromRow(row);
}

/** Makes a user's older links of one purpose worthless. */
export async function dropMailLinks(tx: Db, userId: string, purpose: LinkPurpose, now: number): Promise<void> {
  await tx.all('update mail_links set used_at = $3 where user_id = $1 and purpose = $2 and used_at is null', [userId, purpose, now]);
}

/** What was mailed to a user, without what would open it. */
export interface MailedLink {
  readonly purpose: LinkPurpose;
  readonly email: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export async function listMailLinksOfUser(db: Db, userId: string): Promise<MailedLink[]> {
  const rows = await db.all(
    'select purpose, email, created_at, expires_at, used_at from mail_links where user_id = $1 order by created_at desc limit 1000',
    [userId],
  );
  return rows.map((row) => ({
    purpose: row['purpose'] as LinkPurpose,
    email: row['email'] as string | null,
    createdAt: row['created_at'] as number,
    expiresAt: row['expires_at'] as number,
    usedAt: row['used_at'] as number | null,
  }));
}

/** Makes every link of a user worthless, whatever it was for. */
export async function dropAllMailLinks(tx: Db, userId: string, now: number): Promise<void> {
  await tx.all('update mail_links set used_at = $2 where user_id = $1 and used_at is null', [userId, now]);
}

/** Job: links that are over. */
export async function deleteExpiredMailLinks(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from mail_links where token_hash in (select token_hash from mail_links where expires_at <= $1 limit $2) and expires_at <= $1
     returning token_hash`,
    [now, limit],
  );
  return rows.length;
}

function fromRow(row: Row): MailLink {
  return {
    purpose: row['purpose'] as LinkPurpose,
    userId: row['user_id'] as string | null,
    sessionId: row['session_id'] as string | null,
    email: row['email'] as string | null,
    uv: row['uv'] as number | null,
    createdAt: row['created_at'] as number,
  };
}
