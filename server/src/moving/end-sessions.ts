import type { Deps } from '../deps.ts';
import { asDb, type BulkConnection } from '../platform/bulk-connection.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';
import { readRows } from './table-rows.ts';

/** The column that is read; the table has more. */
const USERS = { name: 'users', columns: [{ name: 'id', type: 'text', nullable: false }], key: ['id'] } as const;

/**
 * Ends every sign-in, in a transaction of the caller's: of an old backup nobody knows which had ended since. Sites are told, tokens that are
 * not yet expired are refused. Answers how many.
 */
export async function endSessions(of: BulkConnection, deps: Pick<Deps, 'now' | 'random' | 'config'>): Promise<number> {
  const db = asDb(of);
  let ended = 0;
  for await (const rows of readRows(of, USERS)) {
    for (const [id] of rows) ended += (await revokeSessionsOfUser(db, deps, String(id), 'ended_by_operator', null)).length;
  }
  return ended;
}
