import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '@portico/protocol/errors';
import { bareDeps } from '../../test/bare-deps.ts';
import { forEachDatabase } from '../../test/databases.ts';
import { type Database, type Db, one } from '../platform/db.ts';
import { readVersion } from '../platform/version.ts';
import { joinNodes } from './join-nodes.ts';
import { deleteGoneNodes, GONE_AFTER, listLiveNodes, noteNode } from './node.ts';

const HOUR = 3_600_000;
/** A beat that a test makes does not come by itself. */
const NEVER = HOUR;

const clockOff = (by: number) => ({ now: () => Date.now() + by, advance: () => undefined });

async function until(otherwise: string, done: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 30_000; !(await done()); await sleep(5)) assert.ok(performance.now() < deadline, otherwise);
}

/** By the database's clock. */
const seenNow = (db: Db) => listLiveNodes(db, Date.now());

forEachDatabase('a node stands in the table from its start, says that it leaves, and is gone when it has left', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, {}, clockOff(0));
  const membership = await joinNodes(deps, 'key-one', NEVER);
  const [node, ...others] = await seenNow(db);
  assert.ok(node !== undefined && others.length === 0);
  const { startedAt, seenAt, ...facts } = node;
  assert.deepEqual(facts, {
    id: deps.node.id,
    version: readVersion(),
    host: hostname(),
    pid: process.pid,
    masterKeyId: 'key-one',
    leavingAt: null,
  });
  assert.ok(startedAt === seenAt && Math.abs(seenAt - Date.now()) < 5000);
  await membership.leave();
  const [leaving] = await seenNow(db);
  assert.equal(leaving?.leavingAt, deps.node.leavingSince());
  assert.ok(leaving?.leavingAt !== null && leaving?.startedAt === startedAt);
  await membership.end();
  assert.deepEqual(await seenNow(db), []);
});

forEachDatabase(
  'nodes beat side by side; one that was not seen for a minute is gone, and back as soon as it says that it lives',
  async (open) => {
    const db = await open();
    const [here, there] = [await bareDeps(db, {}, clockOff(0)), await bareDeps(db, {}, clockOff(0))];
    const beats = await Promise.all([joinNodes(here.deps, 'key', 20), joinNodes(there.deps, 'key', 20)]);
    const names = async () => (await seenNow(db)).map(({ id }) => id).toSorted();
    const both = [here.deps.node.id, there.deps.node.id].toSorted();
    assert.deepEqual(await names(), both);
    const gone = { id: 'gone', version: '0', host: 'h', pid: 1, masterKeyId: 'k', startedAt: 0, leavingAt: null };
    await noteNode(db, { ...gone, seenAt: Date.now() - GONE_AFTER - 1 });
    assert.deepEqual(await names(), both, 'it is not taken for living');
    const isKept = async () => (await one(db, "select id from nodes where id = 'gone'")) !== null;
    await until('nobody deleted it', async () => !(await isKept()));
    // As if the others had given them up.
    await deleteGoneNodes(db, Date.now() + 2 * GONE_AFTER);
    await until('it is not back', async () => (await names()).join() === both.join());
    await Promise.all(beats.map((each) => each.end()));
    assert.deepEqual(await names(), []);
  },
);

forEachDatabase('a node whose clock is wrong looks alive to others, and they to it', async (open, _t, dialect) => {
  // SQLite is one machine, and has no clock of its own.
  if (dialect === 'sqlite') return;
  const db = await open();
  const off = [0, -HOUR, HOUR];
  const nodes = await Promise.all(off.map(async (by) => (await bareDeps(db, {}, clockOff(by))).deps));
  const beats = [];
  for (const node of nodes) beats.push(await joinNodes(node, 'key', NEVER));
  assert.deepEqual((await seenNow(db)).map(({ id }) => id).toSorted(), nodes.map(({ node }) => node.id).toSorted());
  await Promise.all(beats.map((each) => each.end()));
});

forEachDatabase('a database that is in trouble keeps no node from serving and none from leaving, and is told once', async (open) => {
  const db = await open();
  let broken = true;
  const failing: Db = {
    ...db,
    all: (sql, ...rest) => (broken ? Promise.reject(new Refusal('unavailable')) : db.all(sql, ...rest)),
  };
  const { deps, entries } = await bareDeps(db, {}, clockOff(0));
  const membership = await joinNodes({ ...deps, db: failing }, 'key', 10);
  await until('nothing was said', () => entries.length > 0);
  await membership.leave();
  assert.deepEqual([entries.map(({ level }) => level), deps.node.leavingSince() !== null], [['warn'], true]);
  broken = false;
  await until('it did not say that it lives', async () => (await seenNow(db)).length > 0);
  broken = true;
  await membership.end();
});

forEachDatabase('whoever reads the table while a hundred beats race finds each node once', async (open) => {
  const db: Database = await open();
  const node = { version: '0', host: 'h', pid: 1, masterKeyId: 'k', startedAt: 0, leavingAt: null };
  const beats = Array.from({ length: 100 }, (_, n) => noteNode(db, { ...node, id: `n${n % 5}`, seenAt: Date.now() }));
  await Promise.all(beats);
  assert.equal((await seenNow(db)).length, 5);
});
