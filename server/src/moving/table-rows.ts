import type { BulkConnection } from '../platform/bulk-connection.ts';
import type { Row, Value } from '../platform/db.ts';
import { type Column, plainName, type Table } from '../platform/tables.ts';

/**
 * Every table as rows and columns, without a word about what they mean: for moving whole databases only. Names of tables and columns come
 * from the migrations, which hold nothing but plain words; what people wrote is bound, never written into a statement.
 */

/** The values of a row, in the order of the table's columns. */
export type Cells = readonly Value[];

/** Whoever answers a plain query. */
export interface Asked extends Pick<BulkConnection, 'dialect'> {
  run(sql: string, values?: readonly string[]): Promise<readonly Row[]>;
}

export async function countRows(from: BulkConnection, { name }: Table): Promise<number> {
  const [row] = await from.run(`select count(*) as rows from ${plainName(name)}`);
  return Number(row?.['rows'] ?? 0);
}

/** In the order of the primary key, by bytes, which is the same on both databases. */
export async function* readRows(from: BulkConnection, table: Table): AsyncIterable<readonly Cells[]> {
  const { columns } = table;
  for await (const rows of from.read(`select ${listOf(columns)} from ${plainName(table.name)} order by ${orderOf(from, table)}`)) {
    yield rows.map((row) => columns.map(({ name }) => row[name] ?? null));
  }
}

export async function insertRows(into: BulkConnection, { name, columns }: Table, rows: readonly Cells[]): Promise<void> {
  const start = `insert into ${plainName(name)} (${listOf(columns)})`;
  if (into.dialect === 'sqlite') {
    const places = columns.map((_, at) => placeOf(at)).join(', ');
    for (const row of rows) await into.run(`${start} values (${places})`, row);
    return;
  }
  const lists = columns.map(({ type }, at) => `${placeOf(at)}::${type}[]`).join(', ');
  await into.run(
    `${start} select * from unnest(${lists})`,
    columns.map((_, at) => rows.map((row) => row[at] ?? null)),
  );
}

/** Rows that migrations made by themselves. Children first. */
export async function emptyTables(of: BulkConnection, tables: readonly Table[]): Promise<void> {
  for (const { name } of [...tables].reverse()) await of.run(`delete from ${plainName(name)}`);
}

/** With all that is in them. Children first. */
export async function dropTables(of: BulkConnection, tables: readonly Pick<Table, 'name'>[]): Promise<void> {
  for (const { name } of [...tables].reverse()) await of.run(`drop table ${plainName(name)}`);
}

/** Which of these names a table of this database has already. */
export async function findTables(of: Asked, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names) {
    const [row] =
      of.dialect === 'sqlite'
        ? await of.run("select 1 as found from sqlite_master where type = 'table' and name = $1", [name])
        : await of.run('select 1 as found where to_regclass($1) is not null', [name]);
    if (row !== undefined) found.push(name);
  }
  return found;
}

function placeOf(at: number): string {
  return `$${at + 1}`;
}

function listOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => plainName(name)).join(', ');
}

function orderOf({ dialect }: BulkConnection, { columns, key }: Table): string {
  const isText = (name: string) => columns.some((column) => column.name === name && column.type === 'text');
  const collation = dialect === 'postgres' ? ' collate "C"' : '';
  return key.map((name) => (isText(name) ? `${plainName(name)}${collation}` : plainName(name))).join(', ');
}
