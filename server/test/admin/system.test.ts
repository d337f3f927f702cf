import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { fill } from '@portico/protocol/texts';
import { en } from '@portico/protocol/texts/en';
import { lookAtHealth } from '../../src/admin/health.ts';
import { runOneJob } from '../../src/admin/system.ts';
import { sealBatch } from '../../src/audit/seal.ts';
import { takeLease } from '../../src/jobs/lease.ts';
import { JOB_NAMES } from '../../src/jobs/names.ts';
import { MIGRATIONS } from '../../src/platform/migrate.ts';
import { readVersion } from '../../src/platform/version.ts';
import { HOUR, inWorld, START } from '../world.ts';
import { eventOf, growOlder, staff } from './staff.ts';

const words = en.admin.system;
const MIGRATION_FILES = readdirSync(MIGRATIONS).sort();
const NEWEST = MIGRATION_FILES.at(-1) ?? '';

inWorld('support sees version, schema and jobs, and runs none', async (world) => {
  const support = await staff(world, 'support');
  const { program, database, jobs, mode } = await support.see('system');
  assert.deepEqual([program.version, program.pid, mode], [readVersion(), process.pid, 'test']);
  assert.ok(program.memoryBytes > 10_000_000 && program.upSeconds >= 0);
  assert.deepEqual(
    database.migrations.map(({ name }) => name),
    MIGRATION_FILES,
  );
  assert.deepEqual(jobs.map(({ name }) => name).sort(), [...JOB_NAMES].sort());
  assert.ok(jobs.every(({ state, lastRunAt }) => state === 'never' && lastRunAt === null));
  const page = await support.page(ADMIN_PAGES.system);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(readVersion()) && page.text.includes('0001-front-door.sql'));
  assert.ok(!page.text.includes('data-act="runJob"'));
  assert.equal((await support.act('runJob', { job: 'deliver-mail' })).body.error, 'role_required');
  assert.equal(await eventOf(world, 'job.asked'), null);
});

inWorld('a job is run on demand and says when; it is written down who asked; one that rests for too long is late', async (world) => {
  const admin = await staff(world, 'admin');
  const ran = await admin.act('runJob', { job: 'delete-expired-rows' });
  assert.deepEqual([ran.status, ran.body], [200, { job: 'delete-expired-rows', outcome: 'done' }]);
  const event = await eventOf(world, 'job.asked');
  assert.deepEqual([event?.['actor_id'], event?.['target_kind'], event?.['target']], [admin.id, 'job', 'delete-expired-rows']);
  const jobNow = async () => (await admin.see('system')).jobs.find(({ name }) => name === 'delete-expired-rows');
  assert.deepEqual([(await jobNow())?.lastRunAt, (await jobNow())?.state], [START, 'waiting']);
  growOlder(world, 2 * HOUR);
  await admin.browser.refresh();
  assert.equal((await jobNow())?.state, 'late');
  for (const job of ['no-such-job', 'deliver-mail; drop table users', '']) {
    const refused = await admin.act('runJob', { job });
    assert.deepEqual([refused.status, refused.body['fields']], [400, { job: 'malformed' }]);
  }
});

inWorld('the lease decides: of twenty who ask at once one runs the job, and one that another process holds is not run', async (world) => {
  const admin = await staff(world, 'admin');
  const { deps } = world;
  const caller = { requestId: 'r', address: '192.0.2.1', userAgent: 'test', actorId: admin.id };
  const answers = await Promise.all(Array.from({ length: 20 }, () => admin.act('runJob', { job: 'deliver-logouts' })));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.ok(answers.some(({ body }) => body['outcome'] === 'done'));
  assert.ok(answers.every(({ body }) => body['outcome'] === 'done' || body['outcome'] === 'taken'));

  await takeLease(deps.db, 'deliver-mail', 'another-process', START + HOUR, START);
  assert.equal((await admin.act('runJob', { job: 'deliver-mail' })).body['outcome'], 'taken');
  const held = (await admin.see('system')).jobs.find(({ name }) => name === 'deliver-mail');
  assert.deepEqual([held?.state, held?.holder, held?.lastRunAt], ['running', 'another-process', null]);
  const page = await admin.submit('runJob', { job: 'deliver-mail', back: ADMIN_PAGES.system });
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(fill(words.outcomes.taken, { job: 'deliver-mail' })));

  const outcomeOf = async (run: () => Promise<'done' | 'taken'>) =>
    (await runOneJob(deps, caller as never, 'deliver-mail', run, 20)).body as { readonly outcome: string };
  const slow = Promise.withResolvers<'done'>();
  assert.equal((await outcomeOf(() => slow.promise)).outcome, 'running');
  slow.resolve('done');
  assert.equal((await outcomeOf(async () => Promise.reject(new Error('broken')))).outcome, 'failed');
});

inWorld('health says in words what does not answer and what to do about it, and nobody waits long for it', async (world) => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  try {
    const found = await lookAtHealth(
      {
        ...world.deps,
        config: {
          ...world.deps.config,
          redisUrl: `redis://:canary@127.0.0.1:${port}`,
          smtpUrl: `smtp://portico:canary@127.0.0.1:${port}?tls=none`,
        },
      },
      1500,
    );
    const of = (part: string) => found.find((item) => item.part === part);
    assert.deepEqual([of('database')?.state, of('migrations')?.finding], ['ok', 'migrations_applied']);
    assert.deepEqual([of('redis')?.finding, of('mail')?.finding], ['redis_silent', 'mail_silent']);
    assert.ok(!JSON.stringify(found).includes('canary'));
    // One that refuses at once is told with its reason.
    const refused = await lookAtHealth({ ...world.deps, config: { ...world.deps.config, smtpUrl: 'smtp://127.0.0.1:1' } });
    const mail = refused.find(({ part }) => part === 'mail');
    assert.equal(mail?.finding, 'mail_silent');
    assert.match(String(mail?.values['reason']), /ECONNREFUSED/);
  } finally {
    silent.close();
  }
  const admin = await staff(world, 'admin');
  const page = await admin.page(ADMIN_PAGES.system);
  assert.ok(page.text.includes(words.findings.mail_unset) && page.text.includes(words.fixes.mail_unset));
});

inWorld('an event that was changed behind Portico is told, before its seal and after', async (world) => {
  const support = await staff(world, 'support');
  const find = async () => (await support.see('system')).health.find(({ part }) => part === 'audit');
  assert.deepEqual([(await find())?.state, (await find())?.finding], ['ok', 'audit_unsealed']);
  while ((await sealBatch(world.deps)) > 0);
  const { state, finding, values } = (await find()) ?? {};
  assert.deepEqual([state, finding, values?.['newest']], ['ok', 'audit_genuine', 1]);
  assert.ok(Number(values?.['events']) > 0);
  const [event] = await world.deps.db.all('select id from events where seal is not null order by at limit 1');
  await world.deps.db.all('update events set action = $1 where id = $2', ['session.ended', event?.['id'] as string]);
  assert.deepEqual([(await find())?.state, (await find())?.finding], ['fail', 'audit_differs']);
  assert.ok((await support.page(ADMIN_PAGES.system)).text.includes(words.fixes.audit_differs));
  await world.deps.db.all('delete from events where seal is not null');
  assert.equal((await find())?.finding, 'audit_differs');
});

inWorld('a schema that lacks a change, or has one that this program does not know, is told', async (world) => {
  const { db } = world.deps;
  const find = async () => (await lookAtHealth(world.deps)).find(({ part }) => part === 'migrations');
  await db.all(`update expansions set checksum = 'other' where name = '${NEWEST}'`);
  assert.deepEqual([(await find())?.state, (await find())?.finding], ['fail', 'migrations_differ']);
  await db.all(`delete from expansions where name = '${NEWEST}'`);
  assert.deepEqual(await find(), {
    part: 'migrations',
    state: 'warn',
    finding: 'migrations_waiting',
    values: { names: NEWEST },
  });
});
