import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type BulkConnection, CHUNK } from './bulk-connection.ts';
import type { Row } from './db.ts';
import { connectionSettings } from './postgres-connection.ts';

/** A statement over a whole table may take long; a server that is gone must still be noticed. In milliseconds. */
const STATEMENT_PATIENCE = 1_800_000;

export async function openPostgresBulk(url: string): Promise<BulkConnection> {
  const client = new pg.Client({ ...connectionSettings(url, 'portico-moving'), query_timeout: STATEMENT_PATIENCE });
  // Without a listener the process would end; the statement that is under way fails anyway.
  client.on('error', () => {});
  let cursors = 0;
  const close = async () => {
    await Promise.race([client.end(), sleep(1_000, undefined, { ref: false })]);
    client.connection.stream.destroy();
  };
  const run: BulkConnection['run'] = async (sql, values = []) => (await client.query<Row>({ text: sql, values: [...values] })).rows;
  try {
    await client.connect();
    // Limits that an operator has given the role are for requests.
    await client.query("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set client_min_messages = 'warning'");
    const [encoding] = await run('show server_encoding');
    if (encoding?.['server_encoding'] !== 'UTF8') throw new Error('the database is not in UTF8: create it with encoding UTF8');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    dialect: 'postgres',
    run,
    async script(sql) {
      await client.query(sql);
    },
    async *read(sql) {
      cursors += 1;
      const name = `moving_${cursors}`;
      await client.query(`declare ${name} no scroll cursor for ${sql}`);
      for (;;) {
        const { rows } = await client.query<Row>(`fetch ${CHUNK} from ${name}`);
        if (rows.length === 0) break;
        yield rows;
      }
      await client.query(`close ${name}`);
    },
    close,
  };
}

/** Others hold what we want, or a deadlock was broken at our cost: worth another try. */
export function isLockTrouble(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01');
}

/** The server said it, so what it says is so; after anything else nobody knows what became of the statement. */
export function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError;
}
