import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { findSuspension, suspendNetwork } from '../../src/guessing/suspension.ts';
import { HOUR, inWorld, START, type World } from '../world.ts';
import { eventOf, staff } from './staff.ts';

const suspended = (world: World, network: string, at: number) =>
  suspendNetwork(world.deps.db, { network, reason: 'password', tries: 10, now: at });

inWorld('an admin sees who is shut out, newest first, and lets a network in; it is written down who did', async (world) => {
  const admin = await staff(world, 'admin');
  for (const [n, network] of ['203.0.113.1', '203.0.113.2', '203.0.113.3'].entries()) await suspended(world, network, START + n);
  const seen = await admin.see('suspensions', { query: { limit: '2' } });
  assert.deepEqual(
    seen.items.map(({ network, status }) => [network, status]),
    [
      ['203.0.113.3', 'suspended'],
      ['203.0.113.2', 'suspended'],
    ],
  );
  const rest = await admin.see('suspensions', { query: { limit: '2', cursor: seen.next ?? '' } });
  assert.deepEqual([rest.items.map(({ network }) => network), rest.next], [['203.0.113.1'], null]);

  assert.equal((await admin.act('liftSuspension', { network: '203.0.113.2' })).status, 204);
  assert.equal(await findSuspension(world.deps.db, '203.0.113.2', world.clock.now()), null);
  const event = await eventOf(world, 'network.lifted');
  assert.deepEqual([event?.['actor_id'], event?.['target_kind'], event?.['target']], [admin.id, 'network', '203.0.113.2']);
  assert.equal((await admin.act('liftSuspension', { network: '203.0.113.2' })).status, 404);
  const open = await admin.see('suspensions', { query: { status: 'suspended' } });
  assert.deepEqual(
    open.items.map(({ network }) => network),
    ['203.0.113.3', '203.0.113.1'],
  );
  assert.deepEqual((await admin.see('suspensions', { query: { network: '203.0.113.2' } })).items[0]?.status, 'lifted');
});

inWorld('one’s own suspended network is warned of, on the page too', async (world) => {
  const admin = await staff(world, 'admin');
  const { own } = await admin.see('suspensions');
  assert.equal(own.suspended, false);
  await suspended(world, own.network, world.clock.now());
  assert.equal((await admin.see('suspensions')).own.suspended, true);
  const page = await admin.page(ADMIN_PAGES.suspensions);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes('Your own network is suspended'));
});

inWorld('the allow-list by plain forms: added, refused with the reason at the field, removed', async (world) => {
  const admin = await staff(world, 'admin');
  const back = ADMIN_PAGES.suspensions;
  const added = await admin.submit('allowNetwork', { network: '192.0.2.77/24', note: '<b>Lyon</b>', back });
  assert.deepEqual([added.status, added.headers['location']], [303, `${back}?done=allowNetwork`]);
  const page = await admin.page(`${back}?done=allowNetwork`);
  assert.ok(page.text.includes(en.admin.done.allowNetwork) && page.text.includes('192.0.2.0/24'));
  assert.ok(page.text.includes('&lt;b>Lyon') && !page.text.includes('<b>Lyon'), 'what was typed is a text');
  const refused = await admin.submit('allowNetwork', { network: '192.0.2.0/40', note: 'kept', back });
  assert.equal(refused.status, 400);
  assert.ok(refused.text.includes(en.fields.malformed) && refused.text.includes('value="kept"'));
  assert.equal((await admin.submit('disallowNetwork', { network: '192.0.2.0/24', back })).status, 303);
  assert.deepEqual((await admin.see('suspensions')).allowed, []);
  assert.equal((await eventOf(world, 'network.disallowed'))?.['actor_id'], admin.id);
});

inWorld('what is no network, no cursor of this list, and no known filter is refused with the field', async (world) => {
  const admin = await staff(world, 'admin');
  const fieldsOf = async (query: Record<string, string>) => {
    const { status, body } = await admin.read('suspensions', { query });
    return [status, body['fields']];
  };
  assert.deepEqual(await fieldsOf({ network: 'nonsense' }), [400, { network: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ status: 'over' }), [400, { status: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ limit: '101' }), [400, { limit: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ sort: 'network' }), [400, { sort: 'unknown' }]);
  assert.deepEqual(await fieldsOf({ cursor: `1.${'A'.repeat(20)}.${'A'.repeat(43)}` }), [400, { cursor: 'malformed' }]);
  for (const n of [1, 2, 3]) await suspended(world, `203.0.113.${n}`, START - n * HOUR);
  const { next } = await admin.see('suspensions', { query: { limit: '1' } });
  const cursor = next ?? '';
  assert.deepEqual(await fieldsOf({ cursor, limit: '1', status: 'suspended' }), [400, { cursor: 'malformed' }], 'another filter');
  const forged = `${cursor.slice(0, -2)}${cursor.at(-2) === 'A' ? 'B' : 'A'}${cursor.at(-1)}`;
  assert.equal((await admin.read('suspensions', { query: { cursor: forged, limit: '1' } })).status, 400);
  const elsewhere = await admin.read('users', { query: { cursor, limit: '1' } });
  assert.deepEqual([elsewhere.status, elsewhere.body['fields']], [400, { cursor: 'malformed' }], 'another list');
  assert.equal((await admin.page(`${ADMIN_PAGES.suspensions}?limit=101`)).status, 400);
});
