import type { BulkConnection } from '../platform/bulk-connection.ts';
import { CLOSED_FUNCTION, CLOSED_MESSAGE, CLOSED_STATE } from '../platform/closed-database.ts';
import { MIGRATION_TABLES } from '../platform/migrate.ts';
import { plainName } from '../platform/tables.ts';
import { type Asked, findTables } from './table-rows.ts';

/**
 * A database that was copied elsewhere takes no more writes, so that none is acknowledged here that the copy does not have. Triggers do it,
 * and no node has to be told: whatever writes hears `unavailable`. The table here says since when; it is there only while it lasts, and no
 * migration makes it.
 */
export interface Closing {
  /** Epoch milliseconds. */
  readonly closedAt: number;
  /** Where the rows went, without a password. */
  readonly destination: string;
  /** When the copy stood there whole. Null: it did not come to that. */
  readonly copiedAt: number | null;
}

const TABLE = 'portico_closing';
const ACTS = ['insert', 'update', 'delete'] as const;

export async function findClosing(of: Asked): Promise<Closing | null> {
  if ((await findTables(of, [TABLE])).length === 0) return null;
  const [row] = await of.run('select closed_at, destination, copied_at from portico_closing');
  if (row === undefined) return null;
  return { closedAt: row['closed_at'] as number, destination: row['destination'] as string, copiedAt: row['copied_at'] as number | null };
}

/**
 * In a transaction of the caller's. Waits for the writes that are under way; whatever begins later is refused, or, on PostgreSQL, waits for
 * our commit and is refused then.
 */
export async function closeForWrites(
  of: BulkConnection,
  tables: readonly string[],
  { closedAt, destination }: Pick<Closing, 'closedAt' | 'destination'>,
): Promise<void> {
  const closed = [...tables, ...MIGRATION_TABLES].map(plainName);
  if (of.dialect === 'postgres') await of.script(`lock table ${closed.join(', ')} in share row exclusive mode`);
  await of.run('create table portico_closing (closed_at bigint not null, destination text not null, copied_at bigint)');
  await of.run('insert into portico_closing (closed_at, destination) values ($1, $2)', [closedAt, destination]);
  if (of.dialect === 'postgres') {
    const body = `begin raise exception '${CLOSED_MESSAGE}' using errcode = '${CLOSED_STATE}'; end`;
    await of.script(`create function ${CLOSED_FUNCTION}() returns trigger language plpgsql as $$${body}$$`);
  }
  for (const table of closed) await of.script(of.dialect === 'postgres' ? postgresTrigger(table) : sqliteTriggers(table));
}

export async function markCopied(of: BulkConnection, copiedAt: number): Promise<void> {
  await of.run('update portico_closing set copied_at = $1', [copiedAt]);
}

/** In a transaction of the caller's. */
export async function openForWrites(of: BulkConnection): Promise<void> {
  if (of.dialect === 'postgres') await of.script(`drop function ${CLOSED_FUNCTION}() cascade`);
  else {
    const rows = await of.run("select name from sqlite_master where type = 'trigger' and name like 'portico\\_closed\\_%' escape '\\'");
    for (const row of rows) await of.script(`drop trigger ${plainName(row['name'] as string)}`);
  }
  await of.run('drop table portico_closing');
}

function postgresTrigger(table: string): string {
  return `create trigger ${CLOSED_FUNCTION} before insert or update or delete or truncate on ${table}
    for each statement execute function ${CLOSED_FUNCTION}()`;
}

/** SQLite has triggers for rows only: what touches no row writes nothing either. */
function sqliteTriggers(table: string): string {
  const trigger = (act: string) =>
    `create trigger ${CLOSED_FUNCTION}_${table}_${act} before ${act} on ${table} begin select raise(abort, '${CLOSED_MESSAGE}'); end;`;
  return ACTS.map(trigger).join('\n');
}
