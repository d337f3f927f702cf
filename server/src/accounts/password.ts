import { type Db, one } from '../platform/db.ts';

/** The table of password hashes (argon2id, PHC text). */

export async function findPasswordHash(db: Db, userId: string): Promise<string | null> {
  const row = await one(db, 'select hash from passwords where user_id = $1', [userId]);
  return row === null ? null : (row['hash'] as string);
}

/** When it was last changed, in epoch milliseconds. Null: the account has none. */
export async function findPasswordAge(db: Db, userId: string): Promise<number | null> {
  const row = await one(db, 'select changed_at from passwords where user_id = $1', [userId]);
  return row === null ? null : (row['changed_at'] as number);
}

export async function savePasswordHash(tx: Db, userId: string, hash: string, now: number): Promise<void> {
  await tx.all(
    `insert into passwords (user_id, hash, changed_at) values ($1, $2, $3)
     on conflict (user_id) do update set hash = excluded.hash, changed_at = excluded.changed_at`,
    [userId, hash, now],
  );
}

/** Whoever knew it is out; the next one is chosen by a mailed link. */
export async function deletePassword(tx: Db, userId: string): Promise<void> {
  await tx.all('delete from passwords where user_id = $1', [userId]);
}

/** Stores the same password under today's parameters; loses against a password change that came between. */
export async function rehashPassword(db: Db, userId: string, oldHash: string, newHash: string): Promise<void> {
  await db.all('update passwords set hash = $3 where user_id = $1 and hash = $2', [userId, oldHash, newHash]);
}
