import type { Database } from './db.ts';

/** How far this clock is ahead of the database's, in milliseconds. Null for SQLite, which has no other clock. */
export async function clockAhead(db: Database, now: () => number): Promise<number | null> {
  if (db.dialect === 'sqlite') return null;
  const before = now();
  const [row] = await db.all('select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as at');
  const at = row?.['at'];
  if (typeof at !== 'number') return null;
  // The database read its clock somewhere between question and answer.
  return Math.round((before + now()) / 2) - at;
}

/**
 * The same of a node: its machine's clock, or what the node itself takes for the time, whichever is further off. A node reckons right on a
 * machine that is wrong, but nothing else on that machine does.
 */
export async function clockOff(db: Database, now: () => number): Promise<number | null> {
  const reckoned = await clockAhead(db, now);
  if (reckoned === null) return null;
  const machine = reckoned + Date.now() - now();
  return Math.abs(machine) > Math.abs(reckoned) ? machine : reckoned;
}
