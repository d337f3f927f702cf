import assert from 'node:assert/strict';
import { dropOldEvents } from '../../src/audit/drop-old-events.ts';
import { adoptEvents, forgetUserInEvents, recordEvent } from '../../src/audit/event.ts';
import { countUnsealedEvents } from '../../src/audit/event-trail.ts';
import { listSeals, SEAL_BATCH, sealBatch } from '../../src/audit/seal.ts';
import { verifySeals } from '../../src/audit/verify-seals.ts';
import { takeLease } from '../../src/jobs/lease.ts';
import { LEASE_LIFE, runJob } from '../../src/jobs/runner.ts';
import { bareDeps } from '../bare-deps.ts';
import { startJob } from '../database-jobs.ts';
import { forEachDatabase, forEachFreshDatabase } from '../databases.ts';
import { DAY, inWorld, PASSWORD } from '../world.ts';
import { FROM, sealedLog, troubles, writeEvents } from './sealed-log.ts';

forEachDatabase('the job seals everything that waits, in batches, each with the one before it, and says nothing twice', async (open) => {
  const db = await open();
  const bare = await bareDeps(db);
  await writeEvents(bare, SEAL_BATCH + 5);
  assert.equal(await runJob(bare.deps, 'seal-events'), 'done');
  const seals = await listSeals(db, 0, 10);
  assert.deepEqual(
    seals.map(({ seq, events }) => [seq, events]),
    [
      [1, SEAL_BATCH],
      [2, 5],
    ],
  );
  assert.equal(seals[1]?.previousHash, seals[0]?.hash);
  assert.equal(await runJob(bare.deps, 'seal-events'), 'done');
  assert.equal((await listSeals(db, 0, 10)).length, 2, 'no seal without events');
  assert.deepEqual(await troubles(bare.deps), []);
});

forEachDatabase('an event that was committed late, with an older moment, gets into the next batch', async (open) => {
  const { db, deps, clock } = await sealedLog(await open());
  await recordEvent(db, { ...deps, now: () => clock.now() - 60_000 }, FROM, 'signin.failed');
  await recordEvent(db, deps, FROM, 'signin.failed');
  assert.equal(await sealBatch(deps), 2);
  const [seal] = await listSeals(db, 4, 1);
  assert.equal((seal?.untilAt ?? 0) - (seal?.fromAt ?? 0), 60_000);
  assert.deepEqual(await troubles(deps), []);
});

forEachDatabase('of twenty callers that seal at once none tears the chain or seals an event twice', async (open) => {
  const db = await open();
  const bare = await bareDeps(db);
  await writeEvents(bare, 40);
  while ((await countUnsealedEvents(db, 1)) > 0) {
    const sealed = await Promise.all(Array.from({ length: 20 }, () => sealBatch(bare.deps, 3).catch(() => 0)));
    assert.ok(sealed.some((events) => events > 0));
  }
  const { events, problemCount } = await verifySeals(bare.deps);
  assert.deepEqual({ events, problemCount }, { events: 40, problemCount: 0 });
});

forEachFreshDatabase('two processes that both seal make one chain, and one that is killed in the middle loses nothing', async (fresh) => {
  const { db, where } = await fresh();
  const bare = await bareDeps(db);
  await writeEvents(bare, 1000);
  const job = { kind: 'seal', where, limit: 5, masterKey: bare.deps.config.masterKey.toString('base64') } as const;
  const both = [startJob(job), startJob(job)];
  for (const { child, output } of both) {
    child.stdout?.on('data', () => {
      if (output().length > 20 && both.every((one) => !one.child.killed)) child.kill('SIGKILL');
    });
  }
  await Promise.all(both.map(({ ended }) => ended));
  assert.equal(both.filter(({ child }) => child.signalCode === 'SIGKILL').length, 1, 'one was killed while it worked');
  const { events, waiting, problemCount } = await verifySeals(bare.deps);
  assert.deepEqual({ events, waiting, problemCount }, { events: 1000, waiting: 0, problemCount: 0 });
});

forEachDatabase('a dead process holds the job back for as long as its lease, then another seals what waits', async (open) => {
  const db = await open();
  const bare = await bareDeps(db);
  await writeEvents(bare, 2);
  await takeLease(db, 'seal-events', 'dead', bare.clock.now() + LEASE_LIFE, bare.clock.now());
  assert.equal(await runJob(bare.deps, 'seal-events'), 'taken');
  bare.clock.advance(LEASE_LIFE);
  assert.equal(await runJob(bare.deps, 'seal-events'), 'done');
  assert.equal(await countUnsealedEvents(db, 9), 0);
});

inWorld('signing up, deleting the account and signing up again leave every seal whole, whenever it was made', async (world) => {
  const { deps } = world;
  const browser = await world.signedUp('ada@example.com');
  while ((await sealBatch(deps, 1)) > 0);
  assert.deepEqual(await troubles(deps), []);
  // The first half of this sign-up is sealed before there is a user to give it to.
  const late = world.browser();
  await late.call('signUp', { email: 'eve@example.com', password: PASSWORD, keep: true });
  await sealBatch(deps);
  await late.call('verifySignIn', { securityCode: await world.codeFor('eve@example.com') });
  await sealBatch(deps);
  assert.deepEqual(await troubles(deps), []);
  assert.equal((await browser.act('me', { confirm: 'ada@example.com' }, { method: 'DELETE' })).status, 204);
  await sealBatch(deps);
  const { events, waiting } = await verifySeals(deps);
  assert.deepEqual([events, waiting], [5, 0]);
  assert.deepEqual(await troubles(deps), []);
  const rows = await deps.db.all("select salt, digest, address from events where address = ''");
  assert.ok(rows.filter((row) => row['salt'] === null && row['digest'] !== null).length >= 2, 'they were forgotten');
});

forEachDatabase('forgetting and giving away are believed only of events that prove it', async (open) => {
  const { db, deps } = await sealedLog(await open());
  await forgetUserInEvents(db, 'user-1');
  assert.deepEqual(await troubles(deps), ['1 blanked', '2 blanked', '3 blanked']);
  await recordEvent(db, deps, FROM, 'account.deleted', { userId: 'user-1' });
  assert.deepEqual(await troubles(deps), []);
  await db.all("update events set address = '198.51.100.1' where user_id = 'user-1' and seal = 3");
  assert.deepEqual(await troubles(deps), ['3 changed'], 'a place that somebody has put into it afterwards');
  await db.all("update events set address = '' where user_id = 'user-1' and seal = 3");
  await db.all("update events set digest = 'forged' where action = 'account.deleted'");
  assert.ok((await troubles(deps)).includes('2 blanked'), 'the word of a forged deletion');
  await db.all("delete from events where action = 'account.deleted'");
  await recordEvent(db, deps, FROM, 'account.deleted', { userId: 'user-1' });

  await recordEvent(db, deps, FROM, 'signup.started', { sessionId: 'first' });
  await recordEvent(db, deps, FROM, 'signup.completed', { sessionId: 'other', userId: 'eve' });
  await adoptEvents(db, 'first', 'eve');
  assert.deepEqual(await troubles(deps), ['tail given_away']);
  await recordEvent(db, deps, FROM, 'signup.completed', { sessionId: 'first', userId: 'eve' });
  assert.deepEqual(await troubles(deps), []);
});

forEachDatabase(
  'events whose time is over go by whole batches, oldest first, and the chain that is left begins where they ended',
  async (open) => {
    const { db, deps, clock } = await sealedLog(await open());
    const { eventLife } = deps.config;
    await recordEvent(db, deps, FROM, 'signin.failed');
    const [first, second, third] = await listSeals(db, 1, 3);
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are three seals');
    // In the middle of the second batch: it stays whole until its last event is due.
    clock.advance(second.untilAt + eventLife - clock.now());
    await runJob(deps, 'delete-expired-rows');
    assert.deepEqual(
      (await listSeals(db, 0, 9)).map(({ seq, droppedAt }) => [seq, droppedAt]),
      [
        [1, clock.now()],
        [2, null],
        [3, null],
      ],
    );
    assert.deepEqual(await troubles(deps), []);
    clock.advance(DAY);
    const due = { before: clock.now() - eventLife, now: clock.now(), limit: 4 };
    assert.deepEqual([await dropOldEvents(db, due), await dropOldEvents(db, due), await dropOldEvents(db, due)], [4, 4, 0]);
    assert.deepEqual(
      (await listSeals(db, 0, 9)).map(({ seq, events }) => [seq, events]),
      [[3, 4]],
    );
    assert.equal((await db.all('select id from events')).length, 1, 'what waits for its seal stays');
    assert.deepEqual(await troubles(deps), []);
    await sealBatch(deps);
    assert.deepEqual(await troubles(deps), []);
    assert.deepEqual(await troubles(deps, { newest: 1 }), []);
  },
);
