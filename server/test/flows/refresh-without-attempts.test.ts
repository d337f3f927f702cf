import assert from 'node:assert/strict';
import { REPLAY_WITHOUT_ATTEMPT, spendRefreshToken, YOUNG_TOKEN } from '../../src/sessions/spend-refresh-token.ts';
import { actions, addClient, familyOf, grantClient, refreshByBody, sessionOf, snapshotOf, withNative } from '../families.ts';
import { DAY, inWorld, type World } from '../world.ts';

/** Clients that send no attempt, as every standard OAuth client: what they are given, and how long. */

const from = { requestId: 'request', address: '192.0.2.1', userAgent: 'a backend' };

async function confidentialClient(
  world: World,
): Promise<{ token: string; spend(token: string, authenticated?: boolean): Promise<string> }> {
  const browser = await world.signedUp('ada@example.com');
  await addClient(world, 'notes', 'web');
  const token = (await grantClient(world, (await sessionOf(world, browser)).id, 'notes')) ?? '';
  return {
    token,
    spend: async (spent, authenticated = true) => {
      const outcome = await spendRefreshToken(
        world.deps,
        { clientId: 'notes', authenticated, deviceHash: null, byCookie: false, from },
        spent,
        null,
      );
      return 'refreshToken' in outcome ? `${outcome.kind} ${outcome.refreshToken}` : outcome.kind;
    },
  };
}

inWorld('a client that proved who it is gets the same successor again at any time', async (world) => {
  const { token, spend } = await confidentialClient(world);
  const [, first] = (await spend(token)).split(' ');
  for (const wait of [1_000, DAY, 10 * DAY]) {
    world.clock.advance(wait);
    assert.equal(await spend(token), `replayed ${first}`);
  }
  assert.match(await spend(first ?? ''), /^rotated/);
  // Two links back nothing binds the retry any more.
  assert.equal(await spend(token), 'ended');
});

inWorld('a browser that brings the device cookie it is bound to gets the same successor again at any time', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  assert.equal((await browser.refresh({ attempt: null, lose: true })).body['kind'], 'rotated');
  for (const wait of [1_000, DAY, 10 * DAY]) {
    world.clock.advance(wait);
    assert.equal((await browser.refresh({ attempt: null, lose: true })).body['kind'], 'replayed');
  }
  assert.equal((await browser.refresh({ attempt: null })).body['gen'], 1);
  assert.equal((await browser.refresh({ attempt: null })).body['gen'], 2);
});

inWorld(
  'a public client and a browser without a device cookie get it again for sixty seconds, then wait, then raise the alarm',
  async (world) => {
    const browser = await world.signedUp('bob@example.com', { keep: false });
    const native = await withNative(world, await world.signedUp('ada@example.com'));
    const asks = {
      browser: () => browser.refresh({ attempt: null, lose: true }),
      native: () => refreshByBody(world, native, 'space-snake'),
    };
    for (const ask of Object.values(asks)) assert.equal((await ask()).body['kind'], 'rotated');
    world.clock.advance(REPLAY_WITHOUT_ATTEMPT - 1);
    for (const ask of Object.values(asks)) assert.equal((await ask()).body['kind'], 'replayed');
    world.clock.advance(1);
    // The token itself is a minute old: young enough that a slow retry is not called a theft.
    for (const ask of Object.values(asks)) assert.equal((await ask()).body.error, 'retry');
    world.clock.advance(YOUNG_TOKEN - REPLAY_WITHOUT_ATTEMPT - 1);
    for (const ask of Object.values(asks)) assert.equal((await ask()).body.error, 'retry');
    world.clock.advance(1);
    assert.equal((await asks.browser()).body.error, 'session_held');
    assert.equal((await asks.native()).body.error, 'session_ended');
  },
);

inWorld('the marker and an attempt never match each other, so a thief cannot switch modes', async (world) => {
  const marked = await world.signedUp('ada@example.com');
  const thief = marked.copy();
  await marked.refresh({ attempt: null });
  assert.equal((await thief.refresh()).body.error, 'session_held');

  const attempted = await world.signedUp('bob@example.com');
  const second = attempted.copy();
  await attempted.refresh();
  assert.equal((await second.refresh({ attempt: null })).body.error, 'retry', 'young: nothing given, nothing revoked');
  assert.equal((await attempted.call('session')).body['status'], 'VERIFIED');
  world.clock.advance(YOUNG_TOKEN);
  assert.equal((await second.refresh({ attempt: null })).body.error, 'session_held', 'although it brings the bound device cookie');
});

inWorld('two links back there is no redelivery without an attempt: young waits, old is a theft', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const old = browser.copy();
  await browser.refresh({ attempt: null });
  await browser.refresh({ attempt: null });
  assert.equal((await old.refresh({ attempt: null })).body.error, 'retry');
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  world.clock.advance(YOUNG_TOKEN);
  assert.equal((await old.refresh({ attempt: null })).body.error, 'session_held');
});

inWorld('twenty requests at once without attempts are one rotation and nineteen times the same token', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.refresh({ attempt: null })));
  const kinds = answers.map((answer) => answer.body['kind']);
  assert.equal(kinds.filter((kind) => kind === 'rotated').length, 1);
  assert.equal(kinds.filter((kind) => kind === 'replayed').length, 19);
  assert.equal(new Set(answers.map((answer) => answer.setCookies[0]?.split(';')[0])).size, 1);
  assert.equal((await familyOf(world, browser)).gen, 1);
});

inWorld('a database that lost commits takes the newer token of a client without attempts too', async (world) => {
  const { token, spend } = await confidentialClient(world);
  const before = await snapshotOf(world, token);
  const [, first = ''] = (await spend(token)).split(' ');
  const [, second = ''] = (await spend(first)).split(' ');
  await before.restore();
  const [kind, third = ''] = (await spend(second)).split(' ');
  assert.equal(kind, 'rotated');
  assert.ok((await actions(world)).includes('refresh.ahead'));
  // Nobody knows any more which attempt made the lost links: nothing given, nothing revoked, however late.
  world.clock.advance(DAY);
  assert.equal(await spend(first), 'retry');
  assert.equal(await spend(second), `replayed ${third}`);
  assert.match(await spend(third), /^rotated/);
});
