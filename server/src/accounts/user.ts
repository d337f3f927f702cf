import type { PublicUser, Role } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import { type Db, one, type Row } from '../platform/db.ts';
import { searchKey } from '../platform/listing.ts';
import type { Email } from './email.ts';
import type { AllowedSignUp } from './sign-up-policy.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
  /** User version: rises when a password changes or rights fall. */
  readonly uv: number;
  readonly verifiedAt: number | null;
  readonly suspendedAt: number | null;
  readonly createdAt: number;
  /** Null: nobody has ever signed in. */
  readonly lastSignInAt: number | null;
  /** When the account was last recovered by mail. */
  readonly recoveredAt: number | null;
  /** The address before the last change, and until when codes still go there. */
  readonly previousEmail: string | null;
  readonly previousEmailUntil: number | null;
}

const COLUMNS =
  'id, email, display_name, role, uv, verified_at, suspended_at, created_at, last_signin_at, recovered_at, previous_email, previous_email_until';

export async function findUserByEmail(db: Db, email: Email): Promise<User | null> {
  return userFrom(await one(db, `select ${COLUMNS} from users where email_key = $1`, [email.key]));
}

export async function findUser(db: Db, id: string): Promise<User | null> {
  return userFrom(await one(db, `select ${COLUMNS} from users where id = $1`, [id]));
}

/**
 * Creates the account of a proven address: the only statement that makes a user, and it takes no address that the policy did not allow.
 * Null when somebody else proved the same address first.
 */
export async function insertVerifiedUser(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  { email }: AllowedSignUp,
  displayName: string,
): Promise<User | null> {
  const now = deps.now();
  return userFrom(
    await one(
      tx,
      `insert into users (id, email, email_key, display_name, role, uv, verified_at, created_at, email_search, name_search)
       values ($1, $2, $3, $4, 'user', 1, $5, $5, $6, $7) on conflict (email_key) do nothing returning ${COLUMNS}`,
      [deps.random(16).toString('base64url'), email.text, email.key, displayName, now, searchKey(email.text), searchKey(displayName)],
    ),
  );
}

/**
 * First statement of every sign-in: locks the user, and loses if the password changed or the user was suspended after it was checked.
 * `uvRead` was read before the password was.
 */
export async function lockUserForSignIn(tx: Db, id: string, uvRead: number, now: number): Promise<User | null> {
  return userFrom(
    await one(tx, `update users set last_signin_at = $3 where id = $1 and uv = $2 and suspended_at is null returning ${COLUMNS}`, [
      id,
      uvRead,
      now,
    ]),
  );
}

/** The same lock for a sign-in that has to wait for its code: nobody has signed in yet. */
export async function lockUserForWaiting(tx: Db, id: string, uvRead: number): Promise<User | null> {
  return userFrom(
    await one(tx, `update users set uv = uv where id = $1 and uv = $2 and suspended_at is null returning ${COLUMNS}`, [id, uvRead]),
  );
}

/** A sign-up was completed: that is its first sign-in. */
export async function noteFirstSignIn(tx: Db, id: string, now: number): Promise<void> {
  await tx.all('update users set last_signin_at = $2 where id = $1', [id, now]);
}

/** The owner said that a sign-in was somebody else's: everything issued so far is refused, and for a day every sign-in is looked at closely. */
export async function disownUser(tx: Db, id: string, now: number): Promise<User | null> {
  return userFrom(await one(tx, `update users set uv = uv + 1, recovered_at = $2 where id = $1 returning ${COLUMNS}`, [id, now]));
}

/** Raises the user version: everything issued before is refused from now on. Null when it was raised by somebody else meanwhile. */
export async function raiseUserVersion(tx: Db, id: string, uvRead: number): Promise<User | null> {
  return userFrom(
    await one(tx, `update users set uv = uv + 1 where id = $1 and uv = $2 and suspended_at is null returning ${COLUMNS}`, [id, uvRead]),
  );
}

/** Locks the user's row for the rest of the transaction. Null when the user is gone or suspended. */
export async function lockUser(tx: Db, id: string): Promise<User | null> {
  return userFrom(await one(tx, `update users set uv = uv where id = $1 and suspended_at is null returning ${COLUMNS}`, [id]));
}

/** Locks the row before rights are looked at; a suspended user has rights too, for the day on which the suspension is lifted. */
export async function lockUserForRights(tx: Db, id: string): Promise<User | null> {
  return userFrom(await one(tx, `update users set uv = uv where id = $1 returning ${COLUMNS}`, [id]));
}

/** Locks every owner's row for the rest of the transaction. Before any other row of `users`, or two callers would wait for each other. */
export async function lockOwners(tx: Db): Promise<readonly User[]> {
  const rows = await tx.all(`update users set uv = uv where role = 'owner' returning ${COLUMNS}`);
  return rows.flatMap((row) => userFrom(row) ?? []);
}

/** Whether there is somebody who can decide about everybody else. */
export async function hasOwner(db: Db): Promise<boolean> {
  return (await one(db, `select 1 as there from users where role = 'owner' and suspended_at is null limit 1`)) !== null;
}

/** Owners who could act now. Counts to `most` and no further. */
export async function countOwners(db: Db, most: number): Promise<number> {
  const rows = await db.all(`select id from users where role = 'owner' and suspended_at is null limit $1`, [most]);
  return rows.length;
}

/** The user's row is locked. */
export async function saveRole(tx: Db, id: string, role: Role): Promise<void> {
  await tx.all('update users set role = $2 where id = $1', [id, role]);
}

/** Rights fell: everything issued before is refused from now on, and asked for anew by refresh. Answers the new version. */
export async function raiseUserVersionForRights(tx: Db, id: string): Promise<number> {
  const row = await one(tx, 'update users set uv = uv + 1 where id = $1 returning uv', [id]);
  return (row?.['uv'] ?? 0) as number;
}

/** Whoever is shut out is another version of themselves: everything issued before is refused. Null: no such user, or suspended already. */
export async function markUserSuspended(tx: Db, id: string, now: number): Promise<User | null> {
  return userFrom(
    await one(tx, `update users set uv = uv + 1, suspended_at = $2 where id = $1 and suspended_at is null returning ${COLUMNS}`, [id, now]),
  );
}

/** Null: no such user, or not suspended. */
export async function markUserReinstated(tx: Db, id: string): Promise<User | null> {
  return userFrom(
    await one(tx, `update users set suspended_at = null where id = $1 and suspended_at is not null returning ${COLUMNS}`, [id]),
  );
}

/** With it goes every row that hangs from the user. Sessions are revoked before, or their tokens would live on without a row. */
export async function deleteUser(tx: Db, id: string): Promise<void> {
  await tx.all('delete from users where id = $1', [id]);
}

/** As `raiseUserVersion`, because somebody came by the mailbox: for a day every sign-in is looked at closely. */
export async function recoverUser(tx: Db, id: string, uvRead: number, now: number): Promise<User | null> {
  return userFrom(
    await one(
      tx,
      `update users set uv = uv + 1, recovered_at = $3 where id = $1 and uv = $2 and suspended_at is null returning ${COLUMNS}`,
      [id, uvRead, now],
    ),
  );
}

/**
 * The new address is proven. The old one is kept until `previousUntil`; of several changes in that time the first one's, or a thief would
 * move the account twice. Throws a unique violation when the address is somebody else's by now; null when the user's version moved on.
 */
export async function moveUser(
  tx: Db,
  { id, uv, email, now, previousUntil }: { id: string; uv: number; email: Email; now: number; previousUntil: number },
): Promise<User | null> {
  return userFrom(
    await one(
      tx,
      `update users set email = $3, email_key = $4, email_search = $7, verified_at = $5,
         previous_email = case when previous_email_until > $5 then previous_email else email end,
         previous_email_until = case when previous_email_until > $5 then previous_email_until else $6 end
       where id = $1 and uv = $2 and suspended_at is null returning ${COLUMNS}`,
      [id, uv, email.text, email.key, now, previousUntil, searchKey(email.text)],
    ),
  );
}

/** Back to an address that was proven before, whatever happened since. Throws a unique violation when it is somebody else's by now. */
export async function restoreUser(tx: Db, id: string, email: Email, now: number): Promise<User | null> {
  return userFrom(
    await one(
      tx,
      `update users set email = $2, email_key = $3, email_search = $5, verified_at = $4, uv = uv + 1, recovered_at = $4, previous_email = null, previous_email_until = null
       where id = $1 returning ${COLUMNS}`,
      [id, email.text, email.key, now, searchKey(email.text)],
    ),
  );
}

/** The name that apps and games use. Null when the user is gone or suspended. */
export async function renameUser(tx: Db, id: string, displayName: string): Promise<User | null> {
  return userFrom(
    await one(tx, `update users set display_name = $2, name_search = $3 where id = $1 and suspended_at is null returning ${COLUMNS}`, [
      id,
      displayName,
      searchKey(displayName),
    ]),
  );
}

/**
 * Job: users whom a node of an older version wrote, without what lists search them by. Loses against a change of address or name that
 * came between: that one has written it. Answers how many it found its way to.
 */
export async function fillSearchKeys(db: Db, limit: number): Promise<number> {
  const rows = await db.all(`select id, email, display_name from users where email_search = '' order by id limit $1`, [limit]);
  const filled = await Promise.all(
    rows.map(async ({ id, email, display_name: name }) =>
      one(
        db,
        `update users set email_search = $4, name_search = $5
         where id = $1 and email = $2 and display_name = $3 and email_search = '' returning id`,
        [id as string, email as string, name as string, searchKey(email as string), searchKey(name as string)],
      ),
    ),
  );
  return filled.filter((row) => row !== null).length;
}

/** Where codes go: for a week after a change of address to the old one, so that a thief cannot move the mailbox and then ask it. */
export function codeAddressOf(user: Pick<User, 'email' | 'previousEmail' | 'previousEmailUntil'>, now: number): string {
  return user.previousEmail !== null && (user.previousEmailUntil ?? 0) > now ? user.previousEmail : user.email;
}

/** What the user's own browser is told. */
export function publicUser(user: Pick<User, 'id' | 'email' | 'displayName' | 'role'>): PublicUser {
  return { id: user.id, email: user.email, displayName: user.displayName, role: user.role };
}

function userFrom(row: Row | null): User | null {
  if (row === null) return null;
  return {
    id: row['id'] as string,
    email: row['email'] as string,
    displayName: row['display_name'] as string,
    role: row['role'] as Role,
    uv: row['uv'] as number,
    verifiedAt: row['verified_at'] as number | null,
    suspendedAt: row['suspended_at'] as number | null,
    createdAt: row['created_at'] as number,
    lastSignInAt: row['last_signin_at'] as number | null,
    recoveredAt: row['recovered_at'] as number | null,
    previousEmail: row['previous_email'] as string | null,
    previousEmailUntil: row['previous_email_until'] as number | null,
  };
}
