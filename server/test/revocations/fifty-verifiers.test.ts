import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PorticoError, type Verifier } from '@portico/server';
import type { Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { DIALECTS, type FreshDatabase, freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { type House, inHouse } from '../races/house.ts';
import { connectOverHttp, type Wire } from '../races/over-http.ts';
import { freePort, type ServerPlace, type ServerProcess, startServer } from '../races/server-process.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { addSite, type Site } from '../sites.ts';
import { startBalancer } from './balancer.ts';
import { asked, type SiteTokens, signInAt, verifierOf } from './verifiers.ts';

const VERIFIERS = 50;
/** How often each verifier is asked for a token that was revoked, in milliseconds. */
const ASK_EVERY = 5;
/** What a `reject` route promises, whatever broke, in milliseconds. */
const PROMISE = 6000;
/** The goal for 99 of 100, in milliseconds; with short counts on a busy machine only the promise is held against it. */
const GOAL = 1000;

interface Scene {
  readonly house: House;
  readonly site: Site;
  readonly origin: string;
  readonly places: readonly ServerPlace[];
  readonly servers: ServerProcess[];
  readonly wires: readonly Wire[];
  readonly verifiers: readonly Verifier[];
}

async function inScene(fresh: FreshDatabase, nodes: number, redisUrl: string, body: (scene: Scene) => Promise<void>): Promise<void> {
  const ports: number[] = [];
  for (let n = 0; n < nodes; n += 1) ports.push(await freePort());
  const balancer = await startBalancer(ports);
  const ends: (() => unknown)[] = [() => balancer.close()];
  try {
    await inHouse(
      fresh,
      async (house) => {
        const site = await addSite(house.world, 'notes');
        const places = ports.map((port) => ({ port, where: fresh.where, masterKey: house.masterKey, origin: balancer.origin, redisUrl }));
        const servers = await Promise.all(places.map(startServer));
        const wires = ports.map(connectOverHttp);
        const options = { revocation: 'reject', now: Date.now } as const;
        const verifiers = Array.from({ length: VERIFIERS }, () => verifierOf(house.world, balancer.origin, site, options));
        try {
          await Promise.all(verifiers.map(({ ready }) => ready));
          await body({ house, site, origin: balancer.origin, places, servers, wires, verifiers });
        } finally {
          for (const verifier of verifiers) verifier.close();
          for (const wire of wires) wire.close();
          await Promise.all(servers.map((server) => server.kill()));
        }
      },
      { origin: balancer.origin },
    );
  } finally {
    for (const end of ends) await end();
  }
}

/** Milliseconds from the writing of the row, a little before its commit, until each verifier refused the token. */
async function signOutAndMeasure({ house, verifiers }: Scene, browser: Browser, { access: token, sid }: SiteTokens): Promise<number[]> {
  for (const verifier of verifiers) assert.match(await untilHeard(verifier, token), /^200 /);
  const began = performance.now();
  const signedOut = browser.act('signOut');
  const refusedAt: number[] = [];
  let waiting = [...verifiers];
  while (waiting.length > 0) {
    const still: Verifier[] = [];
    for (const verifier of waiting) {
      if (await refuses(verifier, token)) refusedAt.push(Date.now());
      else still.push(verifier);
    }
    waiting = still;
    assert.ok(performance.now() - began < PROMISE + 30_000, `${waiting.length} verifiers do not know of it`);
    await sleep(ASK_EVERY);
  }
  assert.equal((await signedOut).status, 204);
  const [row] = await house.world.deps.db.all("select inserted_at from revocations where kind = 'sid' and subject = $1", [sid]);
  return refusedAt.map((at) => at - Number(row?.['inserted_at']));
}

const refuses = (verifier: Verifier, token: string) =>
  verifier.verify(token).then(
    () => false,
    (error: unknown) => error instanceof PorticoError && error.code === 'token_revoked',
  );

/** While nothing is heard the answer is 503, and nothing else. */
async function untilHeard(verifier: Verifier, token: string): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const answer = await asked(verifier, token);
    if (!answer.startsWith('503') || tries > 1200) return answer;
    await sleep(25);
  }
}

interface Fault {
  /** Done in the middle, before the sign-out of that round is asked for. */
  readonly strike: (scene: Scene) => Promise<void>;
  readonly mend: (scene: Scene) => Promise<void>;
}

async function measure(t: TestContext, scene: Scene, fault: Fault): Promise<void> {
  const { house, site, wires, verifiers } = scene;
  const times = rounds(12, 100);
  const all: number[] = [];
  const revoked: string[] = [];
  for (let round = 0; round < times; round += 1) {
    const browser = await house.world.signedUp(`user-${round}@example.com`);
    const tokens = await signInAt(house.world, browser, site);
    // The other node keeps serving while one is away.
    const wire = round === Math.floor(times / 2) ? wires.at(-1) : wires[round % wires.length];
    if (round === Math.floor(times / 2)) await fault.strike(scene);
    browser.app = (wire ?? assert.fail('no server')).app;
    all.push(...(await signOutAndMeasure(scene, browser, tokens)));
    revoked.push(tokens.access);
    if (round === Math.floor(times / 2)) await fault.mend(scene);
  }
  for (const verifier of verifiers) {
    for (const token of revoked) {
      assert.notEqual((await asked(verifier, token)).slice(0, 3), '200', 'a revoked token opens a `reject` route');
      assert.notEqual((await asked(verifier, token, { revocation: 'revalidate' })).slice(0, 3), '200', 'or a `revalidate` route');
    }
  }
  const sorted = all.toSorted((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
  t.diagnostic(
    `${times} sign-outs at ${VERIFIERS} verifiers, from row to refusal: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`,
  );
  assert.equal(all.length, times * VERIFIERS);
  assert.ok(at(1) < PROMISE, `the longest took ${at(1)} ms`);
  assert.ok(at(0.99) < rounds(PROMISE, GOAL), `p99 is ${at(0.99)} ms`);
}

const RESTART: Fault = {
  strike: async ({ servers }) => servers[0]?.kill(),
  mend: async ({ servers, places }) => {
    if (places[0] !== undefined) servers[0] = await startServer(places[0]);
  },
};

async function withDatabase(t: TestContext, dialect: 'sqlite' | 'postgres', body: (fresh: FreshDatabase) => Promise<void>): Promise<void> {
  if (!DIALECTS.includes(dialect)) return;
  if (dialect === 'postgres' && (await skippedWithoutPostgres(t))) return;
  const fresh = await freshDatabase(dialect);
  try {
    await body(fresh);
  } finally {
    await fresh.drop();
  }
}

test('fifty verifiers hear of a sign-out within a second, though one of two servers is killed and started again in the middle [postgres]', async (t) => {
  await withDatabase(t, 'postgres', (fresh) => inScene(fresh, 2, '', (scene) => measure(t, scene, RESTART)));
});

test('fifty verifiers of one server on SQLite hear of a sign-out within a second [sqlite]', async (t) => {
  const nothing: Fault = { strike: async () => undefined, mend: async () => undefined };
  await withDatabase(t, 'sqlite', (fresh) => inScene(fresh, 1, '', (scene) => measure(t, scene, nothing)));
});

test('with Redis emptied in the middle no revoked token opens a route that revalidates or rejects [postgres]', async (t) => {
  const redis: TestRedis | null = await startRedis(t);
  if (redis === null) return;
  const flush: Fault = {
    strike: async () => void (await redis.command('FLUSHALL')),
    mend: async () => void (await redis.command('FLUSHALL')),
  };
  await withDatabase(t, 'postgres', (fresh) => inScene(fresh, 2, redis.url, (scene) => measure(t, scene, flush)));
});
