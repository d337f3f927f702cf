import { type Db, one } from '../platform/db.ts';

/** Who may do what only one process should do at a time. A lease ends by itself, so that a killed process blocks nothing for long. */

/** True if the lease is now `holder`'s until `until`. One statement: of twenty callers one wins. Moments in epoch milliseconds. */
export async function takeLease(db: Db, name: string, holder: string, until: number, now: number): Promise<boolean> {
  const row = await one(
    db,
    `insert into leases (name, holder, until) values ($1, $2, $3)
     on conflict (name) do update set holder = excluded.holder, until = excluded.until where leases.until <= $4
     returning name`,
    [name, holder, until, now],
  );
  return row !== null;
}

/** False if it was lost meanwhile: then the work must stop. */
export async function renewLease(db: Db, name: string, holder: string, until: number, now: number): Promise<boolean> {
  const row = await one(db, 'update leases set until = $3 where name = $1 and holder = $2 and until > $4 returning name', [
    name,
    holder,
    until,
    now,
  ]);
  return row !== null;
}

/** Frees the lease and notes that the work was done. Has no effect on a lease that was lost. */
export async function releaseLease(db: Db, name: string, holder: string, now: number, outcome: 'done' | 'failed'): Promise<void> {
  await db.all('update leases set until = 0, last_run_at = case when $4 = 1 then $3 else last_run_at end where name = $1 and holder = $2', [
    name,
    holder,
    now,
    outcome === 'done' ? 1 : 0,
  ]);
}

export interface Lease {
  readonly name: string;
  /** Whoever has it, or had it last: a process. */
  readonly holder: string;
  readonly until: number;
  readonly lastRunAt: number | null;
}

export async function listLeases(db: Db): Promise<Lease[]> {
  const rows = await db.all('select name, holder, until, last_run_at from leases order by name');
  return rows.map((row) => ({
    name: row['name'] as string,
    holder: row['holder'] as string,
    until: row['until'] as number,
    lastRunAt: row['last_run_at'] as number | null,
  }));
}
