import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inOneTransaction } from '../../src/moving/fill-database.ts';
import { findTables } from '../../src/moving/table-rows.ts';
import type { BulkConnection } from '../../src/platform/bulk-connection.ts';
import { openBulk } from '../../src/platform/open-bulk.ts';
import type { Whereabouts } from '../../src/platform/open-database.ts';
import type { FreshDatabase } from '../databases.ts';
import { ALL_TABLES, fillStrangely } from './strange-rows.ts';

/** A folder that is gone afterwards. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-moving-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function look<T>(where: Whereabouts, at: (bulk: BulkConnection) => Promise<T>): Promise<T> {
  const bulk = await openBulk(where, { make: true });
  try {
    return await at(bulk);
  } finally {
    await bulk.close();
  }
}

export function fill({ where }: FreshDatabase, last: number, options: Parameters<typeof fillStrangely>[2] = {}): Promise<void> {
  return look(where, (bulk) => inOneTransaction(bulk, () => fillStrangely(bulk, last, options)));
}

export function isEmpty(where: Whereabouts): Promise<boolean> {
  return look(where, async (bulk) => (await findTables(bulk, ['migrations', ...ALL_TABLES.map(({ name }) => name)])).length === 0);
}
