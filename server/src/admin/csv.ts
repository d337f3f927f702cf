import type { Mark } from '../platform/listing.ts';

/** Lists as files for a spreadsheet (RFC 4180). */

export type Cell = string | number | null;

/** Rows that are read at a time: a long list is written as it is read, and never stands in memory. */
const ROWS_AT_A_TIME = 500;
/** More rows than a spreadsheet can open are of no use to anybody. */
export const CSV_ROWS_MAX = 1_000_000;

/** `read` answers the rows after a mark; the file ends with the list. */
export async function* csvOf<Row>({
  head,
  read,
  mark,
  cells,
}: {
  readonly head: readonly string[];
  readonly read: (ask: { readonly after: Mark | null; readonly limit: number }) => Promise<readonly Row[]>;
  readonly mark: (row: Row) => Mark;
  readonly cells: (row: Row) => readonly Cell[];
}): AsyncGenerator<string> {
  yield lineOf(head);
  let after: Mark | null = null;
  for (let written = 0; written < CSV_ROWS_MAX; ) {
    const rows = await read({ after, limit: ROWS_AT_A_TIME });
    if (rows.length > 0) yield rows.map((row) => lineOf(cells(row))).join('');
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_A_TIME) return;
    written += rows.length;
    after = mark(last);
  }
}

function lineOf(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

/**
 * Formula injection: a name such as `=HYPERLINK(…)` would run in the operator's spreadsheet. A quotation mark before it keeps it a text
 * (OWASP, CSV Injection); leading blanks are looked through, because some programs drop them.
 */
export function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const inert = /^[\s\u0000]*[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(inert) || inert !== cell ? `"${inert.replaceAll('"', '""')}"` : inert;
}
