import type { Deps } from '../deps.ts';
import { SETUP_LIFE } from '../mail/link-lives.ts';
import { tokenHash } from '../platform/crypto.ts';
import { type Db, one, type Row } from '../platform/db.ts';
import { type Email, emailKey } from './email.ts';
import type { OwnerLink } from './sign-up-policy.ts';

/**
 * The table of links that make an owner: printed where somebody has a shell, used once, and good for nothing but that. The token itself
 * is never stored.
 */

/** `start`: of the first screen. */
export type LinkMaker = 'start' | 'command_line';

export interface SetupLink {
  /** What the audit log calls it: a part of its hash, which opens nothing. */
  readonly name: string;
  /** For this address only; null: for whoever opens it. */
  readonly email: { readonly text: string; readonly key: string } | null;
  readonly madeBy: LinkMaker;
  readonly expiresAt: number;
}

const COLUMNS = 'token_hash, email, made_by, expires_at';
/** How a token looks: 256 random bits as base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** That a link was one of ours is known for so long after its end, in milliseconds: whoever opens it late guesses nothing. */
const REMEMBERED = 24 * 3_600_000;

/** Makes a link; those before it stay as they are. */
export async function insertSetupLink(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  { email, madeBy }: { email: Email | null; madeBy: LinkMaker },
): Promise<SetupLink & { readonly token: string }> {
  const token = deps.random(32).toString('base64url');
  const now = deps.now();
  const row = await one(
    tx,
    `insert into setup_links (token_hash, email, made_by, created_at, expires_at) values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
    [tokenHash(token), email?.text ?? null, madeBy, now, now + SETUP_LIFE],
  );
  return { ...fromRow(row as Row), token };
}

/** Looks at a link without using it up. Null when it was used, is too old, or is none of ours. */
export async function findSetupLink(db: Db, token: string, now: number): Promise<SetupLink | null> {
  if (!TOKEN.test(token)) return null;
  const row = await one(db, `select ${COLUMNS} from setup_links where token_hash = $1 and used_at is null and expires_at > $2`, [
    tokenHash(token),
    now,
  ]);
  return row === null ? null : fromRow(row);
}

/** Whether this token was ever ours, used or too old as it may be by now. */
export async function isSetupLink(db: Db, token: string): Promise<boolean> {
  if (!TOKEN.test(token)) return false;
  return (await one(db, 'select 1 as known from setup_links where token_hash = $1', [tokenHash(token)])) !== null;
}

/** Uses a link up: of parallel calls exactly one gets it. Call it in the transaction that makes the owner. */
export async function consumeSetupLink(tx: Db, token: string, now: number): Promise<(SetupLink & OwnerLink) | null> {
  if (!TOKEN.test(token)) return null;
  const row = await one(
    tx,
    `update setup_links set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2 returning ${COLUMNS}`,
    [tokenHash(token), now],
  );
  return row === null ? null : (fromRow(row) as SetupLink & OwnerLink);
}

/** Who became owner by it. */
export async function noteOwnerOfLink(tx: Db, token: string, userId: string): Promise<void> {
  await tx.all('update setup_links set used_by = $2 where token_hash = $1', [tokenHash(token), userId]);
}

/** What an earlier start printed lies in terminals and scrollbacks: it ends with the next start, and with the first owner. */
export async function dropLinksOfStarts(tx: Db): Promise<void> {
  await tx.all("delete from setup_links where made_by = 'start' and used_at is null");
}

/** Job: links that ended a day ago. */
export async function deleteOldSetupLinks(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from setup_links where token_hash in (select token_hash from setup_links where expires_at <= $1 limit $2) and expires_at <= $1
     returning token_hash`,
    [now - REMEMBERED, limit],
  );
  return rows.length;
}

function fromRow(row: Row): SetupLink {
  const email = row['email'] as string | null;
  return {
    name: `link_${(row['token_hash'] as string).slice(0, 12)}`,
    email: email === null ? null : { text: email, key: emailKey(email) },
    madeBy: row['made_by'] as LinkMaker,
    expiresAt: row['expires_at'] as number,
  };
}
