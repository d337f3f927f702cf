import { createHash } from 'node:crypto';
import { type Applied, type Migration, readMigrations } from '../platform/migrate.ts';
import { type Table, tablesOf } from '../platform/tables.ts';
import { MoveRefused } from './move-refused.ts';
import { movedTables } from './moved-tables.ts';
import type { Cells } from './table-rows.ts';

/** All rows of a Portico at one moment, wherever they come from: a database or a file. */
export interface Content {
  /** What its schema is, oldest first. */
  readonly migrations: readonly ListedMigration[];
  readonly tables: readonly Table[];
  readonly rows: number;
  /** Table by table, parents first, in the order of the primary key. Throws when what comes is not whole. */
  chunks(): AsyncIterable<Chunk>;
}

export type ListedMigration = Pick<Applied, 'name' | 'checksum' | 'appliedAt'>;

export interface Chunk {
  readonly table: Table;
  readonly rows: readonly Cells[];
}

export interface Sum {
  readonly rows: number;
  /** SHA-256 over the rows as lines, base64url. */
  readonly hash: string;
}

export interface Progress {
  /** What is done with the rows at this moment, such as `reading`. */
  readonly step: string;
  readonly table: string;
  readonly done: number;
  readonly rows: number;
}

export type OnProgress = (progress: Progress) => void;

/** One line a row, the same from either database. */
export function linesOf(rows: readonly Cells[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Counts and hashes rows as they pass. */
export function createTally(tables: readonly Table[]): { add(chunk: Chunk): void; sums(): ReadonlyMap<string, Sum> } {
  const hashes = new Map(tables.map(({ name }) => [name, createHash('sha256')]));
  const counts = new Map(tables.map(({ name }) => [name, 0]));
  return {
    add({ table, rows }) {
      hashes.get(table.name)?.update(linesOf(rows));
      counts.set(table.name, (counts.get(table.name) ?? 0) + rows.length);
    },
    sums: () => new Map([...hashes].map(([name, hash]) => [name, { rows: counts.get(name) ?? 0, hash: hash.copy().digest('base64url') }])),
  };
}

/** Of all tables together. */
export function hashOfSums(sums: ReadonlyMap<string, Sum>): string {
  const lines = [...sums].map(([name, { rows, hash }]) => `${name} ${rows} ${hash}\n`);
  return createHash('sha256').update(lines.join('')).digest('base64url');
}

/** The tables whose rows go, for a schema made by these migrations. Throws MoveRefused where this program does not know it. */
export function tablesAfter(applied: readonly ListedMigration[]): readonly Table[] {
  return movedTables(tablesOf(knownMigrations(applied)));
}

/** Throws MoveRefused for a newer schema, though this program could serve from it: it would leave behind what it does not know. */
export function knownMigrations(applied: readonly ListedMigration[]): readonly Migration[] {
  const known = readMigrations();
  return applied.map(({ name, checksum }, index) => {
    const migration = known[index];
    if (migration === undefined)
      throw new MoveRefused(`it is newer than this program: it has migration ${name}. Use the program that it belongs to`);
    if (migration.name !== name || migration.checksum !== checksum)
      throw new MoveRefused(`its migration ${name} is not the one that this program has: they do not belong together`);
    return migration;
  });
}
