import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Db } from '../../src/platform/db.ts';

/** Live families of one client in one session, written out: the product's own constant would agree with any mistake. */
const LIVE = 4;

/** What must be true of the rows at every moment, whoever is doing what. Each is one statement, so it sees one moment. */
const NEVER = {
  'a live family under a session that ended':
    "select f.id from refresh_tokens f join sessions s on s.id = f.session_id where f.state = 'active' and s.state <> 'active'",
  'a held family under a session that is not held':
    "select f.id from refresh_tokens f join sessions s on s.id = f.session_id where f.state = 'held' and s.state <> 'held'",
  'too many live families of one client in one session': `select session_id from refresh_tokens where state = 'active'
     group by session_id, client_id having count(*) > ${LIVE}`,
  'a held session without a revocation':
    "select id from sessions where state = 'held' and id not in (select subject from revocations where kind = 'sid')",
  'a family that outlives its session':
    'select f.id from refresh_tokens f join sessions s on s.id = f.session_id where f.expires_at > s.expires_at',
} as const;

export async function assertConsistent(db: Db): Promise<void> {
  for (const [what, sql] of Object.entries(NEVER)) assert.deepEqual(await db.all(sql), [], what);
}

/** Looks again and again while `work` goes on. Answers how often it looked. */
export async function consistentDuring(db: Db, work: Promise<unknown>): Promise<number> {
  const state = { over: false };
  const done = work.finally(() => (state.over = true));
  let looks = 0;
  // A rejection is seen at the end, and must not be taken for one that nobody handles meanwhile.
  done.catch(() => undefined);
  while (!state.over) {
    await assertConsistent(db);
    looks += 1;
    // SQLite answers at once: without a pause nothing else would be heard.
    await sleep(5);
  }
  await done;
  return looks;
}

/** PostgreSQL counts the deadlocks that it had to break. The counts of a connection arrive when it ends, at the latest. */
export async function assertNoDeadlock(db: Database): Promise<void> {
  if (db.dialect === 'sqlite') return;
  const [row] = await db.all('select deadlocks from pg_stat_database where datname = current_database()');
  assert.equal(row?.['deadlocks'], 0, 'a deadlock had to be broken');
}
