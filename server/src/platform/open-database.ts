import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from './db.ts';
import { openPostgres, type PostgresOptions } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import { SQLITE_FILE } from './sqlite-file.ts';

export interface Whereabouts {
  /** `postgres://…`, or empty for SQLite in the data folder. */
  readonly databaseUrl: string;
  readonly dataDir: string;
}

/** Opens the database that the settings name. Nothing is migrated yet, and PostgreSQL is first spoken to by the first statement. */
export function openDatabase({ databaseUrl, dataDir }: Whereabouts, options: PostgresOptions = {}): Database {
  return isPostgres(databaseUrl) ? openPostgres(databaseUrl, options) : openSqlite(makeSqliteFile(dataDir));
}

/** Throws for an address that is of neither database. */
export function isPostgres(databaseUrl: string): boolean {
  if (/^postgres(?:ql)?:\/\//.test(databaseUrl)) return true;
  // Not the URL itself: it may hold a password.
  if (databaseUrl !== '') throw new Error('The database URL must begin with postgres://, or be empty for SQLite in the data folder');
  return false;
}

/** The path of the SQLite database, which is there afterwards. */
export function makeSqliteFile(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, SQLITE_FILE);
  createPrivately(path);
  return path;
}

/** The path of the SQLite database. Throws when there is none: whoever reads must not make an empty one. */
export function findSqliteFile(dataDir: string): string {
  const path = join(dataDir, SQLITE_FILE);
  if (!existsSync(path)) throw new Error(`there is no ${path}`);
  return path;
}

/** SQLite gives its log files the rights of the file. Never opened once it exists: closing it would drop the locks this process holds on it. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
