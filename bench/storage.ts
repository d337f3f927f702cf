import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Db, Dialect, Row, Value } from '../server/src/platform/db.ts';
import { openSite, refreshed } from '../server/test/backends.ts';
import type { Browser } from '../server/test/browser.ts';
import { type FreshDatabase, freshDatabase } from '../server/test/databases.ts';
import { addSite } from '../server/test/sites.ts';
import { openWorld, PASSWORD, type World } from '../server/test/world.ts';

/**
 * What a person costs on the disk: real rows, made by real calls (sign-up, two sites, some refreshes), copied many times under other ids, and
 * then each table weighed with its indexes. `node scripts/run.cjs bench/storage.ts [PEOPLE]`; `docs/scale.md` calculates with it.
 */

const PEOPLE = Number(process.argv[2] ?? 20_000);
const REFRESHES = 5;
const ROWS_A_STATEMENT = 500;
const LOGGED_CALLS = 50;
const EMAIL = 'ada.lovelace.1815@example.com';
/** Parents before children. */
const TABLES = ['users', 'passwords', 'devices', 'sightings', 'sessions', 'refresh_tokens', 'events'] as const;
/** What names one person or one row, and so differs from copy to copy. */
const NAMES = /(?:^id|_id|_hash|email|email_key|email_search|name_search|token_hash|digest|salt|cur_hash|ring)$/;
/** What many people share. */
const SHARED = new Set(['client_id', 'key_id', 'request_id']);

interface Weight {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
}

async function main(): Promise<void> {
  console.log(`${PEOPLE} people, each with one session, its own sign-in and two sites, ${REFRESHES} refreshes at each; bytes with indexes`);
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const fresh = await freshDatabase(dialect);
    try {
      await fillWithPeople(fresh);
      print(dialect, await unhurried(fresh, (db) => weigh(db, dialect)));
    } finally {
      await fresh.drop();
    }
  }
}

async function fillWithPeople(fresh: FreshDatabase): Promise<void> {
  const world = await openWorld(fresh.db);
  try {
    const sites = [await addSite(world, 'notes'), await addSite(world, 'wiki')];
    const ada = await world.signedUp(EMAIL);
    for (let n = 0; n < REFRESHES; n += 1) await ada.refresh();
    for (const site of sites) {
      let opened = await openSite(world, ada, site);
      for (let n = 0; n < REFRESHES; n += 1) opened = await refreshed(opened);
    }
    if (fresh.dialect === 'postgres') await weighLog(fresh, world, ada);
  } finally {
    await world.close();
  }
  await unhurried(fresh, async (db) => {
    for (const table of TABLES) await copyRows(db, table);
    for (const table of TABLES) await db.all(`analyze ${table}`);
  });
}

/** What one call adds to PostgreSQL's write-ahead log: what replicas and archives have to carry. Pages that the log holds whole after a checkpoint are left out. */
async function weighLog(fresh: FreshDatabase, world: World, ada: Browser): Promise<void> {
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    refresh: () => ada.refresh(),
    'sign-in': () => ada.signIn(EMAIL, PASSWORD),
  };
  for (const [name, call] of Object.entries(calls)) {
    await call();
    const before = await logPosition(fresh);
    for (let n = 0; n < LOGGED_CALLS; n += 1) await call();
    await world.settled();
    console.log(`postgres: ${Math.round(((await logPosition(fresh)) - before) / LOGGED_CALLS)} bytes of log for one ${name}`);
  }
}

async function logPosition(fresh: FreshDatabase): Promise<number> {
  const [row] = await unhurried(fresh, (db) => db.all("select pg_current_wal_insert_lsn() - '0/0' as bytes"));
  return Number(row?.['bytes']);
}

/** The same row for everybody but the first, under names that no two people share. */
async function copyRows(db: Pick<Db, 'all'>, table: string): Promise<void> {
  for (const row of await db.all(`select * from ${table}`)) {
    const columns = Object.keys(row);
    for (let from = 1; from < PEOPLE; from += ROWS_A_STATEMENT) {
      const people = Array.from({ length: Math.min(ROWS_A_STATEMENT, PEOPLE - from) }, (_, at) => from + at);
      const values = people.map((person) => `(${columns.map((column) => literal(column, row, person)).join(', ')})`);
      await db.all(`insert into ${table} (${columns.join(', ')}) values ${values.join(', ')}`);
    }
  }
}

/** As long as the original, so that it weighs the same. */
function literal(column: string, row: Row, person: number): string {
  const value: Value = row[column] ?? null;
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  if (!NAMES.test(column) || SHARED.has(column) || value === '') return `'${value.replaceAll("'", "''")}'`;
  const mark = String(person).padStart(8, '0');
  // Ids and hashes are random from their first letter on, and an index over them is filled in no order.
  const scattered = randomised(value, person);
  return `'${`${scattered.slice(0, Math.max(0, value.length - mark.length))}${mark}`.replaceAll("'", "''")}'`;
}

const scatter = new Map<string, string>();
function randomised(value: string, person: number): string {
  const key = `${value}/${person}`;
  const known = scatter.get(key);
  if (known !== undefined) return known;
  const made = randomBytes(value.length).toString('base64url').slice(0, value.length);
  scatter.set(key, made);
  return made;
}

async function weigh(db: Pick<Db, 'all'>, dialect: Dialect): Promise<readonly Weight[]> {
  const weights: Weight[] = [];
  for (const table of TABLES) {
    const [counted] = await db.all(`select count(*) as n from ${table}`);
    const [size] =
      dialect === 'sqlite'
        ? await db.all('select sum(pgsize) as bytes from dbstat where name in (select name from sqlite_schema where tbl_name = $1)', [
            table,
          ])
        : await db.all(`select pg_total_relation_size('${table}') as bytes`);
    weights.push({ table, rows: Number(counted?.['n']), bytes: Number(size?.['bytes']) });
  }
  return weights;
}

function print(dialect: Dialect, weights: readonly Weight[]): void {
  console.log(`\n${dialect.padEnd(16)}${'rows'.padStart(10)}${'bytes a row'.padStart(14)}${'bytes a person'.padStart(16)}`);
  for (const { table, rows, bytes } of weights) {
    console.log(
      `${table.padEnd(16)}${String(rows).padStart(10)}${String(Math.round(bytes / rows)).padStart(14)}${String(Math.round(bytes / PEOPLE)).padStart(16)}`,
    );
  }
  const all = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${'together'.padEnd(40)}${String(Math.round(all / PEOPLE)).padStart(16)}`);
}

/** Without the limits that the product's own connections have. */
async function unhurried<T>({ dialect, db, where }: FreshDatabase, work: (db: Pick<Db, 'all'>) => Promise<T>): Promise<T> {
  if (dialect === 'sqlite') return work(db);
  const client = new pg.Client({ connectionString: where.databaseUrl });
  await client.connect();
  try {
    return await work({ all: async (sql, values = []) => (await client.query(sql, [...values])).rows });
  } finally {
    await client.end();
  }
}

await main();
