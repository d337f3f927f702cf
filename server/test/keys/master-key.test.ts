import assert from 'node:assert/strict';
import { recordEvent } from '../../src/audit/event.ts';
import { sealBatch, sealHashOf } from '../../src/audit/seal.ts';
import { verifySeals } from '../../src/audit/verify-seals.ts';
import { openState, sealState } from '../../src/auth/auth-providers/oauth-state.ts';
import { commandLine } from '../../src/cli/command-line.ts';
import { listMasterKeyIds } from '../../src/keys/data-key.ts';
import { openVault } from '../../src/keys/open-vault.ts';
import { resealSecrets } from '../../src/keys/reseal-secrets.ts';
import { retireMasterKeys } from '../../src/keys/retire-master-key.ts';
import { reloadKeyring, rotateKeys } from '../../src/keys/rotate-keys.ts';
import { rotateMasterKey } from '../../src/keys/rotate-master-key.ts';
import { noteNode } from '../../src/nodes/node.ts';
import { clockAhead } from '../../src/platform/database-clock.ts';
import type { Database } from '../../src/platform/db.ts';
import { masterKeyIdOf } from '../../src/platform/master-key.ts';
import { createFirstVault } from '../../src/platform/vault.ts';
import { parseRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import { registerSite, tokensAt } from '../clients/registered.ts';
import { sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { HOUR, inWorld, MINUTE, type World } from '../world.ts';
import { fill, formsIn, nextKey, opensAll, resealed, restarted, rotatedTo } from './rotated.ts';

const retire = ({ deps }: World) => retireMasterKeys(deps, commandLine(deps));
const rotate = ({ deps }: World, next: Buffer) => rotateMasterKey(deps, commandLine(deps), next);

onTwoNodes(
  'through a change of the master key nobody is signed out, whichever key a node holds, and nothing that was sealed is lost',
  async (first, second) => {
    const ada = await first.signedUp('ada@example.com');
    const bob = await second.signedUp('bob@example.com');
    const { userId } = await sessionOf(first, ada);
    const site = await registerSite(first, 'notes', { accessAlg: 'HS256' });
    await fill(first, userId ?? '');
    const [attempts, others]: [Attempts, Attempts] = [new Map(), new Map()];
    const chain = parseRefreshToken(first.deps.keys, ada.refreshToken)?.keyId;
    // Answers that are lost before the change are given again after it.
    const lost = await refreshHonestly(ada, attempts, { lose: true });
    const state = {
      purpose: 'signin',
      flow: 'page',
      returnTo: '/',
      keep: true,
      sid: null,
      iat: first.deps.now(),
      verifier: 'v',
      nonce: 'n',
    } as const;
    const begun = sealState(first.deps, 'github', 'transaction', state);
    const formBefore = await formsIn(first);
    assert.deepEqual([...new Set(Object.values(formBefore).flat())], ['v1']);

    const next = nextKey();
    assert.equal(await rotatedTo(next, first), 1);
    // The second node has not read the new data key, and meets a letter and a site that need it.
    assert.equal((await refreshHonestly(bob, others)).status, 200);
    await tokensAt(first, ada, await registerSite(first, 'younger', { accessAlg: 'HS256' }));
    await reloadKeyring(second.deps);

    const third = await restarted(first, next);
    for (const node of [first, second, third]) {
      for (const [browser, kept] of [
        [ada, attempts],
        [bob, others],
      ] as const) {
        browser.app = node.app;
        const answer = await refreshHonestly(browser, kept);
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await browser.call('me')).status, 200);
        assert.equal((await browser.act('extendHard')).status, 200, 'with a CSRF token from before');
      }
      assert.ok(await opensAll(node, userId ?? ''));
      assert.equal(openState(node.deps, 'github', 'transaction', begun)?.returnTo, '/');
      await tokensAt(node, ada, site);
    }
    assert.equal(lost.status, 200);
    assert.equal(parseRefreshToken(third.deps.keys, ada.refreshToken)?.keyId, chain, 'the family keeps its chain key');

    await resealed(second);
    assert.deepEqual([...new Set(Object.values(await formsIn(first)).flat())], ['v2.1']);
    assert.equal((await retire(third)).kind, 'retired');
    await reloadKeyring(third.deps);
    // A node that was left behind goes on with what it has read, and is told.
    await assert.rejects(reloadKeyring(first.deps), /another master key/);
    for (const node of [third, first]) {
      ada.app = node.app;
      assert.equal((await refreshHonestly(ada, attempts)).status, 200);
      assert.ok(await opensAll(node, userId ?? ''));
    }
    assert.ok((await third.mails()).some(({ text }) => text === 'a waiting letter'));
    await assert.rejects(restarted(first, first.deps.config.masterKey), /another master key/);
    await third.close();
  },
);

inWorld('a lost answer from before both rotations is given again after them, and families of the old chain key live on', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const before = ada.copy();
  const lost = await refreshHonestly(ada, attempts, { lose: true });
  assert.equal(lost.body['kind'], 'rotated');
  const next = nextKey();
  await rotatedTo(next, world);
  await rotateKeys(world.deps, commandLine(world.deps));
  world.clock.advance(MINUTE);
  await resealed(world);
  const node = await restarted(world, next);
  await retire(node);
  ada.app = node.app;
  const retried = await refreshHonestly(ada, attempts);
  assert.deepEqual([retried.status, retried.body['kind']], [200, 'replayed']);
  assert.equal(parseRefreshToken(node.deps.keys, ada.refreshToken)?.keyId, 0);
  assert.equal((await refreshHonestly(ada, attempts)).body['kind'], 'rotated');
  // A second holder of the old token is still one.
  before.app = node.app;
  world.clock.advance(3 * MINUTE);
  assert.equal((await before.refresh()).body.error, 'session_held');
  const newcomer = await node.signedUp('bob@example.com');
  assert.equal(parseRefreshToken(node.deps.keys, newcomer.refreshToken)?.keyId, 1);
  await node.close();
});

inWorld('the audit log is proven from its first event to its last through two changes of the master key', async (world) => {
  const prove = async ({ deps }: World) => {
    while ((await sealBatch(deps, 50)) > 0);
    return verifySeals(deps);
  };
  await world.signedUp('ada@example.com');
  assert.equal((await prove(world)).problemCount, 0);
  let node = world;
  for (const id of [1, 2]) {
    const next = nextKey();
    assert.equal(await rotatedTo(next, node), id);
    await resealed(node);
    const following = await restarted(node, next);
    assert.equal((await retire(following)).kind, 'retired');
    if (node !== world) await node.close();
    node = following;
    await node.signedUp(`ada${id}@example.com`);
    const report = await prove(node);
    assert.deepEqual([report.problems, report.seals], [[], id + 1]);
  }
  const keys = await node.deps.db.all('select digest_key, count(*) as n from events group by digest_key order by digest_key');
  assert.deepEqual(
    keys.map((row) => row['digest_key']),
    [0, 1, 2],
  );
  const actions = await node.deps.db.all("select action from events where action like 'master_key.%' order by at, action");
  assert.deepEqual(
    actions.map((row) => row['action']),
    ['master_key.rotated', 'master_key.retired', 'master_key.rotated', 'master_key.retired'],
  );
  await node.close();
});

inWorld('whoever has the database and the master key of before writes no event and no seal that is believed', async (world) => {
  const { db } = world.deps;
  await world.signedUp('ada@example.com');
  await sealBatch(world.deps, 50);
  const next = nextKey();
  await rotatedTo(next, world);
  const node = await restarted(world, next);
  await node.signedUp('bob@example.com');
  await sealBatch(node.deps, 50);
  world.clock.advance(HOUR);
  assert.equal((await verifySeals(node.deps)).problemCount, 0);

  // The thief's own program: the key of before is all that it has.
  const thief = { ...world.deps, vault: createFirstVault(world.deps.config.masterKey, world.deps.now) };
  await recordEvent(db, thief, { requestId: 'r', address: '', userAgent: '' }, 'roles.changed', { userId: 'somebody' });
  const found = await verifySeals(node.deps);
  assert.deepEqual(
    found.problems.map(({ kind, seal }) => [kind, seal]),
    [['changed', null]],
  );
  await db.all('update events set digest_key = 1 where seal is null');
  assert.equal((await verifySeals(node.deps)).problems[0]?.kind, 'changed');
  await db.all('delete from events where seal is null');
  assert.equal((await verifySeals(node.deps)).problemCount, 0);

  // And a seal of its own in the place of the newest.
  const [row] = await db.all('select * from event_seals order by seq desc limit 1');
  assert.equal(row?.['key_id'], 1);
  const forged = {
    seq: Number(row?.['seq']),
    batchHash: String(row?.['batch_hash']),
    events: Number(row?.['events']),
    fromAt: Number(row?.['from_at']),
    untilAt: Number(row?.['until_at']),
    previousHash: String(row?.['previous_hash']),
    sealedAt: Number(row?.['sealed_at']),
    keyId: 0,
  };
  await db.all('update event_seals set hash = $1, key_id = 0 where seq = $2', [sealHashOf(thief, forged), forged.seq]);
  const kinds = async () => (await verifySeals(node.deps)).problems.map(({ kind }) => kind);
  assert.deepEqual(await kinds(), ['seal_changed']);
  // Dated back, or over events that it has dated back to when the key was good.
  const early = { ...forged, sealedAt: 1 };
  await db.all('update event_seals set hash = $1, sealed_at = 1 where seq = $2', [sealHashOf(thief, early), forged.seq]);
  assert.deepEqual(await kinds(), ['seal_changed']);
  await db.all('update events set digest_key = 0 where seal = $1', [forged.seq]);
  assert.deepEqual([...new Set(await kinds())], ['changed']);
  await node.close();
});

inWorld(
  'after the retirement the old master key opens nothing that is put into the database under it, an hour later at the latest',
  async (world) => {
    const { db, vault, config } = world.deps;
    const old = createFirstVault(config.masterKey, world.deps.now);
    const [chain] = await db.all('select sealed from chain_keys where id = 0');
    const kept = await db.all('select * from data_keys');
    const next = nextKey();
    await rotatedTo(next, world);
    await resealed(world);
    const node = await restarted(world, next);
    assert.equal((await retire(node)).kind, 'retired');
    await db.all('update chain_keys set sealed = $1 where id = 0', [String(chain?.['sealed'])]);
    await reloadKeyring(node.deps);
    world.clock.advance(HOUR);
    await assert.rejects(reloadKeyring(node.deps), /opens nothing any more/);
    assert.throws(() => node.deps.vault.open('mails 1', old.seal('mails 1', 'a forged letter')));
    // Nor can it be given its time back: when it ends is part of what is sealed.
    await db.all('update data_keys set ended_at = null where id = 0');
    await assert.rejects(openVault(node.deps));
    assert.equal(kept.length, 1);
    assert.equal(vault.currentId(), 1);
    await node.close();
  },
);

inWorld(
  'the master key is retired only when the new data key is used everywhere and nothing is sealed with an older one',
  async (world) => {
    const { db } = world.deps;
    const ada = await world.signedUp('ada@example.com');
    await fill(world, (await sessionOf(world, ada)).userId ?? '');
    assert.deepEqual(await retire(world), { kind: 'nothing' });
    const next = nextKey();
    const rotated = await rotate(world, next);
    assert.ok(rotated.kind === 'rotated' && rotated.currentFrom === world.clock.now() + MINUTE);
    assert.deepEqual(await retire(world), { kind: 'waits', until: rotated.currentFrom + 30_000 });
    world.clock.advance(MINUTE + 30_000);
    await reloadKeyring(world.deps);
    const refused = await retire(world);
    assert.ok(refused.kind === 'left' && refused.count >= 6, JSON.stringify(refused));
    assert.equal((await listMasterKeyIds(db)).length, 2, 'nothing was changed');
    await resealed(world);
    assert.deepEqual(await resealSecrets(world.deps), { resealed: 0, left: 0, broken: 0 });
    // What a slow transaction brings after the count is found by the next.
    const [letter] = await db.all('select id from mails limit 1');
    const late = createFirstVault(world.deps.config.masterKey, world.deps.now).seal(`mails ${letter?.['id']}`, '{}');
    await db.all('update mails set sealed = $1 where id = $2', [late, letter?.['id'] ?? null]);
    assert.deepEqual(await retire(world), { kind: 'left', count: 1 });
    await resealed(world);
    // A node that still runs with the other key, by the database's clock.
    const ahead = await clockAhead(world.deps.db as Database, world.deps.now);
    const seenAt = world.deps.now() - (ahead ?? 0);
    const beat = { version: '0', host: 'b.example', pid: 7, startedAt: 0, seenAt, leavingAt: null };
    await noteNode(db, { ...beat, id: 'same', masterKeyId: masterKeyIdOf(world.deps.config.masterKey) });
    await noteNode(db, { ...beat, id: 'other', masterKeyId: masterKeyIdOf(next) });
    const held = await retire(world);
    assert.deepEqual(held.kind === 'nodes' && held.nodes.map(({ id }) => id), ['other']);
    assert.equal((await listMasterKeyIds(db)).length, 2);
    await noteNode(db, { ...beat, id: 'other', masterKeyId: masterKeyIdOf(next), seenAt: seenAt - 61_000 });
    const own = masterKeyIdOf(world.deps.config.masterKey);
    const done = await retire(world);
    assert.deepEqual(done, { kind: 'retired', masterKeyIds: [masterKeyIdOf(next)], endedKeys: [0] });
    assert.deepEqual([await listMasterKeyIds(db), await retire(world)], [[own], { kind: 'nothing' }]);
  },
);

inWorld('one change at a time: a third master key waits, the same one is told, and the same change twice is one', async (world) => {
  const { db, config } = world.deps;
  assert.deepEqual(await rotate(world, config.masterKey), { kind: 'same' });
  const next = nextKey();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => rotate(world, next)));
  assert.equal(outcomes.filter(({ kind }) => kind === 'rotated').length, 1);
  assert.equal(outcomes.filter(({ kind }) => kind === 'again').length, 19);
  assert.deepEqual(await rotate(world, nextKey()), { kind: 'unfinished' });
  const rows = await db.all('select id, master_key_id from data_keys order by id, master_key_id');
  assert.equal(rows.length, 4);
  assert.equal((await db.all("select id from events where action = 'master_key.rotated'")).length, 1);
});

inWorld('of twenty who change to twenty different keys one does, and the others are told', async (world) => {
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => rotate(world, nextKey())));
  assert.equal(outcomes.filter(({ kind }) => kind === 'rotated').length, 1);
  assert.equal(outcomes.filter(({ kind }) => kind === 'unfinished').length, 19);
  assert.equal((await world.deps.db.all('select id from data_keys')).length, 4);
});

inWorld('with the wrong master key a node does not open, and writes nothing', async (world) => {
  const { db } = world.deps;
  await world.signedUp('ada@example.com');
  const look = async () =>
    JSON.stringify([
      await db.all('select * from data_keys'),
      await db.all('select * from chain_keys'),
      await db.all('select kid from signing_keys'),
    ]);
  const before = await look();
  for (const key of [nextKey(), Buffer.alloc(32, 8)]) {
    await assert.rejects(openVault({ db, now: world.deps.now, config: { masterKey: key } }), /another master key/);
  }
  assert.equal(await look(), before);
  // And on a database from before there were data keys.
  await db.all('delete from data_keys');
  await assert.rejects(openVault({ db, now: world.deps.now, config: { masterKey: nextKey() } }));
  assert.equal((await db.all('select id from data_keys')).length, 0);
  const vault = await openVault(world.deps);
  assert.deepEqual([vault.currentId(), (await db.all('select id from data_keys')).length], [0, 1]);
});

inWorld('a data key at rest opens under its master key, its number and its times alone', async (world) => {
  const { db } = world.deps;
  const next = nextKey();
  await rotatedTo(next, world);
  const [row] = await db.all('select sealed, current_from from data_keys where id = 1 and master_key_id = $1', [masterKeyIdOf(next)]);
  const opens = () => openVault({ db, now: world.deps.now, config: { masterKey: next } });
  await opens();
  const spoil = async (statement: string, value: string | number) => {
    await db.all(statement, [value, masterKeyIdOf(next)]);
    await assert.rejects(opens(), statement);
    await db.all('update data_keys set sealed = $1, current_from = $2, ended_at = null where id = 1 and master_key_id = $3', [
      String(row?.['sealed']),
      Number(row?.['current_from']),
      masterKeyIdOf(next),
    ]);
  };
  // Whoever could put it off would have everything sealed with the key that they know.
  await spoil('update data_keys set current_from = $1 where id = 1 and master_key_id = $2', 9_999_999_999_999);
  await spoil('update data_keys set ended_at = $1 where id = 1 and master_key_id = $2', 5);
  const [zero] = await db.all('select sealed from data_keys where id = 0 and master_key_id = $1', [masterKeyIdOf(next)]);
  await spoil('update data_keys set sealed = $1 where id = 1 and master_key_id = $2', String(zero?.['sealed']));
  const [other] = await db.all('select sealed from data_keys where id = 1 and master_key_id <> $1', [masterKeyIdOf(next)]);
  await spoil('update data_keys set sealed = $1 where id = 1 and master_key_id = $2', String(other?.['sealed']));
  const sealed = String(row?.['sealed']);
  await spoil(
    'update data_keys set sealed = $1 where id = 1 and master_key_id = $2',
    sealed.slice(0, -3) + (sealed.at(-3) === 'A' ? 'B' : 'A') + sealed.slice(-2),
  );
  await opens();
});

inWorld('the first chain key is not made again when it was replaced and removed', async (world) => {
  await rotateKeys(world.deps, commandLine(world.deps));
  world.clock.advance(MINUTE);
  await world.deps.db.all('delete from chain_keys where id = 0');
  const node = await restarted(world, world.deps.config.masterKey);
  assert.deepEqual(
    node.deps.keys.chains().map(({ id }) => id),
    [1],
  );
  await node.close();
});
