import type { Db, Row, Value } from './db.ts';

/** A sealed column of a table, as it is walked through to seal it anew. */
export interface SealedColumn {
  readonly table: string;
  /**
   * The next rows after a place in the order of their keys, from the beginning where it is null. `form` is what the current key's texts
   * begin with; theirs are not answered.
   */
  page(db: Db, form: string, after: Place | null, limit: number): Promise<readonly SealedText[]>;
  /** False: the row has gone, or holds another text by now. */
  replace(db: Db, place: Place, before: string, after: string): Promise<boolean>;
}

/** The key of a row. */
export type Place = readonly Value[];

export interface SealedText {
  readonly place: Place;
  readonly label: string;
  /** Null: sealed with the current key, or not at all. */
  readonly sealed: string | null;
}

export function sealedTextFrom(row: Row, columns: readonly string[], labelOf: (row: Row) => string): SealedText {
  return { place: columns.map((column) => row[column] ?? null), label: labelOf(row), sealed: row['sealed'] as string | null };
}
