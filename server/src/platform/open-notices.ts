import { join } from 'node:path';
import type { Database } from './db.ts';
import type { Log } from './log.ts';
import type { Notices } from './notices.ts';
import type { Whereabouts } from './open-database.ts';
import { postgresNotices } from './postgres-notices.ts';
import { SQLITE_FILE } from './sqlite-file.ts';
import { sqliteNotices } from './sqlite-notices.ts';

/** The way that the database itself offers. */
export function openNotices({ databaseUrl, dataDir }: Whereabouts, database: Database, log: Log): Notices {
  return database.dialect === 'postgres' ? postgresNotices(databaseUrl, database, log) : sqliteNotices(join(dataDir, SQLITE_FILE));
}
