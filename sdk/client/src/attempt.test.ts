import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAttempt } from './attempt.ts';
import { inStore, keep, keepFirst, recall } from './kept.ts';

/** What is stored before it is sent. */

const keys = () =>
  inStore<IDBValidKey[]>((store, give) => {
    const found = store.getAllKeys();
    found.onsuccess = () => give(found.result);
  });

test('twenty that claim at once get one attempt, and so does whoever comes later', async () => {
  const claimed = await Promise.all(Array.from({ length: 20 }, () => claimAttempt('one', 7)));
  assert.equal(new Set(claimed).size, 1);
  assert.match(claimed[0] ?? '', /^7\.[A-Za-z0-9_-]{22}$/);
  assert.equal(await claimAttempt('one', 7), claimed[0]);
  assert.notEqual(await claimAttempt('two', 7), claimed[0], 'another app has its own');
  assert.notEqual((await claimAttempt('one', 8))?.slice(2), claimed[0]?.slice(2));
});

test('what no retry can need any more is dropped, of this app alone', async () => {
  await claimAttempt('neighbour', 0);
  await keep(['long', 'generation'], 40);
  for (let generation = 0; generation <= 40; generation += 1) await claimAttempt('long', generation);
  const kept = (await keys()).filter(
    (key): key is [string, string, number] => Array.isArray(key) && key[0] === 'long' && key[1] === 'attempt',
  );
  assert.deepEqual(
    kept.map(([, , generation]) => generation),
    Array.from({ length: 16 }, (_, n) => n + 25),
  );
  assert.equal(await recall(['long', 'generation']), 40);
  assert.match((await claimAttempt('neighbour', 0)) ?? '', /^0\./);
});

test('the first value stays, whatever it is', async () => {
  assert.equal(await keepFirst(['x'], 0), 0);
  assert.equal(await keepFirst(['x'], 1), 0);
});

test('a storage that refuses gives no attempt, rather than one that only this tab knows', async (t) => {
  const open = IDBFactory.prototype.open;
  t.after(() => {
    IDBFactory.prototype.open = open;
  });
  IDBFactory.prototype.open = () => {
    throw new DOMException('private window', 'InvalidStateError');
  };
  assert.equal(await claimAttempt('one', 7), null);
});

test('a storage that hangs gives none either, after a while', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const open = IDBFactory.prototype.open;
  t.after(() => {
    IDBFactory.prototype.open = open;
  });
  IDBFactory.prototype.open = () => ({}) as IDBOpenDBRequest;
  const claimed = claimAttempt('one', 7);
  t.mock.timers.tick(10_000);
  assert.equal(await claimed, null);
});
