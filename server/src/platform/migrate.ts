import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Database, type Db, type Dialect, one, type Row } from './db.ts';
import { splitStatements } from './portable-sql.ts';

/** The product's own migrations. */
export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

export interface Migration {
  readonly name: string;
  readonly checksum: string;
  /** The number of the newest migration that a program must know to use the database after this one. Null: any program does. */
  readonly requires: number | null;
  readonly statements: readonly string[];
}

export interface Applied extends Pick<Migration, 'name' | 'checksum' | 'requires'> {
  /** Epoch milliseconds. */
  readonly appliedAt: number;
}

const TABLE_EXISTS: Readonly<Record<Dialect, string>> = {
  sqlite: "select 1 as found from sqlite_master where type = 'table' and name = $1",
  postgres: 'select 1 as found where to_regclass($1) is not null',
};

/**
 * Version 0.6 refuses a database whose table `migrations` has more rows than it has files, and knows no other table. So what came later stands in
 * `expansions`, with the oldest program that can use the database afterwards, and in `migrations` only if that is newer than 0.6.
 */
const NUMBER_OF_0_6 = 4;

/**
 * Brings the schema up to the newest file in `folder` and returns the names of the files applied. All of them in one transaction, under a lock
 * that is taken before anything is read: any number of processes may start at once. Throws if the database does not fit this program. A newer
 * one does, unless a migration says `-- requires: NNNN`: during an upgrade the program before may have to start once more.
 */
export async function migrate(db: Database, folder: string = MIGRATIONS, now: () => number = Date.now): Promise<readonly string[]> {
  const migrations = readMigrations(folder);
  return db.exclusively(async (tx) => {
    await makeMigrationTables(tx, db.dialect);
    const pending = findPending(await readApplied(tx), migrations);
    for (const migration of pending) await applyMigration(tx, migration, now());
    return pending.map(({ name }) => name);
  });
}

/** The names of the files in `folder` that have not been applied, for the doctor. Throws if the database does not fit this program. */
export async function pendingMigrations(db: Database, folder: string = MIGRATIONS): Promise<readonly string[]> {
  const migrations = readMigrations(folder);
  const applied = (await hasTable(db, db.dialect, 'migrations')) ? await listApplied(db, db.dialect) : [];
  return findPending(applied, migrations).map(({ name }) => name);
}

/**
 * Answers a question for readiness: has the database all that this program needs, and nothing that it cannot live with? The files are read
 * now, as the program was: an update may lay newer ones beside it while it runs.
 */
export function createFitCheck(folder: string = MIGRATIONS): (db: Db) => Promise<boolean> {
  const migrations = readMigrations(folder);
  return async (db) => {
    const applied = await readApplied(db);
    try {
      return findPending(applied, migrations).length === 0;
    } catch {
      return false;
    }
  };
}

export interface AppliedMigration {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly appliedAt: number;
}

/** Oldest first. */
export async function appliedMigrations(db: Db): Promise<AppliedMigration[]> {
  return (await readApplied(db)).map(({ name, appliedAt }) => ({ name, appliedAt }));
}

async function hasTable(db: Db, dialect: Dialect, name: string): Promise<boolean> {
  return (await one(db, TABLE_EXISTS[dialect], [name])) !== null;
}

/** Where is written down which migrations were applied. No migration makes them. */
export const MIGRATION_TABLES = ['migrations', 'expansions'];

export async function makeMigrationTables(tx: Db, dialect: Dialect): Promise<void> {
  if (!(await hasTable(tx, dialect, 'migrations'))) {
    await tx.all('create table migrations (name text primary key, checksum text not null, applied_at bigint not null)');
  }
  if (!(await hasTable(tx, dialect, 'expansions'))) {
    await tx.all(
      'create table expansions (name text primary key, checksum text not null, applied_at bigint not null, requires bigint not null)',
    );
  }
}

/** Before the first start of a program after 0.6 there is only the older table. */
export async function listApplied(db: Db, dialect: Dialect): Promise<readonly Applied[]> {
  if (await hasTable(db, dialect, 'expansions')) return readApplied(db);
  const rows = await db.all('select name, checksum, applied_at, null as requires from migrations order by name');
  return rows.map(fromRow);
}

async function readApplied(db: Db): Promise<readonly Applied[]> {
  const rows = await db.all(
    `select name, checksum, applied_at, cast(null as bigint) as requires from migrations where name not in (select name from expansions)
     union all select name, checksum, applied_at, requires from expansions order by name`,
  );
  return rows.map(fromRow);
}

function fromRow(row: Row): Applied {
  return {
    name: row['name'] as string,
    checksum: row['checksum'] as string,
    appliedAt: row['applied_at'] as number,
    requires: row['requires'] as number | null,
  };
}

/** Runs one migration in the given transaction, and notes it. */
export async function applyMigration(tx: Db, { name, checksum, requires, statements }: Migration, appliedAt: number): Promise<void> {
  for (const [index, statement] of statements.entries()) {
    try {
      await tx.all(statement);
    } catch (cause) {
      throw new Error(`Migration ${name} failed at statement ${index + 1}, and nothing was changed: ${statement.slice(0, 120)}`, { cause });
    }
  }
  if (numberOf(name) <= NUMBER_OF_0_6 || (requires ?? 0) > NUMBER_OF_0_6)
    await tx.all('insert into migrations (name, checksum, applied_at) values ($1, $2, $3)', [name, checksum, appliedAt]);
  if (numberOf(name) <= NUMBER_OF_0_6) return;
  await tx.all('insert into expansions (name, checksum, applied_at, requires) values ($1, $2, $3, $4)', [
    name,
    checksum,
    appliedAt,
    requires ?? 0,
  ]);
}

function findPending(applied: readonly Applied[], migrations: readonly Migration[]): readonly Migration[] {
  let known = 0;
  for (const { name, checksum, requires } of applied) {
    const migration = migrations[numberOf(name) - 1];
    if (migration === undefined) {
      // A program that was never told how to judge it cannot know.
      if (requires !== null && requires <= migrations.length) continue;
      throw new Error(
        `The database is newer than this program: it has migration ${name}, which this program does not know. Start the newer program.`,
      );
    }
    if (migration.name !== name) {
      throw new Error(`The database has migration ${name} where this program has ${migration.name}. They do not belong together.`);
    }
    if (migration.checksum !== checksum) {
      throw new Error(
        `Migration ${name} was changed after it had been applied to this database. Restore the file; put the change into a new one.`,
      );
    }
    known += 1;
  }
  return migrations.slice(known);
}

function numberOf(name: string): number {
  return Number(name.slice(0, 4));
}

/** Oldest first. */
export function readMigrations(folder: string = MIGRATIONS): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(name)) throw new Error(`${name} is not called like a migration: 0001-what-it-does.sql`);
    if (Number(name.slice(0, 4)) !== index + 1)
      throw new Error(`Migrations are numbered without gaps from 0001: ${name} stands at place ${index + 1}`);
    // A checkout on Windows may have changed the line ends; that is no change.
    const text = readFileSync(`${folder}/${name}`, 'utf8').replaceAll('\r\n', '\n');
    const requires = /^-- requires: (\d{4})$/m.exec(text)?.[1];
    if (requires !== undefined && Number(requires) > index)
      throw new Error(`${name} requires ${requires}, which is no migration before it`);
    const checksum = createHash('sha256').update(text).digest('base64url');
    return { name, checksum, requires: requires === undefined ? null : Number(requires), statements: splitStatements(text) };
  });
}
