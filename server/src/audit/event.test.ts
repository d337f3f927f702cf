import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareDeps } from '../../test/bare-deps.ts';
import { forEachDatabase } from '../../test/databases.ts';
import { listEventsOfUser, recordEvent } from './event.ts';
import { type Facts, writeFacts } from './facts.ts';

const from = { requestId: 'r', address: '192.0.2.1', userAgent: 'test' };

forEachDatabase(
  'an act is kept with its target and what was before and after it, and belongs to the user or site it was done to',
  async (open) => {
    const db = await open();
    const { deps } = await bareDeps(db);
    const facts = { before: { role: 'user' }, after: { role: 'admin', sites: ['notes', { id: 'shop' }] } };
    await recordEvent(db, deps, from, 'roles.changed', { actorId: 'boss', target: { kind: 'user', id: 'ada' }, ...facts });
    await recordEvent(db, deps, from, 'client.disabled', { actorId: 'boss', target: { kind: 'client', id: 'notes' } });
    const [event] = await listEventsOfUser(db, 'ada', { limit: 10 });
    const { actorId, userId, target, before, after, seal } = event ?? assert.fail('it is not the user’s');
    assert.deepEqual(
      { actorId, userId, target, seal },
      { actorId: 'boss', userId: 'ada', target: { kind: 'user', id: 'ada' }, seal: null },
    );
    assert.deepEqual({ before, after }, facts);
    assert.equal((await db.all("select id from events where client_id = 'notes'")).length, 1);
  },
);

forEachDatabase('equal events have different digests, and an odd browser name is kept as it can be read again', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db);
  for (let n = 0; n < 2; n += 1)
    await recordEvent(db, deps, { ...from, userAgent: 'half \ud83d a face' }, 'signin.failed', { userId: 'ada' });
  const rows = await db.all('select salt, digest, user_agent from events');
  assert.equal(new Set(rows.map((row) => row['digest'])).size, 2);
  assert.equal(new Set(rows.map((row) => row['salt'])).size, 2);
  assert.equal(rows[0]?.['user_agent'], 'half \ufffd a face');
});

test('facts are one text whatever the order of their names', () => {
  assert.equal(writeFacts({ b: 1, a: { d: null, c: [true] } }), '{"a":{"c":[true],"d":null},"b":1}');
  assert.equal(writeFacts({ b: 1, a: { d: null, c: [true] } }), writeFacts({ a: { c: [true], d: null }, b: 1 }));
  assert.equal(writeFacts(undefined), null);
});

test('facts are bounded, however long, wide or deep what somebody typed was', () => {
  const deep = Array.from({ length: 50 }).reduce<Facts>((inner) => ({ inner }), { end: 1 });
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`name${n}`, 'x'.repeat(400)]));
  for (const facts of [
    { long: 'x'.repeat(100_000) },
    { list: Array.from({ length: 5000 }, () => 'x') },
    deep,
    wide,
    { [`${'n'.repeat(9000)}`]: 1 },
  ]) {
    const text = writeFacts(facts) ?? '';
    assert.ok(text.length <= 8000, String(text.length));
    assert.ok(text.includes('…'));
    assert.ok(typeof JSON.parse(text) === 'object');
  }
});

test('what is a secret by its name is not written, at any depth; numbers under such names are', () => {
  const text = writeFacts({
    clientSecret: 'canary',
    password: ['canary'],
    nested: [{ accessToken: 'canary', code: 'canary' }],
    passwordHash: { text: 'canary' },
    tokenLife: 300,
    secrets: 2,
  });
  assert.ok(text !== null && !text.includes('canary'), String(text));
  assert.ok(text.includes('"tokenLife":300') && text.includes('"secrets":2'));
});
