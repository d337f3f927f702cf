import assert from 'node:assert/strict';
import { forEachDatabase } from '../../test/databases.ts';
import { listLeases, releaseLease, renewLease, takeLease } from './lease.ts';

forEachDatabase('of twenty callers one takes a free lease, and one an expired one', async (open) => {
  const db = await open();
  for (const now of [1000, 2000, 3000]) {
    const callers = Array.from({ length: 20 }, (_, n) => takeLease(db, 'job', `node-${now}-${n}`, now + 1000, now));
    const won = (await Promise.all(callers)).filter((taken) => taken);
    assert.equal(won.length, 1);
  }
});

forEachDatabase(
  'a lease that is held is nobody else’s until it ends, is renewed only by its holder, and only while it holds',
  async (open) => {
    const db = await open();
    assert.equal(await takeLease(db, 'job', 'a', 2000, 1000), true);
    assert.equal(await takeLease(db, 'job', 'b', 3000, 1999), false);
    assert.equal(await renewLease(db, 'job', 'b', 9000, 1500), false);
    assert.equal(await renewLease(db, 'job', 'a', 2500, 1500), true);
    assert.equal(await takeLease(db, 'job', 'b', 3000, 2499), false);
    assert.equal(await renewLease(db, 'job', 'a', 9000, 2500), false);
    assert.equal(await takeLease(db, 'job', 'b', 3500, 2500), true);
    assert.equal(await renewLease(db, 'job', 'a', 9000, 2600), false);
    assert.equal(await takeLease(db, 'other', 'a', 9000, 2600), true);
  },
);

forEachDatabase('a release frees the lease and notes a run that was done; after the loss it does neither', async (open) => {
  const db = await open();
  await takeLease(db, 'job', 'a', 2000, 1000);
  await releaseLease(db, 'job', 'a', 1500, 'done');
  assert.deepEqual(await listLeases(db), [{ name: 'job', holder: 'a', until: 0, lastRunAt: 1500 }]);
  assert.equal(await takeLease(db, 'job', 'b', 2600, 1600), true);
  await releaseLease(db, 'job', 'a', 1700, 'done');
  assert.deepEqual(await listLeases(db), [{ name: 'job', holder: 'b', until: 2600, lastRunAt: 1500 }]);
  await releaseLease(db, 'job', 'b', 1800, 'failed');
  assert.deepEqual(await listLeases(db), [{ name: 'job', holder: 'b', until: 0, lastRunAt: 1500 }]);
});
