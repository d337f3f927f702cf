import { createHash } from 'node:crypto';
import type { Value } from '../platform/db.ts';
import type { Column, Table } from '../platform/tables.ts';
import { BACKUP_FORMAT, BACKUP_FORMAT_VERSION, type BackupEnd, type BackupHead, type TableHead } from './backup-text.ts';
import { type Chunk, type Content, createTally, type OnProgress, tablesAfter } from './content.ts';
import { MoveRefused } from './move-refused.ts';
import type { Cells } from './table-rows.ts';

export interface Backup extends Content {
  readonly head: BackupHead;
}

/** Rows that are in memory at a time. */
const CHUNK = 500;

/**
 * Reads the lines of a backup. What is cut, changed or foreign throws MoveRefused, at the latest where `chunks` ends: nothing may be kept
 * before that. This finds damage, not forgery: who can write the file can write its hashes.
 */
export async function openBackup(lines: AsyncIterator<string>, onProgress: OnProgress = () => undefined): Promise<Backup> {
  const first = await lines.next();
  const text = first.done === true ? '' : first.value;
  const head = parseHead(text);
  const tables = tablesAfter(head.migrations);
  return {
    head,
    migrations: head.migrations,
    tables,
    rows: head.rows,
    chunks: () => chunksOf(lines, text, tables, (table, done) => onProgress({ step: 'restored', table, done, rows: head.rows })),
  };
}

async function* chunksOf(
  lines: AsyncIterator<string>,
  first: string,
  tables: readonly Table[],
  onRows: (table: string, done: number) => void,
): AsyncIterable<Chunk> {
  const whole = createHash('sha256').update(`${first}\n`);
  const tally = createTally(tables);
  let [at, done] = [-1, 0];
  let rows: Cells[] = [];
  const flush = function* (): Iterable<Chunk> {
    const table = tables[at];
    if (table === undefined || rows.length === 0) return;
    const chunk = { table, rows };
    done += rows.length;
    rows = [];
    tally.add(chunk);
    onRows(table.name, done);
    yield chunk;
  };
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const line = next.value;
    if (line.startsWith('[')) {
      const table = tables[at];
      if (table === undefined) throw damaged('rows stand before a table');
      rows.push(parseRow(line, table));
      if (rows.length >= CHUNK) yield* flush();
    } else {
      yield* flush();
      if (line.startsWith('{"end":')) return await requireEnd(lines, parseJson(line) as BackupEnd, tally.sums(), whole.digest('base64url'));
      at += 1;
      requireTable(parseJson(line), tables[at]);
    }
    whole.update(`${line}\n`);
  }
  throw damaged('it breaks off');
}

function parseHead(text: string): BackupHead {
  const head = (text.startsWith('{') ? parseJson(text) : null) as Partial<BackupHead> | null;
  if (head?.format !== BACKUP_FORMAT) throw new MoveRefused('this is no backup of Portico');
  if (head.formatVersion !== BACKUP_FORMAT_VERSION)
    throw new MoveRefused(
      `it has format ${head.formatVersion}, this program reads format ${BACKUP_FORMAT_VERSION}: use the program that made it (${head.version})`,
    );
  const { migrations, rows, version, madeAt } = head;
  const isListed = (one: unknown) => typeof one === 'object' && one !== null && 'name' in one && 'checksum' in one && 'appliedAt' in one;
  if (!Array.isArray(migrations) || !migrations.every(isListed) || !Number.isSafeInteger(rows)) throw damaged('its first line');
  if (typeof version !== 'string' || typeof madeAt !== 'string') throw damaged('its first line');
  return head as BackupHead;
}

function requireTable(said: unknown, expected: Table | undefined): void {
  const { table, columns } = (said ?? {}) as Partial<TableHead>;
  if (expected === undefined || table !== expected.name) throw damaged(`the table ${String(table)} does not belong here`);
  if (JSON.stringify(columns) !== JSON.stringify(expected.columns.map(({ name }) => name))) throw damaged(`the columns of ${table}`);
}

function parseRow(line: string, { name, columns }: Table): Cells {
  const cells: unknown = parseJson(line);
  if (!Array.isArray(cells) || cells.length !== columns.length || !columns.every((column, at) => fits(column, cells[at])))
    throw damaged(`a row of ${name}`);
  return cells as Value[];
}

/** SQLite would take anything into any column. */
function fits({ type, nullable }: Column, cell: unknown): boolean {
  if (cell === null) return nullable;
  return type === 'bigint' ? Number.isSafeInteger(cell) : typeof cell === 'string' && !cell.includes('\0');
}

async function requireEnd(
  lines: AsyncIterator<string>,
  said: BackupEnd,
  found: ReturnType<ReturnType<typeof createTally>['sums']>,
  hash: string,
): Promise<void> {
  for (const [name, sum] of found) {
    const expected = said.end[name];
    if (expected?.rows !== sum.rows || expected.hash !== sum.hash) throw damaged(`the rows of ${name}`);
  }
  if (said.hash !== hash || Object.keys(said.end).length !== found.size) throw damaged('its hash is another one');
  if ((await lines.next()).done !== true) throw damaged('something stands after its end');
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw damaged('a line is not JSON');
  }
}

function damaged(what: string): MoveRefused {
  return new MoveRefused(`the backup is damaged or was changed: ${what}`);
}
