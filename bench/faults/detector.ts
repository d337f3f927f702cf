import pg from 'pg';
import type { Fault } from './play.ts';
import { databaseUrl } from './stage/node.ts';

/** It writes down what it has said yes to after ten seconds; until then it lies in a buffer with room for all. */
const LATE_WRITER = {
  synchronous_commit: 'off',
  wal_writer_delay: '10s',
  wal_writer_flush_after: '1GB',
  wal_buffers: '64MB',
  full_page_writes: 'off',
  bgwriter_lru_maxpages: '0',
  autovacuum: 'off',
};

/**
 * The proof that the judge sees: PostgreSQL says yes before anything is on the disk, and is killed. A run that finds no loss here would
 * find none anywhere.
 */
export const detector: Fault = {
  name: 'detector',
  sentence: 'with `synchronous_commit=off` PostgreSQL is killed: losses must be found',
  stage: { nodes: 1, redis: false, postgresSettings: LATE_WRITER },
  expects: 'losses',
  async strike({ stage, people }) {
    if (stage.postgres === null) return;
    // Until here all is kept, so that there are people who can lose something.
    const client = new pg.Client({ connectionString: databaseUrl(stage.postgres.port) });
    await client.connect();
    await client.query('checkpoint');
    await client.end();
    await people.getOn(80);
    await stage.postgres.kill();
    await stage.postgres.start();
  },
};
