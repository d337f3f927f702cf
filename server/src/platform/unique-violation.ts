/** SQLite's SQLITE_CONSTRAINT_UNIQUE. */
const SQLITE_UNIQUE = 2067;
/** PostgreSQL's unique_violation. */
const POSTGRES_UNIQUE = '23505';

/**
 * A statement would have given two rows one key: for races that no `on conflict` can decide, because the statement is an update. The
 * transaction has been rolled back.
 */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === POSTGRES_UNIQUE) || ('errcode' in error && error.errcode === SQLITE_UNIQUE);
}
