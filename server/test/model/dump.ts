import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../src/platform/db.ts';
import type { FreshDatabase } from '../databases.ts';

/** A copy of the database, as a thief of a backup holds it. */
export interface Dump {
  /** Every value of every column of every table. */
  readonly cells: readonly Value[];
  /** The same as bytes: the files of SQLite with what was deleted from them, the rows of PostgreSQL. */
  readonly bytes: Buffer;
}

const TABLES = {
  sqlite: "select name from sqlite_master where type = 'table'",
  postgres: "select table_name as name from information_schema.tables where table_schema = 'public'",
} as const;

export async function dumpDatabase({ db, dialect, where }: FreshDatabase): Promise<Dump> {
  const tables = (await db.all(TABLES[dialect])).map((row) => row['name']);
  const cells: Value[] = [];
  for (const table of tables) for (const row of await db.all(`select * from ${table}`)) cells.push(...Object.values(row));
  const files = dialect === 'sqlite' ? readdirSync(where.dataDir).map((name) => readFileSync(join(where.dataDir, name))) : [];
  return { cells, bytes: Buffer.concat([Buffer.from(cells.join('\n')), ...files]) };
}

/** The spellings in which a secret could lie in a dump: as sent, and as the bytes behind its base64url. */
export function spellingsOf(secret: string): readonly Buffer[] {
  const raw = Buffer.from(secret, 'base64url');
  return [Buffer.from(secret), ...(raw.length >= 12 ? [raw, Buffer.from(raw.toString('hex')), Buffer.from(raw.toString('base64'))] : [])];
}
