import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { recordEvent } from '../../src/audit/event.ts';
import { sealBatch } from '../../src/audit/seal.ts';
import { suspendNetwork } from '../../src/guessing/suspension.ts';
import { deleteExpiredRows } from '../../src/jobs/delete-expired-rows.ts';
import { queueLetter } from '../../src/mail/outbox.ts';
import { addSite } from '../sites.ts';
import { DAY, HOUR, inWorld, PASSWORD, START, type World } from '../world.ts';
import { growOlder, staff } from './staff.ts';

const words = en.admin.home;
const from = { requestId: 'r', address: '192.0.2.1', userAgent: 'test' };

/** Something that happened so long ago. */
const happened = (world: World, ago: number, action: Parameters<typeof recordEvent>[3], reason: string | null = null, userId = 'ada') =>
  recordEvent(world.deps.db, { ...world.deps, now: () => world.clock.now() - ago }, from, action, { userId, reason });

inWorld('sign-ins stand in their hours: succeeded, failed, held; those of yesterday’s hour are gone', async (world) => {
  const support = await staff(world, 'support');
  for (const [ago, action] of [
    [0, 'signin.failed'],
    [1, 'signin.throttled'],
    [HOUR, 'signin.held'],
    [23 * HOUR, 'signin.succeeded'],
    [24 * HOUR, 'signin.succeeded'],
    [2 * HOUR, 'session.ended'],
  ] as const)
    await happened(world, ago, action);
  const { hours } = await support.see('home');
  assert.equal(hours.length, 24);
  assert.deepEqual(
    hours.filter(({ succeeded, failed, held }) => succeeded + failed + held > 0).map(({ at, ...counts }) => [(at - START) / HOUR, counts]),
    [
      [-23, { succeeded: 1, failed: 0, held: 0 }],
      // One millisecond before noon is the hour of eleven.
      [-1, { succeeded: 0, failed: 1, held: 1 }],
      [0, { succeeded: hours.at(-1)?.succeeded ?? 0, failed: 1, held: 0 }],
    ],
  );
  // An hour that is over is counted once, and the hour that is not is counted again.
  const { at: current = 0, failed: failedNow = 0 } = hours.at(-1) ?? {};
  await happened(world, 0, 'signin.failed');
  const again = await support.see('home');
  assert.deepEqual(again.hours.at(-1)?.failed, failedNow + 1);
  assert.deepEqual(again.hours.slice(0, -1), hours.slice(0, -1));
  growOlder(world, HOUR);
  await support.browser.refresh();
  await happened(world, 0, 'signin.held');
  const later = (await support.see('home')).hours;
  assert.deepEqual([later.at(-2)?.at, later.at(-2)?.failed, later.at(-1)?.held], [current, failedNow + 1, 1]);
  const page = await support.page(ADMIN_PAGES.home);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes('<svg') && page.text.includes(words.table) && !/<[a-z][^>]* style=/.test(page.text));
  const user = await staff(world, 'user');
  assert.equal((await user.read('home')).body.error, 'role_required');
});

inWorld('a sign-in is counted once, sealed or not, also while seals are made and by whom ever', async (world) => {
  const support = await staff(world, 'support');
  const before = (await support.see('home')).hours;
  for (let n = 0; n < 30; n += 1) await happened(world, n % 2 === 0 ? 0 : HOUR, n % 3 === 0 ? 'signin.held' : 'signin.failed');
  const expected = before.map((hour, n) => (n < 22 ? hour : { ...hour, failed: hour.failed + 10, held: hour.held + 5 }));
  assert.deepEqual((await support.see('home')).hours, expected);
  // Four processes that seal, and somebody who looks again and again.
  const seals = Array.from({ length: 4 }, async () => {
    for (let n = 0; n < 4; n += 1) await sealBatch(world.deps, 5);
  });
  const looks = Array.from({ length: 5 }, async () => assert.deepEqual((await support.see('home')).hours, expected));
  await Promise.all([...seals, ...looks]);
  while ((await sealBatch(world.deps)) > 0);
  assert.equal((await support.see('home')).unsealed.count, 0);
  assert.deepEqual((await support.see('home')).hours, expected);
  // What comes late to an hour that is over is counted too.
  await happened(world, HOUR, 'signin.failed');
  while ((await sealBatch(world.deps)) > 0);
  assert.equal((await support.see('home')).hours.at(-2)?.failed, (expected.at(-2)?.failed ?? 0) + 1);
});

inWorld('hours are kept for a week, and an event that is older than that is sealed without one', async (world) => {
  const support = await staff(world, 'support');
  const hours = async () => (await world.deps.db.all('select distinct hour from sign_in_hours')).length;
  for (const ago of [0, 6 * DAY, 9 * DAY]) await happened(world, ago, 'signin.failed');
  while ((await sealBatch(world.deps)) > 0);
  assert.equal(await hours(), 2);
  growOlder(world, 2 * DAY);
  await deleteExpiredRows(world.deps, new AbortController().signal);
  assert.equal(await hours(), 1);
  await support.browser.refresh();
  assert.ok((await support.see('home')).hours.every(({ failed }) => failed === 0));
});

inWorld('people, accounts, sessions, networks, letters and events without a seal are counted', async (world) => {
  const owner = await staff(world, 'owner');
  const first = await owner.see('home');
  const { people, accounts, sessions, letters } = first;
  assert.deepEqual([accounts.day.count, sessions.active.count, first.networks.count], [1, 1, 0]);
  for (const user of ['ada', 'ada', 'grace']) await happened(world, HOUR, 'signin.succeeded', 'pwd', user);
  await happened(world, 3 * DAY, 'signin.succeeded', 'pwd', 'hopper');
  await happened(world, 8 * DAY, 'signin.succeeded', 'pwd', 'lamarr');
  await world.browser().call('signUp', { email: 'new@example.com', password: PASSWORD });
  await suspendNetwork(world.deps.db, { network: '203.0.113.1', reason: 'password', tries: 10, now: START });
  const smtp = { ...world.deps, config: { ...world.deps.config, smtpUrl: 'smtp://127.0.0.1:1' } };
  await queueLetter(world.deps.db, smtp, { to: 'a@example.com', subject: 's', text: 't', html: 'h' });
  const seen = await owner.see('home');
  assert.deepEqual(
    [seen.people.day.count - people.day.count, seen.people.week.count - people.week.count],
    [2, 3],
    'a person who came twice is one',
  );
  assert.deepEqual([seen.sessions.waiting.count, seen.networks, seen.letters.waiting - letters.waiting], [1, { count: 1, more: false }, 1]);
  assert.ok(seen.unsealed.count > first.unsealed.count && !seen.unsealed.more);
  assert.equal(seen.unsealed.oldestAt, START - 8 * DAY);
  assert.ok((await owner.page(ADMIN_PAGES.home)).text.includes(words.unsealedLate.split('{')[0] ?? '?'));
  growOlder(world, 2 * DAY);
  await owner.browser.refresh();
  assert.deepEqual((await owner.see('home')).networks.count, 0, 'a suspension that is over is none');
});

inWorld('reasons are counted by their words, and say nobody’s address; what was typed is a text', async (world) => {
  const support = await staff(world, 'support');
  for (let n = 0; n < 3; n += 1) await happened(world, n, 'signin.failed', 'wrong_credentials');
  await happened(world, 1, 'signin.throttled', 'wrong-account a•••@example.com');
  await happened(world, 2, 'signin.throttled', 'wrong-account g•••@example.com');
  await happened(world, 1, 'signin.held', '7 new_device new_network');
  await happened(world, 2, 'signin.held', '4 new_device');
  await happened(world, 2, 'signin.failed', '<script>alert(1)</script>');
  await happened(world, 2 * DAY, 'signin.failed', 'too_old');
  const { reasons } = await support.see('home');
  assert.deepEqual(
    reasons.map(({ kind, reason, count }) => `${count} ${kind} ${reason}`),
    [
      '3 failed wrong_credentials',
      '2 held new_device',
      '2 throttled wrong-account',
      '1 failed <script>alert(1)</script>',
      '1 held new_network',
    ],
  );
  const page = await support.page(ADMIN_PAGES.home);
  assert.ok(page.text.includes(words.reasonWords.wrong_credentials) && !page.text.includes('<script>alert'));
});

inWorld('what is left to set up is told, and goes from the list when it is done', async (world) => {
  const owner = await staff(world, 'owner');
  const done = async () => Object.fromEntries((await owner.see('home')).setUp.map(({ name, done: isDone }) => [name, isDone]));
  assert.deepEqual(await done(), {
    owner: true,
    production: false,
    https: false,
    mail: false,
    site: false,
    second_owner: false,
    master_key: false,
    provider: false,
    backups: null,
  });
  assert.ok((await owner.page(ADMIN_PAGES.home)).text.includes(words.items.second_owner.hint));
  await staff(world, 'owner', 'second@staff.example');
  await addSite(world, 'notes');
  const later = await done();
  assert.deepEqual([later['second_owner'], later['site']], [true, true]);
  await world.deps.db.all("update users set suspended_at = 1 where email_key = 'second@staff.example'");
  assert.equal((await done())['second_owner'], false, 'an owner who is shut out is no second one');
});
