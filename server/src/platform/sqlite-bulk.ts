import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BulkConnection, CHUNK } from './bulk-connection.ts';
import type { Row } from './db.ts';
import { type Bound, inspectStatement } from './portable-sql.ts';

/** A running server holds the file for milliseconds at a time. */
const LOCK_PATIENCE = 60_000;

/** Its own file handle: a read transaction here sees one moment and stops no writer. */
export function openSqliteBulk(path: string): BulkConnection {
  const database = new DatabaseSync(path, { timeout: LOCK_PATIENCE, enableForeignKeyConstraints: true });
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off');
  } catch (error) {
    database.close();
    throw error;
  }
  // Few texts, each run for thousands of rows.
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const prepare = (sql: string) => {
    const { positional } = inspectStatement(sql);
    return { places: positional.places, statement: database.prepare(positional.sql) };
  };
  return {
    dialect: 'sqlite',
    async run(sql, values = []) {
      const known = prepared.get(sql) ?? prepare(sql);
      prepared.set(sql, known);
      return known.statement.all(...known.places.map((place) => bindable(values[place - 1]))) as unknown as readonly Row[];
    },
    async script(sql) {
      database.exec(sql);
    },
    async *read(sql) {
      let rows: Row[] = [];
      for (const row of database.prepare(sql).iterate()) {
        rows.push(row as unknown as Row);
        if (rows.length < CHUNK) continue;
        yield rows;
        rows = [];
        // Lets signals in.
        await nextTurn();
      }
      if (rows.length > 0) yield rows;
    },
    async close() {
      database.close();
    },
  };
}

/** A JavaScript number would arrive as a float, a BigInt arrives as an integer. */
function bindable(value: Bound | undefined): SQLInputValue {
  if (typeof value === 'object' && value !== null) throw new TypeError('SQLite takes no lists');
  return typeof value === 'number' ? BigInt(value) : (value ?? null);
}
