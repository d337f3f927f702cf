import type { Database } from './db.ts';

/** How far this machine's clock is ahead of the database's, in milliseconds. Null for SQLite, which has no other clock. */
export async function clockAhead(db: Database, now: () => number): Promise<number | null> {
  if (db.dialect === 'sqlite') return null;
  const before = now();
  const [row] = await db.all('select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as at');
  const at = row?.['at'];
  if (typeof at !== 'number') return null;
  // The database read its clock somewhere between question and answer.
  return Math.round((before + now()) / 2) - at;
}

/** How far this machine's clock is from the database's, or what `now` makes of it, whichever is further; in milliseconds, never below 0. */
export async function clockApart(db: Database, now: () => number): Promise<number | null> {
  const ahead = await clockAhead(db, now);
  return ahead === null ? null : Math.max(Math.abs(ahead), Math.abs(ahead + Date.now() - now()));
}
