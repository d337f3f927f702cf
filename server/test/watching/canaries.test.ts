import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEADERS } from '@portico/protocol/cookies';
import { OAUTH, PAGES, SYSTEM } from '@portico/protocol/routes';
import type { SMTPServerOptions } from 'smtp-server';
import { deliverMail } from '../../src/jobs/deliver-mail.ts';
import { createAfterwork } from '../../src/platform/afterwork.ts';
import type { Dialect } from '../../src/platform/db.ts';
import { openRedis } from '../../src/platform/redis.ts';
import { backendOf } from '../backends.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { byPage, fakeProviders } from '../fake-providers.ts';
import { addClient, grantClient, refreshByBody, sessionOf } from '../families.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { addSecondary, ticketFor } from '../secondaries.ts';
import { addSite, basicOf, codeFor } from '../sites.ts';
import { startSmtpCatcher } from '../smtp-catcher.ts';
import { tapDatabase } from '../tapped-db.ts';
import { openWorld, type World } from '../world.ts';
import { type Canaries, listen, openCanaries, readJar, readLetters } from './canaries.ts';
import { openLogbook } from './logbook.ts';
import { scrape, TOKEN } from './scrape.ts';

/**
 * Every kind of secret goes through everything that can be done with it, and through everything that can go wrong, at the most talkative
 * level. Then the log, the figures, the refusals and the audit log are searched for it.
 */

const PASSWORDS = { own: 'canary of an own password', wrong: 'canary of a wrong password', next: 'canary of the next password' };
const SMTP_PASSWORD = 'canary-smtp-password';
const never = new AbortController().signal;
const fake = await fakeProviders();

forEachFreshDatabase(
  'no secret of any kind stands in the log, in the figures, in a refusal or in the audit log',
  async (fresh, _, dialect) => {
    const { db: real } = await fresh();
    const { db, tap } = tapDatabase(real);
    const book = openLogbook();
    const after = createAfterwork(book.log);
    const canaries = openCanaries();
    const mail = await startTalkativeMailServer();
    const world = await openWorld(db, {
      config: {
        providers: fake.access,
        metricsToken: TOKEN,
        accessLog: 'on',
        logLevel: 'trace',
        smtpUrl: `smtp://portico:${SMTP_PASSWORD}@127.0.0.1:${mail.port}?tls=none`,
      },
      deps: { log: book.log, afterAnswer: after.begin, network: fake.network },
    });
    try {
      const refusals = listen(world, canaries);
      await live(world, canaries);
      await breakDatabase(world, tap, dialect);
      await breakProviders(world, canaries);
      await readLetters(world, canaries);
      await after.settled();
      await breakMail(world, mail);
      await addSettings(world, canaries);
      const events = JSON.stringify(await world.deps.db.all('select * from events'));
      const figures = (await scrape(world)).text;

      assert.ok(canaries.kinds().length >= 20, canaries.kinds().join());
      for (const said of [
        'a letter could not be sent; it waits',
        'a letter was given up',
        'request failed',
        'a provider did not confirm a sign-in',
        'request',
      ])
        assert.ok(book.lines(said).length > 0, `${said} was logged`);
      assert.ok(refusals.length > 20);
      for (const [where, text] of Object.entries({ log: book.raw(), figures, refusals: refusals.join('\n'), events }))
        assert.deepEqual(canaries.foundIn(text), [], where);
      assert.doesNotMatch(book.raw(), /@example\.com/, 'nor an address of anybody');
    } finally {
      await world.close();
      await mail.close();
    }
  },
);

/** All that people, sites and thieves do, and each of it once wrongly. */
async function live(world: World, canaries: Canaries): Promise<void> {
  const email = 'ada@example.com';
  canaries.add('password', ...Object.values(PASSWORDS));
  const owner = await world.signedUp(email, { password: PASSWORDS.own });
  await readLetters(world, canaries);
  await world.browser().signIn(email, PASSWORDS.wrong);
  await world.browser().call('verifySignIn', { securityCode: '00000000' });
  await owner.act('myPassword', { currentPassword: PASSWORDS.wrong, newPassword: PASSWORDS.next });
  await world.browser().call('forgotPassword', { email });
  await sleep(50);
  await readLetters(world, canaries);
  const reset = await world.tokenFor(email, 'reset');
  for (const where of [`${PAGES.reset}?token=${reset}`, `${PAGES.error}?token=${reset}`, `/nowhere/${reset}?token=${reset}`])
    await owner.send('GET', where, undefined, { headers: { accept: 'text/html', referer: where } });
  await world.browser().call('resetPassword', { token: reset, password: 'short' });
  await world.browser().call('confirmEmail', { token: reset });

  await addClient(world, 'space-snake');
  const game = (await grantClient(world, (await sessionOf(world, owner)).id, 'space-snake')) ?? '';
  canaries.add('refresh token of a game', game);
  for (const client of ['other-game', 'space-snake', 'space-snake']) await refreshByBody(world, game, client, `0.${'A'.repeat(22)}`);
  const site = await addSite(world, 'shop');
  canaries.add('client secret', site.secret, basicOf(site), encodeURIComponent(site.secret ?? ''));
  const given = await codeFor(world, owner, site);
  canaries.add('authorization code', given.code, given.verifier);
  const backend = backendOf(world.browser(), site);
  const redeemed = await backend.redeem(given);
  await backend.redeem(given);
  await backend.call('refresh', { refreshToken: redeemed.body['refreshToken'], attempt: 'not an attempt' });
  await backend.call('peek', { refreshToken: redeemed.body['refreshToken'] });
  for (const body of [
    `grant_type=authorization_code&code=${given.code}&client_secret=${site.secret}`,
    `grant_type=refresh_token&refresh_token=${game}`,
  ])
    await owner.send('POST', OAUTH.token, body, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basicOf(site) },
    });
  const secondary = await addSecondary(world);
  const { ticket, verifier } = await ticketFor(owner);
  canaries.add('sign-in ticket', ticket, verifier);
  for (let twice = 0; twice < 2; twice += 1)
    await backendOf(world.browser(), secondary).call('redeemTicket', { ticket, codeVerifier: verifier });

  const bearer = { headers: { authorization: `Bearer ${owner.cookie('portico_at')}x` } };
  await world.browser().call('me', undefined, bearer);
  await owner.call('signOut', {}, { headers: { [HEADERS.csrf]: `${owner.csrf}x` } });
  await owner.send('GET', `/${owner.refreshToken}?at=${owner.cookie('portico_at')}`);
  readJar(owner, canaries);
  const thief = owner.copy();
  await owner.refresh();
  await thief.refresh();
  await owner.refresh();
  await world.app.inject({ url: SYSTEM.metrics, headers: { authorization: `Bearer ${TOKEN}x` } });
}

/** Errors that carry values: in the message, beside it, and below it. */
async function breakDatabase(world: World, tap: ReturnType<typeof tapDatabase>['tap'], dialect: Dialect): Promise<void> {
  const carrying = (secret: string) =>
    Object.assign(new Error(`invalid input syntax for type bigint: "${secret}"`), {
      severity: 'ERROR',
      code: '22P02',
      detail: `Key (secret)=(${secret}) exists`,
      where: secret,
      parameters: [secret],
      cause: Object.assign(new SyntaxError(`Unexpected token 'c', "${secret}" is not valid JSON`), { input: secret }),
    });
  for (const part of ['from users', 'insert into events', 'counters']) {
    tap.before(part, () => {
      throw carrying(PASSWORDS.wrong);
    });
    const answered = await world.browser().signIn('ada@example.com', PASSWORDS.wrong);
    assert.equal(answered.status, 500, `${part} ${answered.text}`);
  }
  if (dialect === 'sqlite') return;
  // PostgreSQL's own words.
  tap.before('from users', async () => {
    await world.deps.db.all('select cast(cast($1 as text) as bigint) as n', [PASSWORDS.own]);
  });
  assert.equal((await world.browser().signIn('ada@example.com', PASSWORDS.own)).status, 500);
}

/** A provider that repeats in its error what it was sent, and what it once gave. */
async function breakProviders(world: World, canaries: Canaries): Promise<void> {
  const person = { subject: '7', email: 'grace@example.com' };
  await byPage(fake, world.browser(), 'github', person);
  const echo = (init: RequestInit) =>
    `${new URLSearchParams(init.body as URLSearchParams | string | undefined).toString()} ${fake.tokens.join(' ')}`;
  for (const answer of [
    (said: string) => Response.json({ error: fake.tokens[0], error_description: said }, { status: 400 }),
    (said: string) => Response.json({ error: 'invalid_grant', error_description: said, error_uri: said }, { status: 400 }),
    (said: string) => new Response(said, { status: 200 }),
    (said: string) => new Response(said, { status: 500 }),
    (said: string) => new Response(`{"access_token": "${said}`, { status: 200, headers: { 'content-type': 'application/json' } }),
  ]) {
    for (const name of ['github', 'google']) {
      fake.spoil = (_, init) => {
        for (const part of echo(init).split(/[\s&=]+/)) if (part.length > 15) canaries.add('sent to a provider', part);
        return init.method === 'POST' ? answer(echo(init)) : undefined;
      };
      await byPage(fake, world.browser(), name, person);
    }
  }
  fake.honest();
  canaries.add('provider token', ...fake.tokens);
  for (const { clientSecret } of Object.values(fake.access)) canaries.add('provider secret', clientSecret);
}

interface TalkativeMailServer {
  readonly port: number;
  /** What it refuses next, and repeats in its answer. */
  refuse(what: 'auth' | 'recipient' | 'letter'): void;
  close(): Promise<void>;
}

async function startTalkativeMailServer(): Promise<TalkativeMailServer> {
  let refused: 'auth' | 'recipient' | 'letter' = 'auth';
  const answer = (responseCode: number, said: string) =>
    Object.assign(new Error(said.replace(/[\r\n]+/g, ' ').slice(0, 1500)), { responseCode });
  const options: SMTPServerOptions = {
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      refused === 'auth' ? done(answer(535, `no: ${username} ${password}`)) : done(null, { user: username }),
    onRcptTo: ({ address }, _session, done) => (refused === 'recipient' ? done(answer(550, `who is ${address}?`)) : done()),
    onData: (stream, _session, done) => {
      let letter = '';
      stream.on('data', (chunk: Buffer) => (letter += chunk.toString()));
      stream.on('end', () => done(refused === 'letter' ? answer(451, letter.slice(letter.indexOf('\r\n\r\n'))) : null));
    },
  };
  const server = await startSmtpCatcher(options);
  return { port: server.port, refuse: (what) => void (refused = what), close: server.close };
}

async function breakMail(world: World, mail: TalkativeMailServer): Promise<void> {
  for (const what of ['auth', 'letter', 'recipient'] as const) {
    mail.refuse(what);
    await deliverMail(world.deps, never);
    world.clock.advance(3_600_000);
  }
}

/** What an operator set, and the keys, in every spelling that they have. */
async function addSettings(world: World, canaries: Canaries): Promise<void> {
  const { config, keys } = world.deps;
  canaries.add('SMTP password', SMTP_PASSWORD, Buffer.from(SMTP_PASSWORD).toString('base64'));
  canaries.add('metrics token', TOKEN);
  for (const form of ['base64url', 'base64', 'hex'] as const) {
    canaries.add('master key', config.masterKey.toString(form));
    for (const key of keys.chains())
      for (const part of [key.chain, key.tag, key.csrf, key.code]) canaries.add('chain key', part.toString(form));
  }
  for (const { privateKey } of keys.signingKeys()) canaries.add('signing key', privateKey.export({ format: 'jwk' }).d);
}

test('a password in the address of the database or of Redis stays there, when nobody answers', async (t: TestContext) => {
  const book = openLogbook();
  const port = await freePort();
  const redis = await openRedis(`redis://portico:canary-redis-password@127.0.0.1:${port}/0`, book.log);
  for (let tries = 0; book.lines().length === 0 && tries < 200; tries += 1) await sleep(20);
  redis.close();
  assert.ok(book.lines().length > 0);
  assert.doesNotMatch(book.raw(), /canary/);
  const { code, stdout, stderr } = await runPortico(['start'], {
    PORTICO_DATA_DIR: `${process.env['TMPDIR'] ?? '/tmp'}/portico-canary-${process.pid}`,
    PORTICO_DATABASE_URL: `postgres://portico:canary-db-password@127.0.0.1:${port}/portico?sslpassword=canary-tls`,
    PORTICO_LOG_LEVEL: 'trace',
  });
  assert.equal(code, 1);
  assert.doesNotMatch(stdout + stderr, /canary-(?:db|tls)/, t.name);
});
