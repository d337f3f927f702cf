import type { Db, Row } from '../platform/db.ts';

/** The table of processes that serve from this database. Moments in epoch milliseconds, by the database's clock. */
export interface Node {
  readonly id: string;
  /** Of the program. */
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Which master key it holds. */
  readonly masterKeyId: string;
  readonly startedAt: number;
  readonly seenAt: number;
  /** Since when it takes no new work. */
  readonly leavingAt: number | null;
}

/** A node that was not seen for this long is gone, in milliseconds. */
export const GONE_AFTER = 60_000;

/** Says that a node lives. One that others had given up stands in the table again. */
export async function noteNode(db: Db, node: Node): Promise<void> {
  await db.all(
    `insert into nodes (id, version, host, pid, master_key_id, started_at, seen_at, leaving_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (id) do update set seen_at = excluded.seen_at, leaving_at = excluded.leaving_at`,
    [node.id, node.version, node.host, node.pid, node.masterKeyId, node.startedAt, node.seenAt, node.leavingAt],
  );
}

export async function removeNode(db: Db, id: string): Promise<void> {
  await db.all('delete from nodes where id = $1', [id]);
}

/** Whoever was seen within the last minute, those that are leaving included; the oldest first. */
export async function listLiveNodes(db: Db, now: number): Promise<Node[]> {
  const rows = await db.all(
    `select id, version, host, pid, master_key_id, started_at, seen_at, leaving_at from nodes where seen_at > $1
     order by started_at, id`,
    [now - GONE_AFTER],
  );
  return rows.map(fromRow);
}

export async function deleteGoneNodes(db: Db, now: number): Promise<void> {
  await db.all('delete from nodes where seen_at <= $1', [now - GONE_AFTER]);
}

function fromRow(row: Row): Node {
  return {
    id: row['id'] as string,
    version: row['version'] as string,
    host: row['host'] as string,
    pid: row['pid'] as number,
    masterKeyId: row['master_key_id'] as string,
    startedAt: row['started_at'] as number,
    seenAt: row['seen_at'] as number,
    leavingAt: row['leaving_at'] as number | null,
  };
}
