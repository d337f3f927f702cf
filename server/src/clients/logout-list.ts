import type { Db } from '../platform/db.ts';
import { condition, type Mark, selectPage } from '../platform/listing.ts';

/** Back-channel logouts that were not delivered, as an operator sees them: looks at their table, and writes nothing. */

export interface ListedLogout {
  readonly id: string;
  readonly clientId: string;
  /** Null: the site was removed since. */
  readonly clientName: string | null;
  /** Where the site was told when the session ended. */
  readonly uri: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly createdAt: number;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly givenUpAt: number | null;
  /** Why the last try failed. */
  readonly problem: string | null;
}

/** Newest first: those that wait, or those that were given up. */
export async function listLogoutsPage(
  db: Db,
  state: 'waiting' | 'given_up',
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<ListedLogout[]> {
  const rows = await selectPage(db, {
    select: `select l.id, l.client_id, l.uri, l.user_id, l.session_id, l.created_at, l.next_try_at, l.tries, l.given_up_at, l.problem, c.name
      from logouts l left join clients c on c.id = l.client_id`,
    where: [state === 'waiting' ? condition('l.sent_at is null and l.given_up_at is null') : condition('l.given_up_at is not null')],
    order: { key: 'l.created_at', id: 'l.id', descending: true },
    after,
    limit,
  });
  return rows.map((row) => ({
    id: row['id'] as string,
    clientId: row['client_id'] as string,
    clientName: row['name'] as string | null,
    uri: row['uri'] as string,
    userId: row['user_id'] as string,
    sessionId: row['session_id'] as string,
    createdAt: row['created_at'] as number,
    tries: row['tries'] as number,
    nextTryAt: row['next_try_at'] as number,
    givenUpAt: row['given_up_at'] as number | null,
    problem: row['problem'] as string | null,
  }));
}

/** How many wait and how many were given up, each counted up to `most`. */
export async function countWaitingLogouts(db: Db, most: number): Promise<{ readonly waiting: number; readonly givenUp: number }> {
  const [row] = await db.all(
    `select (select count(*) from (select 1 from logouts where sent_at is null and given_up_at is null limit $1) as w) as waiting,
       (select count(*) from (select 1 from logouts where given_up_at is not null limit $1) as g) as given_up`,
    [most],
  );
  return { waiting: row?.['waiting'] as number, givenUp: row?.['given_up'] as number };
}

/** When the oldest that waits was queued, in epoch milliseconds; null: none waits. */
export async function oldestWaitingLogout(db: Db): Promise<number | null> {
  const [row] = await db.all('select min(created_at) as oldest from logouts where sent_at is null and given_up_at is null');
  return row?.['oldest'] as number | null;
}
