import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGES, REVOCATIONS } from '@portico/protocol/routes';
import type { Db } from '../../src/platform/db.ts';
import { createDenylist } from '../../src/platform/denylist.ts';
import { silentLog } from '../../src/platform/log.ts';
import { openPostgres } from '../../src/platform/postgres.ts';
import { openRedis } from '../../src/platform/redis.ts';
import { createRevokedSet } from '../../src/platform/revoked-set.ts';
import type { Answered } from '../browser.ts';
import { freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { type FreezableProxy, startFreezableProxy } from '../freezable-proxy.ts';
import { startRedis } from '../redis.ts';
import { allTables } from '../schema.ts';
import { heldClock, ORIGIN, openWorld } from '../world.ts';
import { type Askers, askersIn, askRoute, type Registered, withRoutes } from './every-route.ts';

/** Whatever Portico depends on goes silent, and then every route there is is asked. */

/** Three seconds, and what a busy machine needs to come round to hundreds of answers. In milliseconds. */
const PATIENCE = 3_000;
const SPARE = process.env['PROVE'] === '1' ? 0 : 2_000;

/** Where each answer is work, and not waiting. */
const AT_A_TIME = 10;

interface Told {
  readonly name: string;
  readonly answer: Answered;
  readonly took: number;
}

/** All of them side by side: each waits for itself. */
async function askAll(askers: Askers, routes: readonly Registered[]): Promise<readonly Told[]> {
  return Promise.all(
    routes.map(async (route) => {
      const began = performance.now();
      const answer = await askRoute(askers, route);
      return { name: `${route.method} ${route.url}`, answer, took: performance.now() - began };
    }),
  );
}

/** What a client signs its user out for. */
const SIGNED_OUT = ['invalid_grant', 'invalid_token', 'signed_out', 'session_ended', 'refresh_invalid', 'login_required'];

/** Nobody is told that they are signed out, loses a cookie, waits, or hears of a mistake. Answers how many were told to come back. */
function requirePatience(told: readonly Told[]): number {
  for (const { name, answer, took } of told) {
    const { status, headers, setCookies, text } = answer;
    const what = `${name}: ${status} after ${Math.round(took)} ms: ${text.slice(0, 200)}`;
    assert.ok(took < PATIENCE + SPARE, what);
    assert.ok(status < 500 || status === 503, what);
    assert.notEqual(status, 401, what);
    if (status === 503) assert.ok(Number(headers['retry-after']) >= 1, `${what} without Retry-After`);
    assert.ok(!SIGNED_OUT.includes(answer.body.error ?? ''), what);
    for (const line of setCookies) assert.doesNotMatch(line, /Max-Age=0/, what);
    assert.equal(headers['clear-site-data'], undefined, what);
  }
  return told.filter(({ answer }) => answer.status === 503).length;
}

async function dumpOf(db: Db): Promise<Readonly<Record<string, string>>> {
  const dump: Record<string, string> = {};
  for (const table of allTables()) {
    const rows = await db.all(`select * from ${table}`);
    dump[table] = rows
      .map((row) => JSON.stringify(row))
      .sort()
      .join('\n');
  }
  return dump;
}

const FAULTS: Readonly<Record<string, (wire: FreezableProxy) => Promise<void>>> = {
  frozen: async (wire) => wire.freeze(),
  gone: (wire) => wire.close(),
};

for (const [fault, begin] of Object.entries(FAULTS)) {
  test(`with PostgreSQL ${fault} every route answers within three seconds: 503 and when to come back, never a sign-out, and nothing is counted or noted`, async (t) => {
    if (await skippedWithoutPostgres(t)) return;
    const fresh = await freshDatabase('postgres');
    const url = new URL(fresh.where.databaseUrl);
    const wire = await startFreezableProxy({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(wire.port);
    const db = openPostgres(url.href);
    const { opened: world, routes } = await withRoutes(() => openWorld(db));
    t.after(async () => {
      await world.close();
      await db.close();
      if (fault !== 'gone') await wire.close();
      await fresh.drop();
    });
    const askers = await askersIn(world);
    await world.settled();
    const before = await dumpOf(fresh.db);
    await begin(wire);
    const told = await askAll(
      askers,
      routes.filter(({ url }) => url !== PAGES.error),
    );
    const refused = requirePatience(told);
    t.diagnostic(
      `${routes.length} routes, ${refused} times 503, the slowest after ${Math.round(Math.max(...told.map(({ took }) => took)))} ms`,
    );
    assert.ok(refused > 150, `${refused} of ${routes.length}`);
    if (fault === 'frozen') {
      wire.cut();
      wire.thaw();
    }
    assert.deepEqual(await dumpOf(fresh.db), before);
    if (fault === 'gone') return;
    const again = await askers.owner.refresh();
    assert.equal(again.body['kind'], 'rotated', `${again.status} ${again.text}`);
  });
}

test('with Redis frozen every route answers as if there were none', async (t) => {
  const redis = await startRedis(t);
  if (redis === null) return;
  const fresh = await freshDatabase('sqlite');
  const clock = heldClock();
  const denylist = createDenylist(await openRedis(redis.url, silentLog), ORIGIN, clock.now);
  const { opened: world, routes } = await withRoutes(() =>
    openWorld(fresh.db, { clock, deps: { revoked: createRevokedSet([], denylist) } }),
  );
  t.after(async () => {
    await world.close();
    await denylist.close();
    await fresh.drop();
  });
  const askers = await askersIn(world);
  redis.freeze();
  // A stream has no end, and the error page says what it was asked to say.
  const reads = routes.filter(({ method, url }) => method === 'GET' && url !== REVOCATIONS.stream && url !== PAGES.error);
  for (let from = 0; from < reads.length; from += AT_A_TIME)
    assert.equal(requirePatience(await askAll(askers, reads.slice(from, from + AT_A_TIME))), 0);
  const acts = routes.filter(({ method }) => method !== 'GET');
  for (let from = 0; from < acts.length; from += AT_A_TIME) {
    for (const { name, took, answer } of await askAll(askers, acts.slice(from, from + AT_A_TIME)))
      assert.ok(took < PATIENCE + SPARE && answer.status < 500, `${name} ${answer.status} ${took}`);
  }
});
