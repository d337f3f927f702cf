import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { SYSTEM } from '@portico/protocol/routes';
import { openPostgres } from '../../src/platform/postgres.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { startFreezableProxy } from '../freezable-proxy.ts';
import { inWorld, openWorld, type World } from '../world.ts';

/** A clock that may be wrong beside the database's, which is the machine's own. */
const clockOff = (by = 0) => ({ now: () => Date.now() + by, advance: () => undefined });

async function ask(world: World): Promise<readonly [number, unknown]> {
  const { status, body, headers } = await world.browser().send('GET', SYSTEM.ready);
  assert.equal(headers['retry-after'], status === 503 ? '2' : undefined);
  assert.equal((await world.browser().send('GET', SYSTEM.health)).status, 200, 'it is alive all the same');
  return [status, status === 200 ? body['status'] : body['failing']];
}

inWorld(
  'a node is ready until it leaves, and it says at once that it does',
  async (world) => {
    assert.deepEqual(await ask(world), [200, 'ready']);
    world.deps.node.leave(world.deps.now());
    assert.deepEqual(await ask(world), [503, 'leaving']);
  },
  { clock: clockOff() },
);

inWorld(
  'a database that lacks a migration, or has one that asks for a newer program, makes a node not ready; a newer one alone does not',
  async (world) => {
    const { db } = world.deps;
    const newer = (requires: number) =>
      db.all("insert into expansions (name, checksum, applied_at, requires) values ('9000-later.sql', 'x', 1, $1)", [requires]);
    await newer(0);
    assert.deepEqual(await ask(world), [200, 'ready']);
    await db.all("delete from expansions where name = '9000-later.sql'");
    await newer(8999);
    assert.deepEqual(await ask(world), [503, 'migrations']);
    await db.all("delete from expansions where name = '9000-later.sql'");
    await db.all("delete from expansions where name = '0006-nodes.sql'");
    assert.deepEqual(await ask(world), [503, 'migrations']);
  },
  { clock: clockOff() },
);

inWorld(
  'a node without keys is not ready',
  async (world) => {
    world.deps.keys.replace({ chains: [], signing: world.deps.keys.signingKeys() });
    assert.deepEqual(await ask(world), [503, 'keys']);
  },
  { clock: clockOff(), deps: {} },
);

forEachFreshDatabase(
  'a machine whose clock was set wrong makes a node not ready, though the node itself still knows the time',
  async (fresh, t, dialect) => {
    if (dialect === 'sqlite') return;
    const { db } = await fresh();
    const reckoned = () => Math.round(performance.timeOrigin + performance.now());
    const world = await openWorld(db, { clock: { now: reckoned, advance: () => undefined } });
    try {
      assert.deepEqual(await ask(world), [200, 'ready']);
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
      assert.deepEqual(await ask(world), [503, 'clock']);
      t.mock.timers.reset();
      assert.deepEqual(await ask(world), [200, 'ready']);
    } finally {
      t.mock.timers.reset();
      await world.close();
    }
  },
);

forEachFreshDatabase(
  'a clock that is over five seconds from the database’s makes a node not ready, either way',
  async (fresh, t, dialect) => {
    if (dialect === 'sqlite') return;
    const { db } = await fresh();
    for (const [by, expected] of [
      [4000, [200, 'ready']],
      [-4000, [200, 'ready']],
      [6500, [503, 'clock']],
      [-6500, [503, 'clock']],
    ] as const) {
      const world = await openWorld(db, { clock: clockOff(by) });
      t.after(() => world.close());
      assert.deepEqual(await ask(world), expected, `${by}`);
    }
  },
);

forEachFreshDatabase(
  'whoever asks while the database is frozen or gone hears within three seconds that it is',
  async (fresh, t, dialect) => {
    if (dialect === 'sqlite') return;
    const url = new URL((await fresh()).where.databaseUrl);
    const wire = await startFreezableProxy({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(wire.port);
    const db = openPostgres(url.href, { max: 3 });
    const world = await openWorld(db, { clock: clockOff() });
    t.after(async () => {
      await world.close();
      await db.close();
      await wire.close();
    });
    assert.deepEqual(await ask(world), [200, 'ready']);
    for (const [fault, mend] of [
      [() => wire.freeze(), () => wire.thaw()],
      [() => wire.cut(), () => undefined],
    ] as const) {
      fault();
      if (fault.toString().includes('freeze')) {
        const began = performance.now();
        const answers = await Promise.all(Array.from({ length: 20 }, () => world.browser().send('GET', SYSTEM.ready)));
        assert.ok(performance.now() - began < 3000, `${performance.now() - began} ms`);
        for (const { status, text } of answers) {
          assert.equal(status, 503);
          assert.ok(!text.includes(url.port) && !text.includes('postgres'), text);
        }
        assert.equal(answers[0]?.body['failing'], 'database');
      }
      mend();
      for (const deadline = performance.now() + 30_000; (await ask(world))[0] !== 200; await sleep(20))
        assert.ok(performance.now() < deadline);
    }
  },
);
