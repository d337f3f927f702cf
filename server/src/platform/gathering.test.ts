import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row, Value } from './db.ts';
import { createGathering } from './gathering.ts';

const UPDATE = { together: 'many' };

/** Answers `{ id, by }` to whoever asks, together only where `free` says so, and notes what was run. */
function gathering(free: (key: Value) => boolean = () => true) {
  const ran: unknown[] = [];
  const gather = createGathering({
    async alone(sql, values) {
      ran.push([sql, ...values]);
      return [{ id: values[0] ?? null, by: sql }];
    },
    async together(sql, columns) {
      ran.push([sql, ...columns]);
      return (columns[0] ?? []).filter(free).map((id): Row => ({ id, by: sql }));
    },
  });
  return { ran, gather: (...values: Value[]) => gather('one', values, UPDATE) };
}

test('the calls of one turn become one statement, and each caller gets its own row', async () => {
  const { ran, gather } = gathering();
  assert.deepEqual(await Promise.all([gather('c', 3), gather('a', 1)]), [[{ id: 'c', by: 'many' }], [{ id: 'a', by: 'many' }]]);
  assert.deepEqual(ran, [['many', ['c', 'a'], [3, 1]]]);
});

test('a call that is alone in its turn runs its own statement', async () => {
  const { ran, gather } = gathering();
  await gather('a', 1);
  await gather('b', 2);
  assert.deepEqual(ran, [
    ['one', 'a', 1],
    ['one', 'b', 2],
  ]);
});

test('of two calls for one key in one turn the second runs alone, because one statement changes a row once', async () => {
  const { ran, gather } = gathering();
  await Promise.all([gather('a', 1), gather('a', 2), gather('b', 3)]);
  assert.deepEqual(ran, [
    ['one', 'a', 2],
    ['many', ['a', 'b'], [1, 3]],
  ]);
});

test('a caller whose row somebody else holds is asked alone, and waits for nobody but that one', async () => {
  const { gather } = gathering((key) => key !== 'held');
  const answers = await Promise.all([gather('a'), gather('held'), gather('b')]);
  assert.deepEqual(
    answers.flat().map((row) => row['by']),
    ['many', 'one', 'many'],
  );
});

test('when the statement fails, every caller in it hears so, and the next turn begins anew', async () => {
  let fails = true;
  const gather = createGathering({
    alone: async () => [],
    async together(_, [keys = []]) {
      if (fails) throw new Error('the database is gone');
      return keys.map((id) => ({ id }));
    },
  });
  const both = () => Promise.allSettled([gather('one', ['a'], UPDATE), gather('one', ['b'], UPDATE)]);
  assert.deepEqual(
    (await both()).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  fails = false;
  assert.deepEqual(
    (await both()).map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
});
