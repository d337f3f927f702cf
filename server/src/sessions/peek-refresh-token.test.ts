import assert from 'node:assert/strict';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { everything, familyOf, sessionOf, snapshotOf, withNative } from '../../test/families.ts';
import { DAY, inWorld, type World } from '../../test/world.ts';
import { peekRefreshToken } from './peek-refresh-token.ts';
import { formatRefreshToken } from './refresh-chain.ts';
import { PEEK_PREVIOUS, type RefreshCaller, spendRefreshToken } from './spend-refresh-token.ts';

const from = { requestId: 'request', address: '192.0.2.1', userAgent: 'a renderer' };

/** A family of each kind of client, with the caller that it belongs to. */
async function bothClients(world: World): Promise<{ name: string; token: string; caller: RefreshCaller }[]> {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const base = { authenticated: false, from };
  const { deviceHash } = await familyOf(world, browser);
  return [
    { name: 'our own', token: browser.refreshToken, caller: { ...base, clientId: FIRST_PARTY_CLIENT, deviceHash, byCookie: true } },
    { name: 'another client', token: native, caller: { ...base, clientId: 'space-snake', deviceHash: null, byCookie: false } },
  ];
}

async function spend(world: World, caller: RefreshCaller, token: string): Promise<string> {
  const spent = await spendRefreshToken(world.deps, caller, token, null);
  assert.ok('refreshToken' in spent, spent.kind);
  return spent.refreshToken;
}

async function peek(world: World, caller: RefreshCaller, token: string): Promise<string> {
  return (await peekRefreshToken(world.deps, caller, token)).kind;
}

inWorld('a peek is granted by the newest link, and by the one before it for two minutes, for both clients', async (world) => {
  for (const { name, token, caller } of await bothClients(world)) {
    const first = await peekRefreshToken(world.deps, caller, token);
    assert.ok(first.kind === 'granted' && first.isNewest, name);
    assert.equal(first.grant.clientId, caller.clientId);
    assert.equal(first.provedAt, world.clock.now());
    const next = await spend(world, caller, token);
    const before = await everything(world);
    const previous = await peekRefreshToken(world.deps, caller, token);
    assert.ok(previous.kind === 'granted' && !previous.isNewest, name);
    world.clock.advance(PEEK_PREVIOUS - 1);
    assert.equal(await peek(world, caller, token), 'granted');
    world.clock.advance(1);
    assert.equal(await peek(world, caller, token), 'retry');
    assert.equal(await peek(world, caller, next), 'granted');
    const third = await spend(world, caller, next);
    // Two links back, however young.
    assert.equal(await peek(world, caller, token), 'retry');
    assert.equal(await peek(world, caller, third), 'granted');
    assert.equal(before['events']?.length, (await everything(world))['events']?.length);
  }
});

inWorld('a peek at a token that is ahead of its row, or of another chain, waits; it holds nobody and writes nothing', async (world) => {
  for (const { name, token, caller } of await bothClients(world)) {
    const before = await snapshotOf(world, token);
    const next = await spend(world, caller, token);
    await before.restore();
    const family = await familyOf(world, token);
    const key = world.deps.keys.chain(family.keyId);
    assert.ok(key !== null);
    const fork = (gen: number) =>
      formatRefreshToken(key, { familyId: family.id, gen, issuedAt: world.clock.now(), secret: Buffer.alloc(20, 9) });
    const rows = await everything(world);
    assert.equal(await peek(world, caller, next), 'retry', name);
    assert.equal(await peek(world, caller, fork(family.gen)), 'retry', name);
    assert.deepEqual(await everything(world), rows);
  }
});

inWorld('a peek checks client, device, state, both ends, user and client again, and changes nothing', async (world) => {
  const [own, other] = await bothClients(world);
  assert.ok(own !== undefined && other !== undefined);
  const sql = (text: string, ...values: (string | number | null)[]) => world.deps.db.all(text, values);
  const both = async (expected: string) => {
    const rows = await everything(world);
    for (const { name, token, caller } of [own, other]) assert.equal(await peek(world, caller, token), expected, name);
    assert.deepEqual(await everything(world), rows);
  };
  assert.equal(await peek(world, other.caller, own.token), 'invalid');
  assert.equal(await peek(world, own.caller, other.token), 'invalid');
  assert.equal(await peek(world, own.caller, `${own.token.slice(0, -1)}A`), 'invalid');
  assert.equal(await peek(world, { ...own.caller, deviceHash: null }, own.token), 'retry');
  assert.equal(await peek(world, { ...own.caller, deviceHash: 'another' }, own.token), 'retry');
  await both('granted');

  await sql('update users set suspended_at = $1', 1);
  await both('ended');
  await sql('update users set suspended_at = null');
  await sql('update clients set disabled_at = $1', 1);
  await both('ended');
  await sql('update clients set disabled_at = null');
  const { sessionId, idleAt, expiresAt } = await familyOf(world, own.token);
  await sql('update refresh_tokens set idle_at = $1', world.clock.now());
  await both('ended');
  await sql('update refresh_tokens set idle_at = $1, expires_at = $2', idleAt, world.clock.now());
  await both('ended');
  await sql('update refresh_tokens set expires_at = $1', expiresAt);
  for (const [state, expected] of [
    ['replaced', 'ended'],
    ['revoked', 'ended'],
    ['held', 'ended'],
    ['active', 'granted'],
  ] as const) {
    await sql('update refresh_tokens set state = $1', state);
    await both(expected);
  }
  // Held is said only while the session itself waits for its owner.
  await sql("update refresh_tokens set state = 'held'");
  await sql("update sessions set state = 'held', held_until = $1 where id = $2", world.clock.now() + DAY, sessionId);
  await both('held');
  world.clock.advance(DAY);
  await both('ended');
  await sql('delete from refresh_tokens');
  await both('invalid');
});

inWorld('a peek mints nothing after the session was signed out', async (world) => {
  const [own, other] = await bothClients(world);
  assert.ok(own !== undefined && other !== undefined);
  const { id } = await sessionOf(world, own.token);
  await world.deps.db.all("update sessions set state = 'revoked' where id = $1", [id]);
  for (const { token, caller } of [own, other]) assert.equal(await peek(world, caller, token), 'ended');
});
