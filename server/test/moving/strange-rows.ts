import { insertRows } from '../../src/moving/table-rows.ts';
import type { BulkConnection } from '../../src/platform/bulk-connection.ts';
import type { Value } from '../../src/platform/db.ts';
import { readMigrations } from '../../src/platform/migrate.ts';
import { type Column, type Table, tablesOf } from '../../src/platform/tables.ts';

/** Rows that no flow makes: every column of every table, with what is hard to carry. Row `n` of a table belongs to row `n` of its parents. */

const TEXTS = [
  'plain',
  '',
  'Ünïcode, 日本語, עברית, 👩‍👩‍👧 and a combining é',
  'a "quote", a \'quote\', a back\\slash, {braces,NULL}, NULL and a\ttab',
  'two\nlines\r\nand a line separator \u2028 and \u0001 and \u007f and \ufeff',
  '\u{10ffff} the last, \ud7ff and \ue000',
];

export const ALL_TABLES = tablesOf(readMigrations());

export function strangeRow({ columns, key }: Table, n: number): Value[] {
  return columns.map((column) => cell(column, key.includes(column.name), n));
}

/** Rows `first` to `last`, the last one left out. */
export async function fillStrangely(
  db: BulkConnection,
  last: number,
  { tables = ALL_TABLES, first = 0 }: { readonly tables?: readonly Table[]; readonly first?: number } = {},
): Promise<void> {
  for (const table of tables) {
    for (let from = first; from < last; from += 500) {
      const some = Array.from({ length: Math.min(500, last - from) }, (_, n) => strangeRow(table, from + n));
      await insertRows(db, table, some);
    }
  }
}

function cell({ name, type, nullable }: Column, isKey: boolean, n: number): Value {
  if (type === 'bigint')
    return isKey ? n : nullable && n % 3 === 2 ? null : ([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, n][n % 4] ?? n);
  if (isKey || name.endsWith('_id')) return `${TEXTS[n % TEXTS.length]} ${n}`;
  if (nullable && n % 3 === 1) return null;
  // Some columns are unique.
  return `${TEXTS[(n + name.length) % TEXTS.length]}${n}`;
}
