import { userInfo } from 'node:os';
import pg from 'pg';
import { findBinaries, startCluster } from './postgres-cluster.ts';
import type { Found, Service } from './service.ts';

/** PostgreSQL for the tests that run on both databases; they read TEST_DATABASE_URL, whose user may create databases. */
export const postgres: Service = { name: 'PostgreSQL', packages: ['postgresql'], find: findPostgres };

async function findPostgres(): Promise<Found | null> {
  const named = process.env.TEST_DATABASE_URL;
  if (named !== undefined) {
    const problem = await problemWith(named);
    if (problem !== null) throw new Error(`TEST_DATABASE_URL: ${problem}`);
    return found('the server of TEST_DATABASE_URL', named);
  }
  const binaries = findBinaries();
  if (binaries === null) return findRunning();
  try {
    return await startCluster(binaries);
  } catch (error) {
    const running = await findRunning();
    if (running === null) throw error;
    return running;
  }
}

async function findRunning(): Promise<Found | null> {
  for (const user of ['postgres', userInfo().username]) {
    const url = `postgres://${encodeURIComponent(user)}@127.0.0.1:5432/postgres`;
    if ((await problemWith(url)) === null) return found(`the server that runs on 127.0.0.1:5432, as ${user}`, url);
  }
  return null;
}

function found(what: string, url: string): Found {
  return { what, env: { TEST_DATABASE_URL: url }, stop: async () => {} };
}

async function problemWith(connectionString: string): Promise<string | null> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    const { rows } = await client.query('select 1 from pg_roles where rolname = current_user and (rolcreatedb or rolsuper)');
    return rows.length === 1 ? null : 'its user may not create databases';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.end().catch(() => {});
  }
}
