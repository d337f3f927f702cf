import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { onTwoNodes } from '../nodes.ts';
import { HOUR, inWorld, MINUTE, ORIGIN } from '../world.ts';
import { eventOf, growOlder, staff } from './staff.ts';

inWorld('an owner makes the next keys: published at once, used in a minute, once for all who click at once', async (world) => {
  const owner = await staff(world);
  const before = await owner.see('keys');
  assert.deepEqual(
    before.chains.map(({ id, state, live }) => [id, state, live]),
    [[0, 'current', { count: 1, more: false }]],
  );
  assert.deepEqual(
    before.signing.map(({ state }) => state),
    ['current', 'current', 'current'],
  );
  assert.deepEqual([before.jwksUri, before.nextFrom], [`${ORIGIN}/.well-known/jwks.json`, null]);
  const answers = await Promise.all(Array.from({ length: 5 }, () => owner.act('rotateKeys')));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  assert.ok(answers.filter(({ status }) => status !== 204).every(({ status, body }) => status === 409 && body.error === 'rotation_waits'));
  assert.equal((await world.deps.db.all('select id from chain_keys')).length, 2);
  const event = await eventOf(world, 'keys.rotated');
  assert.deepEqual([event?.['actor_id'], event?.['target_kind'], event?.['target']], [owner.id, 'key', 'chain 1']);
  assert.match(String(event?.['before_json']), /"chain":0/);
  assert.match(String(event?.['after_json']), /"chain":1/);
  const waiting = await owner.see('keys');
  assert.deepEqual(
    waiting.chains.map(({ id, state }) => [id, state]),
    [
      [1, 'next'],
      [0, 'current'],
    ],
  );
  assert.equal(waiting.nextFrom, world.clock.now() + MINUTE);
  assert.equal(world.deps.keys.signingKeys().length, 6, 'this node knows them at once');
  world.clock.advance(MINUTE);
  const after = await owner.see('keys');
  const life = world.deps.config.sessionLife;
  assert.deepEqual(
    after.chains.map(({ id, state, neededUntil }) => [id, state, neededUntil]),
    [
      [1, 'current', null],
      [0, 'old', world.clock.now() + life],
    ],
  );
  assert.deepEqual(
    after.signing.map(({ state }) => state),
    ['current', 'current', 'current', 'old', 'old', 'old'],
  );
  assert.equal(after.nextFrom, null);
  assert.equal((await owner.act('rotateKeys')).status, 204, 'the next ones are used, so there may be others');
});

onTwoNodes(
  'a dropped chain key ends what was made with it at every node; the key in use stays, an unknown one is told',
  async (first, second) => {
    const owner = await staff(first);
    const ada = await first.signedUp('ada@example.com');
    assert.equal((await owner.act('dropKey', { confirm: '0' }, { keyId: '0' })).body.error, 'key_in_use');
    await owner.act('rotateKeys');
    first.clock.advance(MINUTE);
    // Made at the other node, where the successor is not read yet.
    const other = await staff(second, 'owner', 'second@staff.example');
    const wrong = await other.act('dropKey', { confirm: '1' }, { keyId: '0' });
    assert.deepEqual([wrong.status, wrong.body['fields']], [400, { confirm: 'confirm_differs' }]);
    const shown = (await other.see('keys')).chains.find(({ id }) => id === 0);
    assert.ok((shown?.live.count ?? 0) >= 2);
    const answers = await Promise.all([1, 2, 3].map(() => owner.act('dropKey', { confirm: '0' }, { keyId: '0' })));
    assert.ok(answers.some(({ status }) => status === 204));
    assert.equal((await first.deps.db.all("select id from events where action = 'key.dropped'")).length, 1);
    const event = await eventOf(first, 'key.dropped');
    assert.deepEqual(
      ['actor_id', 'target_kind', 'target', 'before_json', 'after_json'].map((name) => event?.[name]),
      [owner.id, 'key', 'chain 0', '{"kept":true}', '{"kept":false}'],
    );
    assert.equal((await ada.refresh()).body.error, 'refresh_invalid');
    assert.equal((await ada.call('me')).status, 401);
  },
);

inWorld('a signing key goes by its whole name; of what is not there nothing is said but that', async (world) => {
  const owner = await staff(world);
  const old = world.deps.keys.currentSigning(world.clock.now()).kid;
  assert.equal((await owner.act('dropKey', { confirm: old }, { keyId: old })).body.error, 'key_in_use');
  await owner.act('rotateKeys');
  world.clock.advance(MINUTE);
  const back = ADMIN_PAGES.keys;
  const refused = await owner.submit('dropKey', { confirm: old.slice(1), back }, { keyId: old });
  assert.ok(refused.status === 400 && refused.text.includes(en.fields.confirm_differs));
  const done = await owner.submit('dropKey', { confirm: old, back }, { keyId: old });
  assert.deepEqual([done.status, done.headers['location']], [303, `${back}?done=dropKey`]);
  assert.equal(world.deps.keys.signing(old), null);
  assert.equal((await owner.read('keys')).status, 401, 'it signed the own token too');
  assert.equal((await owner.browser.refresh()).status, 200, 'and nobody is signed out by that');
  assert.equal((await eventOf(world, 'key.dropped'))?.['target'], `signing ${old}`);
  for (const keyId of [old, '63', 'k'.repeat(43)]) assert.equal((await owner.act('dropKey', { confirm: keyId }, { keyId })).status, 404);
  assert.equal((await owner.act('dropKey', { confirm: 'x' }, { keyId: 'x'.repeat(65) })).status, 404);
});

inWorld('keys are an owner’s, and need a fresh proof; others look', async (world) => {
  const [owner, admin, support] = [await staff(world), await staff(world, 'admin'), await staff(world, 'support')];
  for (const one of [admin, support]) {
    assert.equal((await one.act('rotateKeys')).body.error, 'role_required');
    assert.equal((await one.act('dropKey', { confirm: '0' }, { keyId: '0' })).body.error, 'role_required');
    const page = await one.page(ADMIN_PAGES.keys);
    assert.ok(page.status === 200 && !page.text.includes('/admin/do/keys'));
  }
  growOlder(world, 6 * MINUTE);
  await owner.browser.refresh();
  assert.equal((await owner.act('rotateKeys')).body.error, 'fresh_signin_required');
  assert.equal((await owner.act('dropKey', { confirm: '0' }, { keyId: '0' })).body.error, 'fresh_signin_required');
  const led = await owner.submit('rotateKeys', { back: ADMIN_PAGES.keys });
  assert.ok(led.status === 303 && String(led.headers['location']).includes(encodeURIComponent(ADMIN_PAGES.keys)));
  assert.equal((await world.deps.db.all('select id from chain_keys')).length, 1);
});

inWorld('when every number of a chain key is taken, that is said, and nothing is written', async (world) => {
  const owner = await staff(world);
  const now = world.clock.now();
  await world.deps.db.transaction(async (tx) => {
    for (let id = 1; id < 64; id += 1)
      await tx.all("insert into chain_keys (id, sealed, created_at, current_from, dropped_at) values ($1, '', $2, $2, $2)", [
        id,
        now - HOUR,
      ]);
  });
  const answer = await owner.act('rotateKeys');
  assert.deepEqual([answer.status, answer.body.error], [409, 'rotation_waits']);
  assert.equal((await owner.see('keys')).signing.length, 3);
});
