import assert from 'node:assert/strict';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { actions, familyOf, grantClient, sessionOf, withNative } from '../../test/families.ts';
import { inTappedWorld } from '../../test/tapped-db.ts';
import { inWorld, type World } from '../../test/world.ts';
import {
  type Attempt,
  formatRefreshToken,
  linkHash,
  parseAttempt,
  parseRefreshToken,
  RING_SIZE,
  ringSlot,
  walkChain,
} from './refresh-chain.ts';
import { type RefreshCaller, spendRefreshToken, YOUNG_TOKEN } from './spend-refresh-token.ts';

/** The rules that no honest client and no thief without our keys can reach, and the row that each step leaves. */

const NATIVE: RefreshCaller = {
  clientId: 'space-snake',
  authenticated: false,
  deviceHash: null,
  byCookie: false,
  from: { requestId: 'request', address: '192.0.2.1', userAgent: 'a game' },
};

function attempt(gen: number, letter = 'A'): Attempt {
  const parsed = parseAttempt(`${gen}.${letter.repeat(22)}`);
  assert.ok(parsed !== null);
  return parsed;
}

async function nativeToken(world: World): Promise<string> {
  return withNative(world, await world.signedUp('ada@example.com'));
}

async function spend(world: World, token: string, sent: Attempt | null): Promise<string> {
  const spent = await spendRefreshToken(world.deps, NATIVE, token, sent);
  return 'refreshToken' in spent ? spent.refreshToken : spent.kind;
}

/** A token with a good tag and a secret that is not of the chain: what only a leaked tag key could make. */
async function forkOf(world: World, token: string, gen: number): Promise<string> {
  const { id, keyId } = await familyOf(world, token);
  const key = world.deps.keys.chain(keyId);
  assert.ok(key !== null);
  return formatRefreshToken(key, { familyId: id, gen, issuedAt: world.clock.now(), secret: Buffer.alloc(20, 9) });
}

inWorld('the row holds the hash of the newest link, the ring the newest four attempts, and nothing that could be spent', async (world) => {
  const token = await nativeToken(world);
  const parsed = parseRefreshToken(world.deps.keys, token);
  const key = world.deps.keys.chain(parsed?.keyId ?? 0);
  assert.ok(parsed !== null && key !== null);
  let current = token;
  for (let gen = 0; gen < RING_SIZE + 2; gen += 1) {
    world.clock.advance(1_000);
    current = await spend(world, current, attempt(gen));
    const family = await familyOf(world, token);
    assert.equal(family.gen, gen + 1);
    assert.equal(family.curHash, linkHash(walkChain(key, parsed.familyId, 0, parsed.secret, gen + 1)));
    assert.equal(family.curHash, linkHash(parseRefreshToken(world.deps.keys, current)?.secret ?? Buffer.alloc(0)));
    assert.equal(family.rotatedAt, world.clock.now());
    assert.equal(parseRefreshToken(world.deps.keys, current)?.iat, world.clock.now() / 1000);
    for (let back = 1; back <= Math.min(RING_SIZE, gen + 1); back += 1) {
      assert.equal(ringSlot(family.ring, back), attempt(gen + 1 - back).slot);
    }
  }
  const [row] = await world.deps.db.all("select * from refresh_tokens where client_id = 'space-snake'");
  const stored = JSON.stringify(row);
  for (const one of [token, current]) {
    const secret = parseRefreshToken(world.deps.keys, one)?.secret ?? Buffer.alloc(0);
    for (const spelling of ['base64url', 'hex'] as const) assert.ok(!stored.includes(secret.toString(spelling)));
  }
});

for (const [place, rotations, gen] of [
  ['at the row', 0, 0],
  ['one link behind', 1, 0],
  ['four links behind', 4, 0],
] as const) {
  inWorld(`a token that fits no link of the chain (${place}) is a fork: the family ends`, async (world) => {
    const token = await nativeToken(world);
    let current = token;
    for (let n = 0; n < rotations; n += 1) current = await spend(world, current, attempt(n));
    assert.equal(await spend(world, await forkOf(world, token, gen), attempt(gen)), 'ended');
    assert.equal((await familyOf(world, token)).state, 'revoked');
    assert.ok((await actions(world)).includes('refresh.reuse'));
  });
}

inWorld('the attempt of one transition does not open another', async (world) => {
  const token = await nativeToken(world);
  const first = await spend(world, token, attempt(0, 'A'));
  await spend(world, first, attempt(1, 'B'));
  // Known to the ring, but as the attempt of another generation.
  const swapped = { gen: 0, slot: attempt(1, 'B').slot };
  assert.equal(await spend(world, token, swapped), 'ended');
});

inWorld(
  'an attempt for another generation than that of the token is told to read again, before any question to the database',
  async (world) => {
    const token = await nativeToken(world);
    for (const gen of [1, 2, 0xffff_ffff]) assert.equal(await spend(world, token, attempt(gen)), 'retry');
    assert.equal((await familyOf(world, token)).gen, 0);
  },
);

inTappedWorld('a caller that is overtaken four times in a row is told to come back', async (world, tap) => {
  const token = await nativeToken(world);
  const { db } = world.deps;
  const { id, gen, curHash } = await familyOf(world, token);
  let overtaken = 0;
  // Before the update the row is elsewhere, after it is back: as if it were always another one's turn.
  const overtake = () => {
    tap.before('update refresh_tokens set gen = gen + 1', async () => {
      overtaken += 1;
      await db.all("update refresh_tokens set cur_hash = 'elsewhere' where id = $1", [id]);
    });
    tap.after('update refresh_tokens set gen = gen + 1', async () => {
      await db.all('update refresh_tokens set cur_hash = $2 where id = $1', [id, curHash]);
      overtake();
    });
  };
  overtake();
  assert.equal(await spend(world, token, attempt(0)), 'retry');
  assert.equal(overtaken, 4);
  assert.equal((await familyOf(world, token)).gen, gen);
});

inWorld(
  'two holders of our own first link, at the same moment and with different attempts: one is served and the session is held',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const { deviceHash } = await familyOf(world, browser);
    const caller = { ...NATIVE, clientId: FIRST_PARTY_CLIENT, deviceHash, byCookie: true };
    const outcomes = await Promise.all(
      ['A', 'B'].map((letter) => spendRefreshToken(world.deps, caller, browser.refreshToken, attempt(0, letter))),
    );
    assert.deepEqual(outcomes.map((outcome) => outcome.kind).filter((kind) => kind === 'rotated').length <= 1, true);
    assert.ok(outcomes.some((outcome) => outcome.kind === 'held'));
    assert.equal((await sessionOf(world, browser)).state, 'held');
  },
);

inWorld('of families that are refreshed in one turn each is decided by itself', async (world) => {
  const person = await world.signedUp('ada@example.com');
  const first = await withNative(world, person);
  const { sessionId, clientId } = await familyOf(world, first);
  const another = async () => (await grantClient(world, sessionId, clientId)) ?? '';
  const [second, spent, forked] = [await another(), await another(), await another()];
  for (let gen = 0, token = spent; gen < RING_SIZE + 1; gen += 1) token = await spend(world, token, attempt(gen));
  world.clock.advance(YOUNG_TOKEN);
  const outcomes = await Promise.all([
    spend(world, first, attempt(0)),
    spend(world, second, attempt(0, 'B')),
    spend(world, spent, attempt(0)),
    spend(world, await forkOf(world, forked, 0), attempt(0)),
    // The same request twice more, as of tabs that share what they are about to send.
    spend(world, first, attempt(0)),
    spend(world, first, attempt(0)),
  ]);
  assert.deepEqual(outcomes.slice(2, 4), ['ended', 'ended']);
  assert.deepEqual([outcomes[4], outcomes[5]], [outcomes[0], outcomes[0]]);
  for (const [token, successor, letter] of [
    [first, outcomes[0], 'A'],
    [second, outcomes[1], 'B'],
  ] as const) {
    const family = await familyOf(world, token);
    assert.equal(family.gen, 1);
    assert.equal(family.curHash, linkHash(parseRefreshToken(world.deps.keys, successor ?? '')?.secret ?? Buffer.alloc(0)));
    assert.equal(ringSlot(family.ring, 1), attempt(0, letter).slot);
  }
});
