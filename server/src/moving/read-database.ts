import type { BulkConnection } from '../platform/bulk-connection.ts';
import { type Content, type OnProgress, tablesAfter } from './content.ts';
import { requireMigrations } from './require-migrations.ts';
import { countRows, readRows } from './table-rows.ts';

/**
 * Shows `use` a database as it is at one moment, whatever is written meanwhile. On SQLite a reader stops no writer; on PostgreSQL a snapshot
 * is held for as long as it takes, so that dead rows stay until then.
 */
export async function withSnapshot<T>(
  from: BulkConnection,
  use: (content: Content) => Promise<T>,
  onProgress: OnProgress = () => undefined,
): Promise<T> {
  await from.run(from.dialect === 'sqlite' ? 'begin' : 'begin isolation level repeatable read read only');
  try {
    return await use(await contentOf(from, onProgress));
  } finally {
    // Nothing was written; a connection that is gone has ended it already.
    await from.run('rollback').catch(() => undefined);
  }
}

async function contentOf(from: BulkConnection, onProgress: OnProgress): Promise<Content> {
  const migrations = await requireMigrations(from);
  const tables = tablesAfter(migrations);
  let rows = 0;
  for (const table of tables) rows += await countRows(from, table);
  return {
    migrations,
    tables,
    rows,
    async *chunks() {
      let done = 0;
      for (const table of tables) {
        for await (const some of readRows(from, table)) {
          done += some.length;
          onProgress({ step: 'copied', table: table.name, done, rows });
          yield { table, rows: some };
        }
      }
    },
  };
}
