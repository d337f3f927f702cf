import type { BulkConnection } from './bulk-connection.ts';
import { findSqliteFile, isPostgres, makeSqliteFile, type Whereabouts } from './open-database.ts';
import { openPostgresBulk } from './postgres-bulk.ts';
import { openSqliteBulk } from './sqlite-bulk.ts';

export interface BulkOptions {
  /** Make an SQLite database that is not there. Without it, it has to be there. */
  readonly make?: boolean;
}

export async function openBulk({ databaseUrl, dataDir }: Whereabouts, { make = false }: BulkOptions = {}): Promise<BulkConnection> {
  if (isPostgres(databaseUrl)) return openPostgresBulk(databaseUrl);
  return openSqliteBulk(make ? makeSqliteFile(dataDir) : findSqliteFile(dataDir));
}
