import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { countWaitingLogouts } from '../../src/clients/logout-list.ts';
import { markLogoutFailed, queueLogout, takeDueLogouts } from '../../src/clients/logout-outbox.ts';
import { claimLetters, GIVE_UP_AFTER, hurryLetter, letterFailed } from '../../src/mail/outbox.ts';
import { countWaitingLetters } from '../../src/mail/outbox-list.ts';
import { LetterRefused } from '../../src/platform/mail.ts';
import { addSite } from '../sites.ts';
import { HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { eventOf, growOlder, staff } from './staff.ts';

/** Letters wait here as if a mail server were set that is away; nothing is sent. */
function withMailServer(world: World): void {
  Object.assign(world.deps, { config: { ...world.deps.config, smtpUrl: 'smtp://127.0.0.1:1' } });
}

const refused = Object.assign(new Error('connect ECONNREFUSED to ada@example.com'), { code: 'ECONNREFUSED' });

async function waitingLetter(world: World, email = 'ada@example.com'): Promise<void> {
  await world.browser().call('signUp', { email, password: PASSWORD });
}

inWorld('letters that wait, with address and kind and why; never with what they say', async (world) => {
  const admin = await staff(world, 'admin');
  withMailServer(world);
  await waitingLetter(world);
  const code = await world.codeFor('ada@example.com');
  const [claimed] = await claimLetters(world.deps, 10);
  assert.ok(claimed !== undefined);
  await letterFailed(world.deps, claimed, refused);
  world.clock.advance(MINUTE);
  await waitingLetter(world, 'bob@example.com');
  const seen = await admin.see('mail');
  assert.deepEqual(
    seen.letters?.items.map(({ to, kind, tries, problem }) => [to, kind, tries, problem]),
    [
      ['bob@example.com', 'verifyAddress', 0, null],
      ['ada@example.com', 'verifyAddress', 1, 'ECONNREFUSED'],
    ],
  );
  assert.deepEqual(
    [seen.counts, seen.logouts, seen.mailServer],
    [{ letters: { waiting: 2, givenUp: 0 }, logouts: { waiting: 0, givenUp: 0 } }, null, true],
  );
  const first = await admin.see('mail', { query: { limit: '1' } });
  const second = await admin.see('mail', { query: { limit: '1', cursor: first.letters?.next ?? '' } });
  assert.deepEqual([second.letters?.items[0]?.to, second.letters?.next], ['ada@example.com', null]);
  const page = await admin.page(ADMIN_PAGES.mail);
  assert.ok(page.text.includes('ada@example.com') && page.text.includes(en.admin.mail.kinds.verifyAddress));
  for (const text of [page.text, JSON.stringify(seen)])
    for (const secret of [code, claimed.letter.subject, PAGES.verifyEmail]) assert.ok(!text.includes(secret), secret);
  assert.deepEqual(await countWaitingLetters(world.deps.db, 1), { waiting: 1, givenUp: 0 }, 'counted no further than asked');
});

inWorld('a letter is tried now and dropped for good by whoever typed its address; both are written down', async (world) => {
  const admin = await staff(world, 'admin');
  withMailServer(world);
  await waitingLetter(world);
  const [claimed] = await claimLetters(world.deps, 10);
  assert.ok(claimed !== undefined);
  const mailId = claimed.id;
  await letterFailed(world.deps, claimed, refused);
  assert.deepEqual(await claimLetters(world.deps, 10), []);
  const answers = await Promise.all(Array.from({ length: 5 }, () => admin.act('retryMail', {}, { mailId })));
  assert.ok(answers.every(({ status }) => status === 204));
  assert.equal((await claimLetters(world.deps, 10)).length, 1, 'due now, and once');
  const retried = await eventOf(world, 'mail.retried');
  assert.deepEqual(
    ['actor_id', 'target_kind', 'target', 'reason', 'before_json'].map((name) => retried?.[name]),
    [admin.id, 'mail', mailId, 'a••••@example.com', '{"tries":1}'],
  );
  assert.equal((await admin.act('retryMail', {}, { mailId: `${'1'.repeat(17)}-${'A'.repeat(12)}` })).status, 404);
  assert.equal((await admin.act('retryMail', {}, { mailId: 'x' })).status, 404);

  const wrong = await admin.act('dropMail', { confirm: 'bob@example.com' }, { mailId });
  assert.deepEqual([wrong.status, wrong.body['fields']], [400, { confirm: 'confirm_differs' }]);
  const back = ADMIN_PAGES.mail;
  const page = await admin.submit('dropMail', { confirm: 'bob@example.com', back }, { mailId });
  assert.ok(page.status === 400 && page.text.includes(en.fields.confirm_differs) && page.text.includes(en.admin.mail.dropWarning));
  const both = await Promise.all([1, 2].map(() => admin.act('dropMail', { confirm: 'ADA@example.com' }, { mailId })));
  assert.deepEqual(
    both.map(({ status }) => status).sort((a, b) => a - b),
    [204, 404],
    'of two operators one drops it',
  );
  assert.deepEqual(await world.deps.db.all('select id from mails where id = $1', [mailId]), []);
  const dropped = await eventOf(world, 'mail.dropped');
  assert.deepEqual(
    [dropped?.['actor_id'], dropped?.['target'], dropped?.['before_json']],
    [admin.id, mailId, '{"kind":"verifyAddress","tries":2}'],
  );
});

inWorld('dropping needs a fresh proof, both need an admin, and a letter that is on no list is not there', async (world) => {
  const [admin, support] = [await staff(world, 'admin'), await staff(world, 'support')];
  await waitingLetter(world, 'eve@example.com');
  const [shown] = await world.deps.db.all('select id from mails order by created_at desc, id desc limit 1');
  assert.equal((await admin.act('retryMail', {}, { mailId: String(shown?.['id']) })).status, 404, 'it lies in the inbox of development');
  withMailServer(world);
  await waitingLetter(world);
  const mailId = (await admin.see('mail')).letters?.items[0]?.id ?? '';
  assert.equal((await support.act('retryMail', {}, { mailId })).body.error, 'role_required');
  assert.equal((await support.act('dropMail', { confirm: 'ada@example.com' }, { mailId })).body.error, 'role_required');
  growOlder(world, 6 * MINUTE);
  await admin.browser.refresh();
  assert.equal((await admin.act('dropMail', { confirm: 'ada@example.com' }, { mailId })).body.error, 'fresh_signin_required');
  const led = await admin.submit('dropMail', { confirm: 'ada@example.com', back: ADMIN_PAGES.mail }, { mailId });
  assert.ok(
    led.status === 303 && String(led.headers['location']).includes(encodeURIComponent(ADMIN_PAGES.mail)),
    'a form is led to the proof',
  );
  assert.equal((await world.deps.db.all('select id from mails where id = $1', [mailId])).length, 1);
  assert.equal((await admin.act('retryMail', {}, { mailId })).status, 204, 'a retry needs none');
});

inWorld('a letter that was given up is an empty row that says why, and that nobody can send any more', async (world) => {
  const support = await staff(world, 'support');
  withMailServer(world);
  await waitingLetter(world);
  const [claimed] = await claimLetters(world.deps, 10);
  assert.ok(claimed !== undefined);
  const cause = new LetterRefused(
    '550 no such user ada@example.com',
    Object.assign(new Error('550'), { code: 'EENVELOPE', responseCode: 550 }),
  );
  await letterFailed(world.deps, { ...claimed, createdAt: claimed.createdAt - GIVE_UP_AFTER }, cause);
  const seen = await support.see('mail', { query: { list: 'letters', state: 'given_up' } });
  const [item] = seen.letters?.items ?? [];
  assert.deepEqual([item?.to, item?.kind, item?.nextTryAt, item?.problem], [null, null, null, 'EENVELOPE 550']);
  assert.deepEqual(seen.counts.letters, { waiting: 0, givenUp: 1 });
  assert.deepEqual((await support.see('mail')).letters?.items, []);
  assert.equal(await hurryLetter(world.deps.db, item?.id ?? '', world.clock.now()), false);
  const admin = await staff(world, 'admin', 'other@staff.example');
  assert.equal((await admin.act('retryMail', {}, { mailId: item?.id ?? '' })).status, 404);
  assert.equal((await admin.act('dropMail', { confirm: item?.id ?? '' }, { mailId: item?.id ?? '' })).status, 404);
});

inWorld('a site that could not be told of a sign-out is told again, given up or not; a delivered one is not there', async (world) => {
  const admin = await staff(world, 'admin');
  const { db } = world.deps;
  await addSite(world, 'notes', { name: '<b>Notes</b>', backchannelLogoutUri: 'https://notes.example.net/logout' });
  for (const sessionId of ['s'.repeat(22), 't'.repeat(22)]) {
    await queueLogout(
      db,
      world.deps,
      { id: 'notes', backchannelLogoutUri: 'https://notes.example.net/logout', idAlg: 'ES256' },
      { userId: 'u', sessionId },
    );
    world.clock.advance(1000);
  }
  const now = world.clock.now();
  const [one, two] = await takeDueLogouts(db, now, now + HOUR, 2);
  assert.ok(one !== undefined && two !== undefined);
  await markLogoutFailed(db, one, 'status 404', null, now);
  const seen = await admin.see('mail', { query: { list: 'logouts', state: 'given_up' } });
  assert.deepEqual(
    seen.logouts?.items.map(({ id, site, problem, nextTryAt }) => [id, site, problem, nextTryAt]),
    [[one.id, { id: 'notes', name: '<b>Notes</b>' }, 'status 404', null]],
  );
  assert.deepEqual(seen.counts.logouts, { waiting: 1, givenUp: 1 });
  assert.deepEqual(await countWaitingLogouts(db, 1000), { waiting: 1, givenUp: 1 });
  const page = await admin.page(`${ADMIN_PAGES.mail}?list=logouts&state=given_up`);
  assert.ok(page.text.includes('&lt;b>Notes') && !page.text.includes('<b>Notes'));

  const back = `${ADMIN_PAGES.mail}?list=logouts&state=given_up`;
  assert.equal((await admin.submit('retryLogout', { back }, { logoutId: one.id })).status, 303);
  const due = await takeDueLogouts(db, world.clock.now(), now + HOUR, 5);
  assert.deepEqual(
    due.map(({ id, tries }) => [id, tries]),
    [[one.id, 2]],
  );
  const event = await eventOf(world, 'logout.retried');
  assert.deepEqual(
    ['actor_id', 'target_kind', 'target', 'client_id', 'session_id', 'before_json'].map((name) => event?.[name]),
    [admin.id, 'logout', one.id, 'notes', one.sessionId, '{"tries":1}'],
  );
  await db.all('update logouts set sent_at = $2 where id = $1', [two.id, now]);
  assert.equal((await admin.act('retryLogout', {}, { logoutId: two.id })).status, 404);
  const support = await staff(world, 'support');
  assert.equal((await support.act('retryLogout', {}, { logoutId: one.id })).body.error, 'role_required');
  for (const query of [{ list: 'codes' }, { state: 'sent' }] as Record<string, string>[])
    assert.deepEqual((await admin.read('mail', { query })).body['fields'], { [Object.keys(query)[0] ?? '']: 'malformed' });
});
