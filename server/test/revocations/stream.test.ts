import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Beat, createRevokedSet, fromSent, type PolledRevocations, type SentRevocation } from '@portico/protocol/revocations';
import { REVOCATIONS } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import { CURRENT_FOR } from '../../src/platform/revoked-set.ts';
import { FOLLOWERS_MAX, takeBeat } from '../../src/revocations/follow.ts';
import { insertRevocation } from '../../src/sessions/revocation.ts';
import { sessionOf } from '../families.ts';
import { addSite, basicOf, type Site } from '../sites.ts';
import { inWorld, MINUTE, type World } from '../world.ts';
import { listen, openStream } from './listener.ts';

/** Writes a revocation as a verb does: the row, and after the commit the copy in memory. */
async function revoke(world: World, subject: string, kind: 'sid' | 'client' = 'sid', minimumUv: number | null = null): Promise<void> {
  const { deps } = world;
  deps.revoked.add(await deps.db.transaction((tx) => insertRevocation(tx, deps, { kind, subject, minimumUv })));
}

/** What a verifier holds after these events, by the shared arithmetic. */
function heldBy(audience: string, ...sent: readonly unknown[]): ReturnType<typeof createRevokedSet> {
  const set = createRevokedSet();
  for (const one of (sent as readonly SentRevocation[][]).flat()) {
    const entry = fromSent(one);
    assert.ok(entry !== null);
    set.add(entry);
  }
  assert.equal(set.isRevoked({ aud: audience, sub: 'nobody' }), false);
  return set;
}

inWorld(
  'a stream begins with everything that is revoked, tells what comes, and its beats have time, count and digest of both',
  async (world) => {
    const site = await addSite(world, 'notes');
    const origin = await listen(world.app);
    await revoke(world, 'before');
    const stream = await openStream(origin, site);
    try {
      assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8');
      assert.match(stream.headers.get('cache-control') ?? '', /no-store/);
      const all = (await stream.next('all'))?.data;
      const first = (await stream.next('beat'))?.data as Beat;
      assert.deepEqual(
        (all as SentRevocation[]).map(([kind, subject]) => `${kind} ${subject}`),
        ['sid before'],
      );
      assert.deepEqual(first, { time: world.clock.now(), ...heldBy('notes', all).digest(new Set(['notes'])) });
      await revoke(world, 'after');
      const more = (await stream.next('more'))?.data;
      const second = (await stream.next('beat'))?.data as Beat;
      assert.deepEqual(second, { time: world.clock.now(), ...heldBy('notes', all, more).digest(new Set(['notes'])) });
      assert.notEqual(second.digest, first.digest);
      // Expired facts are dropped by the time that the beat names: nobody has to be told.
      world.clock.advance(17 * MINUTE);
      const empty = await beatAfter(stream, world.clock.now());
      assert.deepEqual(empty, { time: world.clock.now(), count: 0, digest: '0000000000000000' });
    } finally {
      stream.close();
    }
  },
);

async function beatAfter(stream: Awaited<ReturnType<typeof openStream>>, time: number): Promise<Beat> {
  for (;;) {
    const beat = (await stream.next('beat'))?.data as Beat | undefined;
    assert.ok(beat !== undefined, 'the stream goes on');
    if (beat.time >= time) return beat;
  }
}

inWorld('a beat drops what has expired since the last reading of the database', async (world) => {
  await revoke(world, 'before');
  const life = await world.deps.db.all('select expires_at from revocations');
  world.clock.advance(Number(life[0]?.['expires_at']) - world.clock.now() - 1);
  assert.equal(takeBeat(world.deps, new Set()).count, 1);
  world.clock.advance(1);
  assert.equal(takeBeat(world.deps, new Set()).count, 0);
});

inWorld('a sign-out is told to a verifier that listens, with the id of the session and nothing else about anybody', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { id, userId } = await sessionOf(world, browser);
  const stream = await openStream(await listen(world.app), site);
  try {
    await stream.next('all');
    await browser.act('signOut');
    const more = (await stream.next('more'))?.data as SentRevocation[];
    assert.deepEqual(
      more.map(([kind, subject]) => [kind, subject]),
      [['sid', id]],
    );
    assert.ok(!JSON.stringify(stream.heard).includes(String(userId)));
    assert.ok(!JSON.stringify(stream.heard).includes('ada@example.com'));
  } finally {
    stream.close();
  }
});

inWorld('a verifier is told of the client versions of its audiences, and never the name of another client', async (world) => {
  const site = await addSite(world, 'gateway', { audiences: ['notes'] });
  const other = await addSite(world, 'secret-project');
  const origin = await listen(world.app);
  const streams = [await openStream(origin, site), await openStream(origin, other)];
  try {
    for (const stream of streams) await stream.next('all');
    for (const name of ['secret-project', 'notes', 'gateway']) await revoke(world, name, 'client', 2);
    const told = (stream: (typeof streams)[number]) =>
      stream.heard.filter(({ event }) => event === 'more').flatMap(({ data }) => (data as SentRevocation[]).map(([, subject]) => subject));
    await Promise.all(streams.map((stream) => stream.next('beat')));
    const beats = await Promise.all(streams.map(async (stream) => (await stream.next('beat'))?.data as Beat));
    assert.deepEqual(
      beats.map(({ count }) => count),
      [2, 1],
    );
    assert.deepEqual(streams.map(told), [['notes', 'gateway'], ['secret-project']]);
  } finally {
    for (const stream of streams) stream.close();
  }
});

inWorld(
  'nobody listens without a secret: no client, a public one, a wrong secret and a disabled client get 401 and no stream',
  async (world) => {
    const site = await addSite(world, 'notes');
    const game = await addSite(world, 'game', { kind: 'native' });
    const origin = await listen(world.app);
    const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const wrong = basicOf({ ...site, secret: `pts_${'A'.repeat(43)}` });
    await setClientDisabled(world.deps.db, (await addSite(world, 'gone')).id, world.clock.now());
    for (const authorization of [
      '',
      wrong,
      basic(game.id, ''),
      basic('portico', ''),
      basic('gone', String(site.secret)),
      `Bearer ${site.secret}`,
    ]) {
      for (const path of Object.values(REVOCATIONS)) {
        const answer = await fetch(origin + path, { headers: authorization === '' ? {} : { authorization } });
        assert.equal(answer.status, 401, `${path} ${authorization}`);
        assert.equal(((await answer.json()) as { error: string }).error, 'client_refused');
      }
    }
  },
);

inWorld('a node that has not read the database for three seconds sends no beat, and answers no poll', async (world) => {
  const site = await addSite(world, 'notes');
  const origin = await listen(world.app);
  const stream = await openStream(origin, site);
  try {
    await stream.next('beat');
    const all = world.deps.db.all;
    Object.assign(world.deps.db, {
      all: async (sql: string, values: never) =>
        sql.includes('from revocations') ? Promise.reject(new Error('no answer')) : all(sql, values),
    });
    world.clock.advance(CURRENT_FOR);
    const before = stream.heard.length;
    assert.equal((await poll(origin, site, 'wait=0')).status, 503);
    await sleep(4500);
    assert.deepEqual(stream.heard.slice(before), [], 'two beats were due');
    Object.assign(world.deps.db, { all });
    assert.ok((await beatAfter(stream, world.clock.now())).time === world.clock.now(), 'and it beats again after the next reading');
  } finally {
    stream.close();
  }
});

async function poll(origin: string, site: Site, query: string): Promise<{ status: number; body: PolledRevocations; took: number }> {
  const began = performance.now();
  const answer = await fetch(`${origin}${REVOCATIONS.poll}?${query}`, { headers: { authorization: basicOf(site) } });
  return { status: answer.status, body: (await answer.json()) as PolledRevocations, took: performance.now() - began };
}

inWorld('a long poll answers everything at once to a wrong digest, nothing to the right one until something comes', async (world) => {
  const site = await addSite(world, 'notes');
  const origin = await listen(world.app);
  await revoke(world, 'first');
  const all = await poll(origin, site, 'wait=25');
  assert.equal(all.body.entries?.length, 1);
  assert.ok(all.took < 20_000);
  const same = await poll(origin, site, `digest=${all.body.digest}&wait=0`);
  assert.deepEqual(same.body, { time: world.clock.now(), count: 1, digest: all.body.digest });
  const waiting = poll(origin, site, `digest=${all.body.digest}&wait=25`);
  await sleep(200);
  await revoke(world, 'second');
  const news = await waiting;
  assert.deepEqual(
    news.body.entries?.map(([, subject]) => subject),
    ['first', 'second'],
  );
  assert.ok(news.took < 20_000);
  assert.equal((await poll(origin, site, 'digest=x')).status, 400);
  assert.equal((await poll(origin, site, 'wait=26')).status, 400);
});

inWorld('a stream ends when its client is disabled, and when the server closes, at once', async (world) => {
  const [notes, wiki] = [await addSite(world, 'notes'), await addSite(world, 'wiki')];
  const origin = await listen(world.app);
  const [ended, open] = [await openStream(origin, notes), await openStream(origin, wiki)];
  await setClientDisabled(world.deps.db, 'notes', world.clock.now());
  await revoke(world, 'notes', 'client', 2);
  await ended.over;
  assert.deepEqual(
    ended.heard.filter(({ event }) => event === 'more').map(({ data }) => (data as SentRevocation[]).map(([, subject]) => subject)),
    [['notes']],
    'the last thing it hears is that it was',
  );
  assert.equal((await openStream(origin, notes)).status, 401);
  const waiting = poll(origin, wiki, `digest=${'0'.repeat(16)}&wait=25`).catch(() => null);
  await open.next('beat');
  const began = performance.now();
  await world.app.close();
  await Promise.all([open.over, waiting]);
  assert.ok(performance.now() - began < 20_000, 'nobody waits for what has no end');
});

inWorld('one client holds no more than its share of streams open', async (world) => {
  const site = await addSite(world, 'notes');
  const origin = await listen(world.app);
  const stops = Array.from({ length: FOLLOWERS_MAX }, () => world.deps.revoked.subscribe('notes', () => undefined));
  const refused = await openStream(origin, site);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await poll(origin, site, 'wait=0')).status, 429);
  stops[0]?.();
  const stream = await openStream(origin, site);
  assert.equal(stream.status, 200);
  assert.equal(world.deps.revoked.subscriptions('notes'), FOLLOWERS_MAX);
  stream.close();
  while (world.deps.revoked.subscriptions('notes') === FOLLOWERS_MAX) await sleep(10);
});
