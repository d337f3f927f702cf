import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Database, Dialect } from '../src/platform/db.ts';
import { MIGRATIONS, migrate } from '../src/platform/migrate.ts';
import { openDatabase, type Whereabouts } from '../src/platform/open-database.ts';
import { SQLITE_FILE } from '../src/platform/sqlite-file.ts';
import { takeRsaKeysBack } from './rsa-keys.ts';

/** A database of one test's own. Other processes open it with `openDatabase(fresh.where)`. */
export interface FreshDatabase {
  readonly dialect: Dialect;
  readonly db: Database;
  readonly where: Whereabouts;
  /** Closes `db` and removes everything. */
  drop(): Promise<void>;
}

export interface FreshOptions {
  /** The migrations to apply; the product's own unless given; null for an empty database. */
  readonly folder?: string | null;
}

const ALL_DIALECTS: readonly Dialect[] = ['sqlite', 'postgres'];
/** Both, unless a test that runs other tests asks for one: `PORTICO_TEST_DATABASES=sqlite`. */
export const DIALECTS: readonly Dialect[] = ALL_DIALECTS.filter((one) => (process.env['PORTICO_TEST_DATABASES'] ?? one).includes(one));

const ADMIN_URL = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
/** 'porttest' as one number: held while a template is made. */
const TEMPLATE_LOCK = '8101259073571812212';
const DAY = 24 * 60 * 60 * 1000;
const CONNECTIONS = 5;
let made = 0;
const migratedFiles = new Map<string, Promise<Buffer>>();
const templates = new Map<string, Promise<string>>();

/** Declares the same test once for each database. Every call of `open` gives it another fresh, migrated database, removed when it ends. */
export function forEachDatabase(
  name: string,
  body: (open: () => Promise<Database>, t: TestContext, dialect: Dialect) => Promise<void>,
): void {
  forEachFreshDatabase(name, (fresh, t, dialect) => body(async () => (await fresh()).db, t, dialect));
}

/** The same for tests that need to know where the database is, such as those with several processes. */
export function forEachFreshDatabase(
  name: string,
  body: (fresh: (options?: FreshOptions) => Promise<FreshDatabase>, t: TestContext, dialect: Dialect) => Promise<void>,
): void {
  for (const dialect of DIALECTS) {
    void test(`${name} [${dialect}]`, async (t) => {
      if (dialect === 'postgres' && (await skippedWithoutPostgres(t))) return;
      const opened: FreshDatabase[] = [];
      try {
        await body(
          async (options) => {
            const fresh = await freshDatabase(dialect, options);
            opened.push(fresh);
            return fresh;
          },
          t,
          dialect,
        );
      } finally {
        for (const fresh of opened) await fresh.drop();
      }
    });
  }
}

/** Skips the test with a loud line when there is no PostgreSQL; where CI is true its absence is a failure. */
export async function skippedWithoutPostgres(t: TestContext): Promise<boolean> {
  const trouble = await postgresTrouble();
  if (trouble === null) return false;
  const sentence = `SKIPPED, NOT TESTED ON POSTGRESQL: ${trouble} (set TEST_DATABASE_URL)`;
  if (process.env['CI'] === 'true') throw new Error(sentence);
  process.stderr.write(`${sentence}: ${t.name}\n`);
  t.skip(sentence);
  return true;
}

export async function freshDatabase(dialect: Dialect, { folder = MIGRATIONS }: FreshOptions = {}): Promise<FreshDatabase> {
  return dialect === 'sqlite' ? freshSqlite(folder) : freshPostgres(folder);
}

async function freshSqlite(folder: string | null): Promise<FreshDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-test-'));
  const where = { databaseUrl: '', dataDir };
  if (folder !== null) await writeFile(join(dataDir, SQLITE_FILE), await migratedFile(folder), { mode: 0o600 });
  const db = openDatabase(where);
  return {
    dialect: 'sqlite',
    db,
    where,
    async drop() {
      takeRsaKeysBack(db);
      await db.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** As with PostgreSQL: each set of migrations is applied once, and copied. Closing folds the log into the file, so the file is all there is. */
async function migratedFile(folder: string): Promise<Buffer> {
  const hash = hashOf(folder);
  const made = migratedFiles.get(hash) ?? makeMigratedFile(folder);
  migratedFiles.set(hash, made);
  return made;
}

async function makeMigratedFile(folder: string): Promise<Buffer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-test-'));
  try {
    const db = openDatabase({ databaseUrl: '', dataDir });
    try {
      await migrate(db, folder);
    } finally {
      await db.close();
    }
    return await readFile(join(dataDir, SQLITE_FILE));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function freshPostgres(folder: string | null): Promise<FreshDatabase> {
  const template = folder === null ? 'template0' : await requireTemplate(folder);
  const name = `portico_test_${Date.now()}_${process.pid}_${made++}`;
  await asAdmin((admin) => createFrom(admin, name, template));
  const where = { databaseUrl: urlOf(name), dataDir: '' };
  const db = openDatabase(where, { max: CONNECTIONS, applicationName: 'portico-test' });
  return {
    dialect: 'postgres',
    db,
    where,
    async drop() {
      takeRsaKeysBack(db);
      await db.close();
      await asAdmin((admin) => admin.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** Migrating takes longer than copying, so each set of migrations is applied once, to a template that later runs find again. */
function requireTemplate(folder: string): Promise<string> {
  const hash = hashOf(folder);
  const ready = templates.get(hash) ?? findOrMakeTemplate(folder, hash);
  templates.set(hash, ready);
  return ready;
}

async function findOrMakeTemplate(folder: string, hash: string): Promise<string> {
  const prefix = `portico_template_${hash}_`;
  const find = async (admin: pg.Client): Promise<string | undefined> => {
    const { rows } = await admin.query<{ datname: string }>('select datname from pg_database where starts_with(datname, $1)', [prefix]);
    return rows[0]?.datname;
  };
  return asAdmin(async (admin) => {
    const ready = await find(admin);
    if (ready !== undefined) return ready;
    // Several test files start at once; released when this connection ends.
    await admin.query(`select pg_advisory_lock(${TEMPLATE_LOCK})`);
    const madeMeanwhile = await find(admin);
    if (madeMeanwhile !== undefined) return madeMeanwhile;
    await dropLeftovers(admin);
    const unfinished = `portico_test_${Date.now()}_${process.pid}_template`;
    await createFrom(admin, unfinished, 'template0');
    const db = openDatabase({ databaseUrl: urlOf(unfinished), dataDir: '' });
    await migrate(db, folder);
    await db.close();
    // A name that is found is a template that is finished.
    const name = `${prefix}${Date.now()}`;
    await patiently(() => admin.query(`alter database ${unfinished} rename to ${name}`));
    return name;
  });
}

/** What runs that were killed have left behind, and templates of migrations that have changed since. */
async function dropLeftovers(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>("select datname from pg_database where datname ~ '^portico_(test|template)_'");
  for (const { datname } of rows) {
    const createdAt = Number(/_(\d{13})(?:_|$)/.exec(datname)?.[1] ?? Date.now());
    const keptFor = datname.startsWith('portico_template_') ? 7 * DAY : DAY;
    if (Date.now() - createdAt > keptFor) await admin.query(`drop database if exists ${datname} with (force)`);
  }
}

async function createFrom(admin: pg.Client, name: string, template: string): Promise<void> {
  const { rows } = await admin.query<{ is: boolean }>("select current_setting('server_version_num')::int >= 150000 as is");
  // What 15 does by default, each page by way of its log, takes three times as long; before 15 it copied files.
  const strategy = rows[0]?.is === true ? 'strategy file_copy' : '';
  const encoding = template === 'template0' ? "encoding 'UTF8'" : '';
  await patiently(() => admin.query(`create database ${name} template ${template} ${encoding} ${strategy}`));
}

/** 55006: the server's own housekeeping looks into the template at this moment. */
async function patiently(command: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await command();
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === '55006') || attempt === 200) throw error;
      await sleep(100);
    }
  }
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort())
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(folder, name)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

function urlOf(database: string): string {
  const url = new URL(ADMIN_URL);
  url.pathname = `/${database}`;
  return url.href;
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: ADMIN_URL, connectionTimeoutMillis: 30_000, application_name: 'portico-test-admin' });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

async function postgresTrouble(): Promise<string | null> {
  try {
    await asAdmin((admin) => admin.query('select 1'));
    return null;
  } catch (error) {
    return `no PostgreSQL at ${new URL(ADMIN_URL).host}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
