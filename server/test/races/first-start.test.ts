import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 8;

forEachFreshDatabase(
  'eight processes that start at once on an empty database agree on one signing key and one chain key',
  async (fresh, t) => {
    const times = rounds(1, 10);
    const began = performance.now();
    for (let round = 0; round < times; round += 1) {
      const { db, where, drop } = await fresh({ folder: null });
      await withNodes(PROCESSES, { where, masterKey: randomBytes(32), empty: true }, async (nodes, keys) => {
        assert.equal(new Set(keys.map(({ kid }) => kid)).size, 1, 'one signing key');
        assert.equal(new Set(keys.map(({ chain }) => chain)).size, 1, 'one chain key');
        assert.deepEqual(
          (await db.all('select kid from signing_keys')).map((row) => row['kid']),
          [keys[0]?.kid],
        );
        assert.equal((await db.all('select id from chain_keys')).length, 1);
        assert.equal((await db.all('select name from migrations')).length, (await db.all('select distinct name from migrations')).length);
        // What one of them signs in, every other one serves.
        for (const node of nodes) assert.deepEqual((await node.browser().call('session')).body, { status: 'SIGNED_OUT' });
      });
      await drop();
    }
    t.diagnostic(`${times} starts of ${PROCESSES} processes: one set of keys each time, ${Math.round(performance.now() - began)} ms`);
  },
);
