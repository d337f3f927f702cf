import { test } from 'node:test';
import { nodeKilled } from '../../../bench/faults/node-killed.ts';
import { postgresKilled } from '../../../bench/faults/postgres-killed.ts';
import { redisFlushed } from '../../../bench/faults/redis-flushed.ts';
import { redisFrozen } from '../../../bench/faults/redis-frozen.ts';
import { wireCut } from '../../../bench/faults/wire-cut.ts';
import { assertClean, playShort } from './traffic.ts';

test('a killed node, a killed PostgreSQL, a lost and a frozen Redis and a cut wire lose nothing that was told and sign nobody out', async (t) => {
  const verdict = await playShort(t, [nodeKilled, postgresKilled, redisFlushed, redisFrozen, wireCut]);
  if (verdict !== null) assertClean(t, verdict);
});
