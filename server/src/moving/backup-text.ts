import { createHash, type Hash } from 'node:crypto';
import { type Content, createTally, type ListedMigration, linesOf, type Sum } from './content.ts';

/**
 * A backup as text: lines of JSON. The first says what it is; then for each table one line with its name and columns, and one line a row;
 * the last has counts and hashes, so that a file that was cut or changed shows.
 */
export const BACKUP_FORMAT = 'portico-backup';
/** Rises when an older program could no longer read it. */
export const BACKUP_FORMAT_VERSION = 1;

export interface BackupHead {
  readonly format: typeof BACKUP_FORMAT;
  readonly formatVersion: number;
  /** Of the program that made it. */
  readonly version: string;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly migrations: readonly ListedMigration[];
  /** In all tables. */
  readonly rows: number;
}

export interface TableHead {
  readonly table: string;
  readonly columns: readonly string[];
}

export interface BackupEnd {
  readonly end: Readonly<Record<string, Sum>>;
  /** SHA-256 over every line before this one, base64url. */
  readonly hash: string;
}

/** Some lines at a time. `onEnd` is told the sums when all is said. */
export async function* backupLines(
  content: Content,
  { version, madeAt }: Pick<BackupHead, 'version' | 'madeAt'>,
  onEnd: (end: BackupEnd) => void = () => undefined,
): AsyncIterable<string> {
  const whole = createHash('sha256');
  const tally = createTally(content.tables);
  const head: BackupHead = {
    format: BACKUP_FORMAT,
    formatVersion: BACKUP_FORMAT_VERSION,
    version,
    madeAt,
    migrations: content.migrations,
    rows: content.rows,
  };
  yield hashed(whole, line(head));
  let next = 0;
  /** Tables without rows have their line too. */
  const headsUpTo = (name: string | null): string => {
    let text = '';
    for (let table = content.tables[next]; table !== undefined; table = content.tables[next]) {
      next += 1;
      text += line({ table: table.name, columns: table.columns.map((column) => column.name) } satisfies TableHead);
      if (table.name === name) break;
    }
    return text;
  };
  let current = '';
  for await (const chunk of content.chunks()) {
    const heads = chunk.table.name === current ? '' : headsUpTo(chunk.table.name);
    current = chunk.table.name;
    tally.add(chunk);
    yield hashed(whole, heads + linesOf(chunk.rows));
  }
  yield hashed(whole, headsUpTo(null));
  const end: BackupEnd = { end: Object.fromEntries(tally.sums()), hash: whole.digest('base64url') };
  yield line(end);
  onEnd(end);
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function hashed(hash: Hash, text: string): string {
  hash.update(text);
  return text;
}
