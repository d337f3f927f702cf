import assert from 'node:assert/strict';
import { forEachFreshDatabase } from '../databases.ts';
import { doctor, told } from './examined.ts';

forEachFreshDatabase('the nodes that serve are named, and two versions of them are an upgrade that is not finished', async (fresh, t) => {
  const { db, where } = await fresh();
  const env = {
    PORTICO_DATABASE_URL: where.databaseUrl,
    PORTICO_MASTER_KEY: '8f3a1c5e7b9d2f406183a5c7e9fb0d2e4f60718293a4b5c6d7e8f90a1b2c3d4e',
    ...(where.dataDir === '' ? {} : { PORTICO_DATA_DIR: where.dataDir }),
  };
  const nodes = async () => told(await doctor(t, { only: 'database', env }), 'nodes');
  const join = (id: string, version: string) =>
    db.all('insert into nodes (id, version, host, pid, master_key_id, started_at, seen_at) values ($1, $2, $3, 1, $4, $5, $5)', [
      id,
      version,
      `host-${id}`,
      'x',
      Date.now(),
    ]);
  assert.equal(await nodes(), 'ok: none serves now');
  await join('a', '0.7.0');
  await join('b', '0.7.0');
  assert.match(await nodes(), /^ok: 2 serve, of version 0\.7\.0: a on host-a, b on host-b$/);
  await join('c', '0.6.0');
  assert.match(await nodes(), /^warn: 3 serve, of version 0\.6\.0 and 0\.7\.0: /);
});
