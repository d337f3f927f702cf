import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OAUTH } from '@portico/protocol/routes';
import { spendId } from '../../src/clients/spent-id.ts';
import type { Db } from '../../src/platform/db.ts';
import { createDenylist } from '../../src/platform/denylist.ts';
import { silentLog } from '../../src/platform/log.ts';
import { openRedis } from '../../src/platform/redis.ts';
import { createRevokedSet } from '../../src/platform/revoked-set.ts';
import type { Browser } from '../browser.ts';
import { within } from '../counts.ts';
import { forEachDatabase } from '../databases.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { addSite, basicOf, codeFor, type GivenCode } from '../sites.ts';
import { type Clock, heldClock, ORIGIN, openWorld, type World } from '../world.ts';

interface RedisNode extends World {
  /** From now on the node cannot read the table: what it still learns it has from Redis. */
  blind(): void;
}

/** A node whose denylist is at `url`. */
async function openNode(t: TestContext, db: Db, clock: Clock, url: string): Promise<RedisNode> {
  const redis = await openRedis(url, silentLog);
  const denylist = createDenylist(redis, ORIGIN, clock.now);
  let blind = false;
  const seeing: Db = {
    all: (sql, ...rest) => (blind && sql.includes('from revocations') ? Promise.reject(new Error('unreadable')) : db.all(sql, ...rest)),
    transaction: (work) => db.transaction(work),
    close: () => db.close(),
  };
  const world = await openWorld(seeing, { clock, deps: { revoked: createRevokedSet([], denylist) } });
  t.after(async () => {
    await world.close();
    await denylist.close();
  });
  return { ...world, blind: () => (blind = true) };
}

/** `GET me/sessions` looks at the access token alone. */
const status = async (node: World, token: string) =>
  (await node.browser().call('mySessions', undefined, { headers: { authorization: `Bearer ${token}` } })).status;

const accessOf = async (browser: Browser) => String((await browser.refresh()).body['accessToken']);

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await done()) return;
    await sleep(25);
  }
  assert.fail(what);
}

function withRedis(name: string, body: (t: TestContext, redis: TestRedis, db: Db, clock: Clock) => Promise<void>): void {
  forEachDatabase(name, async (open, t) => {
    const redis = await startRedis(t);
    if (redis !== null) await body(t, redis, await open(), heldClock());
  });
}

withRedis(
  'a node that cannot read the table refuses what another node revoked, because the denylist says so',
  async (t, redis, db, clock) => {
    const [here, there] = [await openNode(t, db, clock, redis.url), await openNode(t, db, clock, redis.url)];
    await until('connected', async () => (await redis.command('CLIENT', 'LIST')).split('addr=').length > 2);
    const [leaves, stays] = [await here.signedUp('ada@example.com'), await here.signedUp('bob@example.com')];
    const [token, other] = [await accessOf(leaves), await accessOf(stays)];
    there.blind();
    assert.deepEqual([await status(there, token), await status(there, other)], [200, 200]);
    await leaves.act('signOut');
    await until('refused there', async () => (await status(there, token)) === 401);
    assert.equal(await status(there, other), 200);
    // The key lives as long as a token could, and not for ever.
    const keys = await redis.command('KEYS', 'portico:*:sid:*');
    const key = /portico:\S+/.exec(keys)?.[0] ?? '';
    const life = Number((await redis.command('PTTL', key)).slice(1));
    assert.ok(life > 0 && life <= 16 * 60_000, String(life));
  },
);

withRedis(
  'a Redis that is emptied brings nobody back: memory answers, and a node that starts reads the database',
  async (t, redis, db, clock) => {
    const here = await openNode(t, db, clock, redis.url);
    const browser = await here.signedUp('ada@example.com');
    const token = await accessOf(browser);
    await browser.act('signOut');
    await until('written', async () => (await redis.command('DBSIZE')).trim() !== ':0');
    await redis.command('FLUSHALL');
    assert.equal(await status(here, token), 401);
    const later = await openNode(t, db, clock, redis.url);
    assert.equal(await status(later, token), 401);
  },
);

withRedis('a frozen Redis hangs nobody and signs nobody out; thawed it is asked again', async (t, redis, db, clock) => {
  const here = await openNode(t, db, clock, redis.url);
  const [leaves, stays] = [await here.signedUp('ada@example.com'), await here.signedUp('bob@example.com')];
  const [token, other] = [await accessOf(leaves), await accessOf(stays)];
  await until('connected', async () => (await status(here, other)) === 200);
  redis.freeze();
  const began = performance.now();
  for (let n = 0; n < 50; n += 1) assert.equal(await status(here, other), 200);
  assert.equal((await leaves.act('signOut')).status, 204);
  assert.equal(await status(here, token), 401, 'memory knows');
  assert.equal((await stays.refresh()).body['kind'], 'rotated');
  // Fifty requests that each waited for it would take five seconds.
  assert.ok(performance.now() - began < within(4000), `${performance.now() - began} ms`);
  redis.thaw();
  const there = await openNode(t, db, clock, redis.url);
  const [again, third] = [await there.signedUp('carol@example.com'), here];
  const late = await accessOf(again);
  third.blind();
  await until('asked again', async () => {
    await again.act('signOut');
    return (await status(third, late)) === 401;
  });
});

withRedis('a Redis that ends in the middle, or was never there, changes no answer', async (t, redis, db, clock) => {
  const here = await openNode(t, db, clock, redis.url);
  const nowhere = await openNode(t, db, clock, `redis://127.0.0.1:${await freePort()}`);
  const browser = await here.signedUp('ada@example.com');
  const token = await accessOf(browser);
  await redis.end();
  for (const node of [here, nowhere]) assert.equal(await status(node, token), 200);
  await browser.act('signOut');
  assert.equal(await status(here, token), 401);
  await until('read from the table', async () => (await status(nowhere, token)) === 401);
});

withRedis('who calls the channel makes a node read and no more; nodes hear of an outage when it is over', async (t, redis) => {
  const calls = { heard: 0, missed: 0 };
  const denylist = createDenylist(await openRedis(redis.url, silentLog), ORIGIN, Date.now);
  t.after(() => denylist.close());
  const stop = denylist.listen(
    () => (calls.heard += 1),
    () => (calls.missed += 1),
  );
  const entry = { kind: 'sid', subject: 'a', minimumUv: null, expiresAt: Date.now() + 60_000 } as const;
  await until('heard', async () => {
    denylist.announce(entry);
    return calls.heard > 0;
  });
  assert.equal(await denylist.isDenied({ sid: 'a', aud: 'x', sub: 'y' }), true);
  assert.equal(await denylist.isDenied({ sid: 'b', aud: 'x', sub: 'y' }), false);
  const channel = /portico:\S+/.exec(await redis.command('PUBSUB', 'CHANNELS'))?.[0] ?? '';
  await redis.command('PUBLISH', channel, '["sid","b",0,9999999999999]');
  assert.equal(await denylist.isDenied({ sid: 'b', aud: 'x', sub: 'y' }), false, 'what is called is not believed');
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const before = calls.missed;
  await until('missed', async () => calls.missed > before);
  stop();
});

withRedis('versions on the denylist refuse older tokens only, of this installation only', async (t, redis) => {
  const lists = [ORIGIN, 'https://other.example'].map(async (origin) =>
    createDenylist(await openRedis(redis.url, silentLog), origin, Date.now),
  );
  const [own, other] = await Promise.all(lists);
  assert.ok(own !== undefined && other !== undefined);
  t.after(() => Promise.all([own.close(), other.close()]));
  const token = (uv: number, cv: number) => ({ aud: 'notes', sub: 'ada', uv, cv });
  await until('written', async () => {
    own.announce({ kind: 'sub', subject: 'ada', minimumUv: 3, expiresAt: Date.now() + 60_000 });
    own.announce({ kind: 'client', subject: 'notes', minimumUv: 2, expiresAt: Date.now() + 60_000 });
    return (await own.isDenied(token(2, 2))) && (await own.isDenied(token(3, 1)));
  });
  assert.deepEqual(
    [await own.isDenied(token(3, 2)), await own.isDenied(token(4, 9)), await other.isDenied(token(1, 1))],
    [false, false, false],
  );
  assert.equal(await own.isDenied({ aud: 'notes', sub: 'robot', cv: 2 }), false);
});

withRedis('with Redis frozen or gone, what may be used once is used once: the database decides', async (t, redis, db, clock) => {
  const here = await openNode(t, db, clock, redis.url);
  const site = await addSite(here, 'notes');
  const browser = await here.signedUp('ada@example.com');
  const redeem = async ({ code, verifier }: GivenCode) => {
    const form = { grant_type: 'authorization_code', code, redirect_uri: site.redirectUri, code_verifier: verifier };
    const answer = await here.app.inject({
      method: 'POST',
      url: OAUTH.token,
      headers: { authorization: basicOf(site), 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(form).toString(),
    });
    return answer.statusCode;
  };
  for (const fail of [async () => redis.freeze(), () => redis.end()]) {
    await fail();
    const code = await codeFor(here, browser, site);
    assert.deepEqual([await redeem(code), await redeem(code)], [200, 400]);
    const name = randomBytes(16).toString('base64url');
    const end = clock.now() + 60_000;
    assert.deepEqual([await spendId(db, name, end), await spendId(db, name, end)], [true, false]);
  }
});

test('portico doctor asks the Redis that is set, and shows no password', async (t) => {
  const redis = await startRedis(t);
  if (redis === null) return;
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-doctor-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  await redis.command('CONFIG', 'SET', 'requirepass', 'hush-hush');
  const doctor = async () => {
    const { code, stdout } = await runPortico(['doctor', '--json'], {
      NODE_ENV: 'test',
      PORTICO_DATA_DIR: dataDir,
      PORTICO_REDIS_URL: redis.url.replace('redis://', 'redis://:hush-hush@'),
    });
    assert.ok(!stdout.includes('hush-hush'));
    const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; state: string }[] };
    return [code, checks.find(({ name }) => name === 'redis')?.state];
  };
  assert.deepEqual(await doctor(), [0, 'ok']);
  await redis.end();
  assert.deepEqual(await doctor(), [1, 'fail']);
});
