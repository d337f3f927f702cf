import type { Db, Row, Value } from './db.ts';

/** A condition as constant SQL with `?` for each value. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Where a list goes on: the last row that was read, by what the list is sorted by and, where that is equal, by its id. */
export interface Mark {
  readonly key: string | number;
  readonly id: string;
}

export interface Listing {
  /** `select … from …`, a constant. */
  readonly select: string;
  readonly where: readonly Condition[];
  /** Two columns that an index has side by side, after those of the conditions; together they are unique. */
  readonly order: { readonly key: string; readonly id: string; readonly descending: boolean };
  readonly after: Mark | null;
  readonly limit: number;
}

export function condition(sql: string, ...values: readonly Value[]): Condition {
  return { sql, values };
}

/**
 * One page of a list. The order is total, so pages neither skip nor repeat while rows come and go, and every page costs what the first
 * one does: the mark is a place in the index and not a number of rows to skip.
 */
export async function selectPage(db: Db, listing: Listing): Promise<readonly Row[]> {
  const { sql, values } = listingStatement(listing);
  return db.all(sql, values);
}

export function listingStatement({ select, where, order, after, limit }: Listing): { sql: string; values: readonly Value[] } {
  const { key, id, descending } = order;
  const direction = descending ? 'desc' : 'asc';
  const mark = after === null ? [] : [condition(`(${key}, ${id}) ${descending ? '<' : '>'} (?, ?)`, after.key, after.id)];
  const conditions = [...where, ...mark];
  const values = [...conditions.flatMap((one) => one.values), limit];
  const filter = conditions.length === 0 ? '' : ` where ${conditions.map(({ sql }) => `(${sql})`).join(' and ')}`;
  const text = `${select}${filter} order by ${key} ${direction}, ${id} ${direction} limit ?`;
  let number = 0;
  return {
    sql: text.replaceAll('?', () => {
      number += 1;
      return `$${number}`;
    }),
    values,
  };
}

/**
 * The texts that begin with `prefix`, as a range of a column that holds them as `searchKey` writes them. Portable where `like` is not: both
 * databases order digits and a to f alike, in every language, and both find a range by its index.
 */
export function beginsWith(column: string, prefix: string): Condition {
  const key = searchKey(prefix);
  return condition(`${column} >= ? and ${column} < ?`, key, `${key}g`);
}

/** A text as lists are searched and sorted by it: lower case, its bytes as hexadecimal digits. */
export function searchKey(text: string): string {
  return Buffer.from(text.toLowerCase().normalize('NFC'), 'utf8').toString('hex');
}
