import type { Action } from '@portico/protocol/events';
import { type Db, one } from '../platform/db.ts';
import type { KeptEvent } from './event-digest.ts';
import { type AuditEvent, COLUMNS, eventFromRow, keptFromRow } from './event-row.ts';

/** The audit log as it is proven: events by their seal, and what one event says of another. */

/** At most `limit`, of these seals and those between them. */
export async function listEventsOfSeals(db: Db, first: number, last: number, limit: number): Promise<KeptEvent[]> {
  const rows = await db.all(`select ${COLUMNS} from events where seal >= $1 and seal <= $2 order by seal limit $3`, [first, last, limit]);
  return rows.map(keptFromRow);
}

/** Oldest first. */
export async function listUnsealedEvents(db: Db, limit: number): Promise<KeptEvent[]> {
  const rows = await db.all(`select ${COLUMNS} from events where seal is null order by at, id limit $1`, [limit]);
  return rows.map(keptFromRow);
}

/** Counts to `most` and no further. */
export async function countUnsealedEvents(db: Db, most: number): Promise<number> {
  const row = await one(db, 'select count(*) as n from (select id from events where seal is null limit $1) waiting', [most]);
  return (row?.['n'] ?? 0) as number;
}

/** An event whose seal's number is outside these: there is no such seal. */
export async function findEventBeyond(db: Db, first: number, last: number): Promise<KeptEvent | null> {
  const row =
    (await one(db, `select ${COLUMNS} from events where seal > $1 order by seal limit 1`, [last])) ??
    (await one(db, `select ${COLUMNS} from events where seal < $1 order by seal limit 1`, [first]));
  return row === null ? null : keptFromRow(row);
}

/** The newest event under the seals before this one. */
export async function findEventBefore(db: Db, seal: number): Promise<KeptEvent | null> {
  const row = await one(db, `select ${COLUMNS} from events where seal < $1 order by seal desc limit 1`, [seal]);
  return row === null ? null : keptFromRow(row);
}

/** What an act did to a user, as it was written down. */
export async function listEventsNaming(db: Db, userId: string, action: Action): Promise<KeptEvent[]> {
  const rows = await db.all(`select ${COLUMNS} from events where user_id = $1 and action = $2 order by at desc limit 10`, [userId, action]);
  return rows.map(keptFromRow);
}

/** What happened at a client site, newest first. */
export async function listEventsOfClient(db: Db, clientId: string, limit: number): Promise<AuditEvent[]> {
  const rows = await db.all(`select ${COLUMNS} from events where client_id = $1 order by at desc, id desc limit $2`, [clientId, limit]);
  return rows.map(eventFromRow);
}
