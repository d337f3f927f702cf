import assert from 'node:assert/strict';
import { en } from '@portico/protocol/texts/en';
import { parseEmail } from '../../src/accounts/email.ts';
import { makeInvitation } from '../../src/accounts/invitation.ts';
import { deliverMail } from '../../src/jobs/deliver-mail.ts';
import { invitationLetter } from '../../src/mail/letters.ts';
import { countLetters, queueLetter } from '../../src/mail/outbox.ts';
import { forEachDatabase } from '../databases.ts';
import { type SmtpCatcher, startSilentServer, startSmtpCatcher } from '../smtp-catcher.ts';
import { HOUR, MINUTE, openWorld, PASSWORD, type World } from '../world.ts';

/** The mail server is down, in every way that mail servers have, while people sign up, forget, change and invite. No letter is lost. */

const never = new AbortController().signal;
/** Milliseconds: how long a delivery waits for a silent server here. */
const PATIENCE = 300;
const NEW_PASSWORD = 'another horse battery staple';

const failing = (responseCode: number) => Object.assign(new Error('not now'), { responseCode });

/** One way in which a mail server is no help, on the given port. */
const OUTAGES: Readonly<Record<string, (port: number) => Promise<{ close(): Promise<void> }>>> = {
  'nobody listens': async () => ({ close: async () => undefined }),
  'it says nothing': (port) => startSilentServer('', '', port),
  'it greets and falls silent': (port) => startSilentServer('220 ready\r\n', '', port),
  'it is busy': (port) => startSmtpCatcher({ onConnect: (_session, done) => done(failing(421)) }, port),
  'it takes no recipient for now': (port) => startSmtpCatcher({ onRcptTo: (_address, _session, done) => done(failing(451)) }, port),
  'it refuses what it was sent, for now': (port) =>
    startSmtpCatcher(
      {
        onData: (stream, _session, done) => {
          stream.resume();
          stream.on('end', () => done(failing(452)));
        },
      },
      port,
    ),
};

/** Every act that writes a letter, by somebody new each time. */
async function live(world: World, name: string): Promise<void> {
  const email = `${name}@example.com`;
  const browser = world.browser();
  await browser.call('signUp', { email, password: PASSWORD });
  // The code is read from the outbox: the test has no mail server either.
  assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor(email) })).status, 200);
  await world.browser().call('signUp', { email, password: PASSWORD });
  await browser.act('myEmail', { email: `${name}@new.example` });
  assert.equal((await browser.act('confirmEmail', { token: await world.tokenFor(`${name}@new.example`, 'confirmEmail') })).status, 200);
  await world.browser().call('forgotPassword', { email: `${name}@new.example` });
  await world.settled();
  const token = await world.tokenFor(`${name}@new.example`, 'reset');
  assert.equal((await world.browser().call('resetPassword', { token, password: NEW_PASSWORD })).status, 200);
  const invited = parseEmail(`${name}@invited.example`);
  assert.ok(invited);
  await world.deps.db.transaction(async (tx) => {
    const made = await makeInvitation(tx, world.deps, invited);
    await queueLetter(tx, world.deps, invitationLetter(world.deps.config, en, { to: invited.text, token: made.token }));
  });
}

forEachDatabase('whatever the mail server does meanwhile, every letter arrives once it is back, once, and none before', async (open, t) => {
  const first = await startSmtpCatcher();
  const { port } = first;
  await first.close();
  const world = await openWorld(await open(), { config: { smtpUrl: `smtp://127.0.0.1:${port}?tls=none` } });
  t.after(() => world.close());
  let round = 0;
  for (const [name, begin] of Object.entries(OUTAGES)) {
    const outage = await begin(port);
    await live(world, `n${round}`);
    round += 1;
    await deliverMail(world.deps, never, PATIENCE);
    world.clock.advance(MINUTE);
    await deliverMail(world.deps, never, PATIENCE);
    await outage.close();
    assert.equal((await countLetters(world.deps.db)).givenUp, 0, name);
  }
  const written = (await world.mails()).map(({ to, subject }) => `${to} ${subject}`).sort((a, b) => (a < b ? -1 : 1));
  assert.equal(written.length, 8 * round);
  assert.equal((await countLetters(world.deps.db)).waiting, written.length, 'not one was lost');

  const back: SmtpCatcher = await startSmtpCatcher({}, port);
  t.after(() => back.close());
  for (let hour = 0; hour < 3; hour += 1) {
    await deliverMail(world.deps, never, PATIENCE);
    world.clock.advance(HOUR);
  }
  const arrived = back.letters.map(({ recipients, message }) => `${recipients.join()} ${message.subject}`);
  assert.deepEqual(
    arrived.sort((a, b) => (a < b ? -1 : 1)),
    written,
  );
  assert.deepEqual(await countLetters(world.deps.db), { waiting: 0, givenUp: 0 });
});

forEachDatabase(
  'a code that waited in the outbox works when it arrives in time, in the browser that waits and in no other',
  async (open, t) => {
    const first = await startSmtpCatcher();
    const { port } = first;
    await first.close();
    const world = await openWorld(await open(), { config: { smtpUrl: `smtp://127.0.0.1:${port}?tls=none` } });
    t.after(() => world.close());
    const browser = world.browser();
    await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
    await deliverMail(world.deps, never, PATIENCE);
    const back = await startSmtpCatcher({}, port);
    t.after(() => back.close());
    world.clock.advance(MINUTE);
    await deliverMail(world.deps, never, PATIENCE);
    const securityCode = /\b\d{8}\b/.exec(back.letters[0]?.message.text ?? '')?.[0] ?? '';
    const other = world.browser();
    await other.call('signUp', { email: 'ada@example.com', password: PASSWORD });
    assert.equal((await other.call('verifySignIn', { securityCode })).body.error, 'wrong_code');
    assert.equal((await browser.call('verifySignIn', { securityCode })).body['status'], 'VERIFIED');
  },
);
