import type { Db } from '../../src/platform/db.ts';
import type { Family } from '../../src/sessions/refresh-token.ts';

/** Puts a family's row back to how it was: what a fail-over does that loses the commits in between. */
export async function restoreFamily(db: Db, { id, gen, curHash, ring, rotatedAt, idleAt }: Family): Promise<void> {
  await db.all(
    `update refresh_tokens set gen = $2, cur_hash = $3, ring = $4, rotated_at = $5, idle_at = $6 where id = $1 and state = 'active'`,
    [id, gen, curHash, ring, rotatedAt, idleAt],
  );
}
