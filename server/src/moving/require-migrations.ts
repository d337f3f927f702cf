import { asDb, type BulkConnection } from '../platform/bulk-connection.ts';
import { listApplied } from '../platform/migrate.ts';
import type { ListedMigration } from './content.ts';
import { MoveRefused } from './move-refused.ts';
import { findTables } from './table-rows.ts';

/** What the schema of a database is, oldest first. Throws MoveRefused where there is none of ours. */
export async function requireMigrations(of: BulkConnection): Promise<readonly ListedMigration[]> {
  if ((await findTables(of, ['migrations'])).length === 0) throw new MoveRefused('there is no Portico in this database');
  const applied = await listApplied(asDb(of), of.dialect);
  return applied.map(({ name, checksum, appliedAt }) => ({ name, checksum, appliedAt }));
}
