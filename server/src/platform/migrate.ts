import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Database, type Db, type Dialect, one } from './db.ts';
import { splitStatements } from './portable-sql.ts';

/** The product's own migrations. */
export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

interface Migration {
  readonly name: string;
  readonly checksum: string;
  readonly statements: readonly string[];
}

const TABLE_EXISTS: Readonly<Record<Dialect, string>> = {
  sqlite: "select 1 as found from sqlite_master where type = 'table' and name = 'migrations'",
  postgres: "select 1 as found where to_regclass('migrations') is not null",
};

/**
 * Brings the schema up to the newest file in `folder` and returns the names of the files applied. All of them in one transaction, under a lock
 * that is taken before anything is read: any number of processes may start at once. Throws if the database does not fit this program.
 */
export async function migrate(db: Database, folder: string = MIGRATIONS, now: () => number = Date.now): Promise<readonly string[]> {
  const migrations = readMigrations(folder);
  return db.exclusively(async (tx) => {
    if (!(await one(tx, TABLE_EXISTS[db.dialect]))) {
      await tx.all('create table migrations (name text primary key, checksum text not null, applied_at bigint not null)');
    }
    const pending = await findPending(tx, migrations);
    for (const migration of pending) await apply(tx, migration, now());
    return pending.map(({ name }) => name);
  });
}

/** The names of the files in `folder` that have not been applied, for readiness and the doctor. Throws if the database does not fit this program. */
export async function pendingMigrations(db: Database, folder: string = MIGRATIONS): Promise<readonly string[]> {
  const migrations = readMigrations(folder);
  const pending = (await one(db, TABLE_EXISTS[db.dialect])) ? await findPending(db, migrations) : migrations;
  return pending.map(({ name }) => name);
}

export interface AppliedMigration {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly appliedAt: number;
}

/** Oldest first. */
export async function appliedMigrations(db: Db): Promise<AppliedMigration[]> {
  const rows = await db.all('select name, applied_at from migrations order by name');
  return rows.map((row) => ({ name: row['name'] as string, appliedAt: row['applied_at'] as number }));
}

async function apply(tx: Db, { name, checksum, statements }: Migration, appliedAt: number): Promise<void> {
  for (const [index, statement] of statements.entries()) {
    try {
      await tx.all(statement);
    } catch (cause) {
      throw new Error(`Migration ${name} failed at statement ${index + 1}, and nothing was changed: ${statement.slice(0, 120)}`, { cause });
    }
  }
  await tx.all('insert into migrations (name, checksum, applied_at) values ($1, $2, $3)', [name, checksum, appliedAt]);
}

async function findPending(db: Db, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const applied = await db.all('select name, checksum from migrations order by name');
  for (const [index, { name, checksum }] of applied.entries()) {
    const migration = migrations[index];
    if (migration === undefined) {
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
  }
  return migrations.slice(applied.length);
}

function readMigrations(folder: string): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(name)) throw new Error(`${name} is not called like a migration: 0001-what-it-does.sql`);
    if (Number(name.slice(0, 4)) !== index + 1)
      throw new Error(`Migrations are numbered without gaps from 0001: ${name} stands at place ${index + 1}`);
    // A checkout on Windows may have changed the line ends; that is no change.
    const text = readFileSync(`${folder}/${name}`, 'utf8').replaceAll('\r\n', '\n');
    return { name, checksum: createHash('sha256').update(text).digest('base64url'), statements: splitStatements(text) };
  });
}
