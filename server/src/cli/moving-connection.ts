import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { databasePlace } from '../config/database-place.ts';
import { MoveRefused } from '../moving/move-refused.ts';
import type { BulkConnection } from '../platform/bulk-connection.ts';
import { messageOf } from '../platform/message-of.ts';
import { openBulk } from '../platform/open-bulk.ts';
import type { Whereabouts } from '../platform/open-database.ts';
import { SQLITE_FILE } from '../platform/sqlite-file.ts';
import { StartProblem } from '../start-problem.ts';

/** Opens a database for moving, and closes it afterwards. What the machine or the database has to say becomes a sentence (StartProblem). */
export async function withBulk<T>(
  where: Whereabouts,
  { make = false }: { readonly make?: boolean },
  work: (connection: BulkConnection) => Promise<T>,
): Promise<T> {
  const isNew = make && where.databaseUrl === '' && !existsSync(join(where.dataDir, SQLITE_FILE));
  const connection = await openBulk(where, { make }).catch((cause: unknown) => {
    throw new StartProblem(`the database cannot be reached (${databasePlace(where)}): ${messageOf(cause)}`, cause);
  });
  let kept = false;
  try {
    const result = await work(connection);
    kept = true;
    return result;
  } finally {
    await connection.close();
    // An empty file would say that a database is there.
    if (isNew && !kept) rmSync(join(where.dataDir, SQLITE_FILE), { force: true });
  }
}

/** `what` failed: in a sentence where the reason lies outside the program. */
export function explain(what: string): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof StartProblem) throw cause;
    if (cause instanceof MoveRefused) throw new StartProblem(`${what}: ${cause.message}`, cause);
    // An error of the system, of SQLite or of PostgreSQL; anything else is a mistake of ours and keeps its stack.
    if (cause instanceof Error && 'code' in cause) throw new StartProblem(`${what}: ${messageOf(cause)}`, cause);
    throw cause;
  };
}
