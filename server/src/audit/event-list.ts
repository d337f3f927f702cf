import type { Db, Row } from '../platform/db.ts';
import { type Condition, condition, type Mark, selectPage } from '../platform/listing.ts';
import { type AuditEvent, COLUMNS, eventFromRow } from './event-row.ts';

/** The audit log as an operator reads it: looks at the table of events, and writes nothing. */

export interface ListedEvent extends AuditEvent {
  /** Null: there was nobody, or the account is gone. */
  readonly actorEmail: string | null;
  readonly userEmail: string | null;
  /** Null: there was no site, or it was removed. */
  readonly clientName: string | null;
}

/** Exact values only, each with an index of its own; null: any. */
export interface EventFilter {
  readonly event: string | null;
  readonly action: string | null;
  readonly actor: string | null;
  readonly user: string | null;
  readonly client: string | null;
  readonly session: string | null;
  readonly target: string | null;
  readonly address: string | null;
  readonly request: string | null;
  /** Epoch milliseconds; `until` is the first moment after. */
  readonly from: number | null;
  readonly until: number | null;
}

const SELECT = `select ${COLUMNS}, (select email from users where users.id = events.actor_id) as actor_email,
  (select email from users where users.id = events.user_id) as user_email,
  (select name from clients where clients.id = events.client_id) as client_name from events`;

const FILTERS: Readonly<Record<keyof EventFilter, string>> = {
  event: 'id = ?',
  action: 'action = ?',
  actor: 'actor_id = ?',
  user: 'user_id = ?',
  client: 'client_id = ?',
  session: 'session_id = ?',
  target: 'target = ?',
  address: 'address = ?',
  request: 'request_id = ?',
  from: 'at >= ?',
  until: 'at < ?',
};

/** Newest first. */
export async function listEventsPage(
  db: Db,
  filter: EventFilter,
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<ListedEvent[]> {
  const where = (Object.keys(FILTERS) as (keyof EventFilter)[]).flatMap((name): Condition[] => {
    const value = filter[name];
    return value === null ? [] : [condition(FILTERS[name], value)];
  });
  const rows = await selectPage(db, { select: SELECT, where, order: { key: 'at', id: 'id', descending: true }, after, limit });
  return rows.map(fromRow);
}

function fromRow(row: Row): ListedEvent {
  return {
    ...eventFromRow(row),
    actorEmail: row['actor_email'] as string | null,
    userEmail: row['user_email'] as string | null,
    clientName: row['client_name'] as string | null,
  };
}
