import { join } from 'node:path';
import type { Database } from './db.ts';
import type { Log } from './log.ts';
import type { Whereabouts } from './open-database.ts';
import { postgresNotices } from './postgres-notices.ts';
import type { Announcer } from './revoked-set.ts';
import { SQLITE_FILE } from './sqlite-file.ts';
import { sqliteNotices } from './sqlite-notices.ts';

/** News that something was revoked, faster than the next reading. May be lost; nothing becomes untrue by that. */
export interface Notices extends Announcer {
  /** Calls `hear` when something may be new, and `missed` when notices may have been lost. Answers how to stop. */
  listen(hear: () => void, missed: () => void): () => void;
  /** Waits until what was announced is on its way. */
  close(): Promise<void>;
}

/** The way that the database itself offers. */
export function openNotices({ databaseUrl, dataDir }: Whereabouts, database: Database, log: Log): Notices {
  return database.dialect === 'postgres' ? postgresNotices(databaseUrl, database, log) : sqliteNotices(join(dataDir, SQLITE_FILE));
}
