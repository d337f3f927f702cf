import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareDeps } from '../../test/bare-deps.ts';
import { within } from '../../test/counts.ts';
import { forEachDatabase, forEachFreshDatabase } from '../../test/databases.ts';
import { startSilentServer, startSmtpCatcher } from '../../test/smtp-catcher.ts';
import { MINUTE } from '../../test/world.ts';
import { countLetters, queueLetter } from '../mail/outbox.ts';
import { openDatabase } from '../platform/open-database.ts';
import { deliverMail } from './deliver-mail.ts';

const letterTo = (to: string) => ({ to, subject: 'Hello', text: 'Hello 12345678\n', html: '<p>Hello</p>' });
const never = new AbortController().signal;

forEachDatabase('letters wait while the mail server is down, and every one arrives when it is back', async (open, t) => {
  const db = await open();
  const gone = await startSmtpCatcher();
  await gone.close();
  const { deps, clock, entries } = await bareDeps(db, { smtpUrl: `smtp://127.0.0.1:${gone.port}` });
  const names = Array.from({ length: 12 }, (_, n) => `n${n}@example.com`);
  for (const name of names) await queueLetter(db, deps, letterTo(name));
  for (let minute = 0; minute < 3; minute++) {
    await deliverMail(deps, never);
    clock.advance(MINUTE);
  }
  assert.equal((await countLetters(db)).waiting, 12);
  assert.ok(entries.some(({ level, sentence }) => level === 'warn' && sentence === 'a letter could not be sent; it waits'));
  const back = await startSmtpCatcher({}, gone.port);
  t.after(() => back.close());
  for (let minute = 0; minute < 10; minute++) {
    await deliverMail(deps, never);
    clock.advance(MINUTE);
  }
  assert.deepEqual(back.letters.map(({ recipients }) => recipients.join()).sort(), names.sort());
  assert.deepEqual(await db.all('select id from mails'), []);
});

forEachDatabase('while the mail server is down a run asks it for one handful of letters, not for all', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl: 'smtp://127.0.0.1:1' });
  for (let n = 0; n < 12; n++) await queueLetter(db, deps, letterTo(`n${n}@example.com`));
  await deliverMail(deps, never);
  assert.equal((await db.all('select id from mails where tries > 0')).length, 5);
});

forEachFreshDatabase('two nodes that deliver at once send each letter once', async (fresh, t) => {
  const { db, where } = await fresh();
  const catcher = await startSmtpCatcher();
  const other = openDatabase(where);
  t.after(() => Promise.all([catcher.close(), other.close()]));
  const { deps, clock } = await bareDeps(db, { smtpUrl: `smtp://127.0.0.1:${catcher.port}` });
  const second = await bareDeps(other, deps.config, clock);
  const names = Array.from({ length: 40 }, (_, n) => `n${n}@example.com`);
  for (const name of names) await queueLetter(db, deps, letterTo(name));
  await Promise.all([deliverMail(deps, never), deliverMail(second.deps, never), deliverMail(deps, never), deliverMail(second.deps, never)]);
  assert.deepEqual(catcher.letters.map(({ recipients }) => recipients.join()).sort(), names.sort());
  assert.equal(new Set(catcher.letters.map(({ message }) => message.messageId)).size, 40);
});

forEachDatabase('a silent mail server keeps a letter waiting, and nobody else', async (open, t) => {
  const db = await open();
  const silent = await startSilentServer('220 ready\r\n');
  t.after(() => silent.close());
  const { deps } = await bareDeps(db, { smtpUrl: `smtp://127.0.0.1:${silent.port}` });
  await queueLetter(db, deps, letterTo('ada@example.com'));
  const began = performance.now();
  await deliverMail(deps, never, 200);
  assert.ok(performance.now() - began < within(2000));
  assert.equal((await countLetters(db)).waiting, 1);
});

forEachDatabase(
  'a recipient that the mail server refuses for good is not asked for again, and the others get their letters',
  async (open, t) => {
    const db = await open();
    const catcher = await startSmtpCatcher({
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('gone') ? done(Object.assign(new Error('no such mailbox'), { responseCode: 550 })) : done(),
    });
    t.after(() => catcher.close());
    const { deps, entries } = await bareDeps(db, { smtpUrl: `smtp://127.0.0.1:${catcher.port}` });
    for (const name of ['gone', 'ada', 'bob']) await queueLetter(db, deps, letterTo(`${name}@example.com`));
    await deliverMail(deps, never);
    assert.equal(catcher.letters.length, 2);
    assert.deepEqual(await countLetters(db), { waiting: 0, givenUp: 1 });
    assert.deepEqual(
      entries.map(({ sentence }) => sentence),
      ['a letter was given up'],
    );
  },
);

forEachDatabase('a delivery that is told to stop takes no more letters', async (open, t) => {
  const db = await open();
  const catcher = await startSmtpCatcher();
  t.after(() => catcher.close());
  const { deps } = await bareDeps(db, { smtpUrl: `smtp://127.0.0.1:${catcher.port}` });
  for (let n = 0; n < 200; n++) await queueLetter(db, deps, letterTo(`n${n}@example.com`));
  const stopping = new AbortController();
  const delivering = deliverMail(deps, stopping.signal);
  while (catcher.letters.length === 0) await sleep(5);
  stopping.abort();
  await delivering;
  assert.ok(catcher.letters.length < 200);
  assert.equal((await countLetters(db)).waiting, 200 - catcher.letters.length);
});
