import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareDeps } from '../../test/bare-deps.ts';
import { forEachDatabase } from '../../test/databases.ts';
import type { Job } from './index.ts';
import { JOBS } from './index.ts';
import { listLeases, takeLease } from './lease.ts';
import { LEASE_LIFE, newHolder, runJob, startJobs } from './runner.ts';

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('it did not happen within half a minute');
    await sleep(5);
  }
}

/** A job that counts how many of it run at the same time. */
function watched(every: number, work: (signal: AbortSignal) => Promise<void>) {
  const seen = { runs: 0, now: 0, most: 0 };
  const run: Job['run'] = async (_, signal) => {
    seen.runs += 1;
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    try {
      await work(signal);
    } finally {
      seen.now -= 1;
    }
  };
  return { seen, job: { every, run } satisfies Job };
}

forEachDatabase('four processes run a job again and again, and never two of them at once', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db);
  const { seen, job } = watched(10, () => sleep(15));
  const nodes = Array.from({ length: 4 }, () => startJobs(deps, newHolder(deps), { job }));
  await until(() => seen.runs >= 8);
  await Promise.all(nodes.map((node) => node.stop()));
  assert.equal(seen.most, 1);
  const runs = seen.runs;
  await sleep(60);
  assert.equal(seen.runs, runs, 'it ran after stop');
  const leases = (await listLeases(db)).map(({ name, until: heldUntil, lastRunAt }) => ({ name, heldUntil, lastRunAt }));
  assert.deepEqual(leases, [{ name: 'job', heldUntil: 0, lastRunAt: deps.now() }]);
});

forEachDatabase('a job that throws is logged, frees its lease, runs again, and disturbs no other', async (open) => {
  const db = await open();
  const { deps, entries } = await bareDeps(db);
  const broken = watched(10, () => Promise.reject(new Error('broken')));
  const sound = watched(10, () => Promise.resolve());
  const jobs = startJobs(deps, 'node', { broken: broken.job, sound: sound.job });
  await until(() => broken.seen.runs >= 2 && sound.seen.runs >= 2);
  await jobs.stop();
  assert.ok(entries.some(({ level, facts }) => level === 'error' && 'job' in facts && facts.job === 'broken'));
  const lease = (await listLeases(db)).find(({ name }) => name === 'broken');
  assert.deepEqual(lease, { name: 'broken', holder: 'node', until: 0, lastRunAt: null });
});

forEachDatabase('a woken job runs at once; woken while it runs, it runs once more', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db);
  const { seen, job } = watched(3_600_000, () => sleep(50));
  const jobs = startJobs(deps, 'node', { 'deliver-mail': job });
  jobs.wake('deliver-mail');
  jobs.wake('deliver-mail');
  await until(() => seen.runs === 1);
  jobs.wake('deliver-mail');
  jobs.wake('deliver-mail');
  await until(() => seen.runs === 2 && seen.now === 0);
  await sleep(100);
  assert.equal(seen.runs, 2);
  await jobs.stop();
});

forEachDatabase('a woken job that another process is doing is done again when that one is ready', async (open) => {
  const db = await open();
  const { deps, clock } = await bareDeps(db);
  await takeLease(db, 'deliver-mail', 'other', clock.now() + 1000, clock.now());
  const { seen, job } = watched(3_600_000, () => Promise.resolve());
  const jobs = startJobs(deps, 'node', { 'deliver-mail': job });
  jobs.wake('deliver-mail');
  await sleep(100);
  assert.equal(seen.runs, 0);
  clock.advance(1000);
  await until(() => seen.runs === 1);
  await jobs.stop();
});

forEachDatabase('stopping tells a running job, waits for it, and in the end leaves it', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db);
  const polite = watched(10, async (signal) => {
    while (!signal.aborted) await sleep(5);
  });
  const jobs = startJobs(deps, 'node', { polite: polite.job });
  await until(() => polite.seen.now === 1);
  await jobs.stop();
  assert.equal(polite.seen.now, 0);

  const end = Promise.withResolvers<void>();
  const stuck = watched(10, () => end.promise);
  const others = startJobs(deps, 'node', { stuck: stuck.job });
  await until(() => stuck.seen.now === 1);
  await others.stop(100);
  assert.equal(stuck.seen.now, 1);
  end.resolve();
  await until(() => stuck.seen.now === 0);
  await until(async () => (await listLeases(db)).every((lease) => lease.until === 0));
});

forEachDatabase('a job that a dead process held is free again when its lease ends', async (open) => {
  const db = await open();
  const { deps, clock } = await bareDeps(db);
  await takeLease(db, 'delete-expired-rows', 'dead', clock.now() + LEASE_LIFE, clock.now());
  assert.equal(await runJob(deps, 'delete-expired-rows'), 'taken');
  clock.advance(LEASE_LIFE);
  assert.equal(await runJob(deps, 'delete-expired-rows'), 'done');
});

forEachDatabase('every job runs on an empty database and on one without anything to do', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db);
  for (const name of Object.keys(JOBS) as (keyof typeof JOBS)[]) assert.equal(await runJob(deps, name), 'done', name);
  assert.equal((await listLeases(db)).length, Object.keys(JOBS).length);
});
