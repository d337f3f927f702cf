import { type Db, one } from '../platform/db.ts';
import type { SessionState } from './session-row.ts';

/** Sessions of a state whose end has not come. Counts to `most` and no further. */
export async function countSessions(db: Db, state: SessionState, now: number, most: number): Promise<number> {
  const row = await one(
    db,
    'select count(*) as n from (select 1 as one from sessions where state = $1 and expires_at > $2 limit $3) counted',
    [state, now, most],
  );
  return (row?.['n'] ?? 0) as number;
}
