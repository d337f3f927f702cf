import pg from 'pg';

export interface Databases {
  /** An empty database; it is dropped with all others by `dropAll`. */
  create(name: string): Promise<string>;
  dropAll(): Promise<void>;
}

export type Postgres = { readonly kind: 'found'; readonly databases: Databases } | { readonly kind: 'missing'; readonly reason: string };

/** The PostgreSQL server to measure on, or why there is none. */
export async function findPostgres(): Promise<Postgres> {
  const adminUrl = process.env['TEST_DATABASE_URL'] || 'postgres://postgres@127.0.0.1:5432/postgres';
  try {
    await run(adminUrl, 'select 1');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'missing', reason: `no PostgreSQL answers at ${new URL(adminUrl).host} (${reason})` };
  }
  const created: string[] = [];
  const databases: Databases = {
    async create(name) {
      const database = `portico_bench_${process.pid}_${name.replaceAll('-', '_')}`;
      await run(adminUrl, `create database ${database}`);
      created.push(database);
      const url = new URL(adminUrl);
      url.pathname = database;
      return url.href;
    },
    async dropAll() {
      for (const database of created.splice(0)) await run(adminUrl, `drop database if exists ${database} with (force)`);
    },
  };
  return { kind: 'found', databases };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
