import type { Deps } from '../deps.ts';
import { INVITATION_LIFE } from '../mail/link-lives.ts';
import { tokenHash } from '../platform/crypto.ts';
import { type Db, one, type Row } from '../platform/db.ts';
import { type Condition, condition, type Mark, selectPage } from '../platform/listing.ts';
import type { Email } from './email.ts';
import type { Invited } from './sign-up-policy.ts';

/**
 * The table of invitations: one for an address, made by the operator, used up by the account that comes of it. The token is never
 * stored, and opens nothing by itself: the address must be proven as without an invitation.
 */

/** How a token looks: 256 random bits as base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Invites an address, or invites it again: the link of the letter before is dead. Answers the token. */
export async function makeInvitation(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  email: Email,
): Promise<{ token: string; expiresAt: number }> {
  const token = deps.random(32).toString('base64url');
  const now = deps.now();
  const expiresAt = now + INVITATION_LIFE;
  await tx.all(
    `insert into invitations (email_key, email, token_hash, invited_at, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (email_key) do update set email = excluded.email, token_hash = excluded.token_hash, invited_at = excluded.invited_at,
       expires_at = excluded.expires_at, used_at = null`,
    [email.key, email.text, tokenHash(token), now, expiresAt],
  );
  return { token, expiresAt };
}

/** The open invitation of this token. Uses nothing up: null when it was used, is too old, or is none of ours. */
export async function findInvitation(db: Db, token: string, now: number): Promise<Invited | null> {
  if (!TOKEN.test(token)) return null;
  return fromRow(
    await one(db, 'select email, email_key from invitations where token_hash = $1 and used_at is null and expires_at > $2', [
      tokenHash(token),
      now,
    ]),
  );
}

/** Uses up the open invitation of a proven address, in the transaction that makes the account. Null when there is none. */
export async function consumeInvitation(tx: Db, emailKey: string, now: number): Promise<Invited | null> {
  return fromRow(
    await one(
      tx,
      'update invitations set used_at = $2 where email_key = $1 and used_at is null and expires_at > $2 returning email, email_key',
      [emailKey, now],
    ),
  );
}

/** Withdraws the invitation of an address, unless an account came of it: its link opens nothing from now on. Null: there is none. */
export async function deleteInvitation(tx: Db, emailKey: string): Promise<{ readonly expiresAt: number } | null> {
  const row = await one(tx, 'delete from invitations where email_key = $1 and used_at is null returning expires_at', [emailKey]);
  return row === null ? null : { expiresAt: row['expires_at'] as number };
}

export interface Invitation {
  /** What addresses are compared by. */
  readonly key: string;
  readonly email: string;
  readonly invitedAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export interface InvitationFilter {
  readonly emailKey: string | null;
  readonly status: 'open' | 'used' | 'expired' | null;
}

/** Newest first. */
export async function listInvitationsPage(
  db: Db,
  { emailKey, status }: InvitationFilter,
  now: number,
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<Invitation[]> {
  const rows = await selectPage(db, {
    select: 'select email_key, email, invited_at, expires_at, used_at from invitations',
    where: [...(emailKey === null ? [] : [condition('email_key = ?', emailKey)]), ...(status === null ? [] : [withStatus(status, now)])],
    order: { key: 'invited_at', id: 'email_key', descending: true },
    after,
    limit,
  });
  return rows.map((row) => ({
    key: row['email_key'] as string,
    email: row['email'] as string,
    invitedAt: row['invited_at'] as number,
    expiresAt: row['expires_at'] as number,
    usedAt: row['used_at'] as number | null,
  }));
}

/** The plus: read in the order of the list, and not by their end. */
function withStatus(status: NonNullable<InvitationFilter['status']>, now: number): Condition {
  switch (status) {
    case 'open':
      return condition('used_at is null and +expires_at > ?', now);
    case 'used':
      return condition('used_at is not null');
    case 'expired':
      return condition('used_at is null and +expires_at <= ?', now);
  }
}

/** Job: invitations that are over, used or not. */
export async function deleteExpiredInvitations(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from invitations where email_key in (select email_key from invitations where expires_at <= $1 limit $2) and expires_at <= $1
     returning email_key`,
    [now, limit],
  );
  return rows.length;
}

function fromRow(row: Row | null): Invited | null {
  return row === null ? null : ({ email: { text: row['email'] as string, key: row['email_key'] as string } } as Invited);
}
