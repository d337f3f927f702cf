import { type Db, one } from '../platform/db.ts';

/** Names that may be used once: client assertions, DPoP proofs, sign-in tickets, join tickets. The statement decides who was first. */

/** False when the name was used before. `id` says what it is of, so that two kinds never meet: `assertion <client> <jti>`. */
export async function spendId(db: Db, id: string, expiresAt: number): Promise<boolean> {
  const row = await one(db, 'insert into spent_ids (id, expires_at) values ($1, $2) on conflict (id) do nothing returning id', [
    id,
    expiresAt,
  ]);
  return row !== null;
}

/** Whether the name was used before, as far as that is still remembered. */
export async function isSpentId(db: Db, id: string): Promise<boolean> {
  return (await one(db, 'select 1 as spent from spent_ids where id = $1', [id])) !== null;
}

export async function deleteExpiredSpentIds(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all('delete from spent_ids where id in (select id from spent_ids where expires_at <= $1 limit $2) returning id', [
    now,
    limit,
  ]);
  return rows.length;
}
