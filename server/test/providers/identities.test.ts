import assert from 'node:assert/strict';
import { authPath } from '@portico/protocol/routes';
import { beginPage, bring, byPage, byRedirect, everyRow, fakeProviders, type Person, PROVIDER_NAMES } from '../fake-providers.ts';
import { actions } from '../families.ts';
import { HOUR, inWorld, PASSWORD, type World } from '../world.ts';

/** Whose account a provider opens: the subject says it, and nothing else. */

const fake = await fakeProviders();
const options = { config: { providers: fake.access }, deps: { network: fake.network } };
const VICTIM = 'victim@example.com';

const count = async (world: World, table: 'users' | 'identities' | 'sessions' | 'signups') =>
  (await world.deps.db.all(`select * from ${table}`)).length;
const idOf = (answered: { readonly body: Readonly<Record<string, unknown>> }) => (answered.body['user'] as { id: string }).id;

inWorld(
  'each provider, by both flows: the first time makes the account, later the subject finds it, whatever else has changed',
  async (world) => {
    for (const [at, name] of PROVIDER_NAMES.entries()) {
      const person = { subject: String(1000 + at), email: `${name}@example.com` };
      const first = await byPage(fake, world.browser(), name, person);
      assert.equal(first.body['status'], 'VERIFIED', `${name} ${first.text}`);
      // At the provider the address changes hands: what is here stays as it was.
      for (const changed of [
        { ...person, email: 'new@example.com', login: 'renamed' },
        { ...person, email: null },
        { ...person, email: 'eve@example.com', verified: false },
      ]) {
        const browser = world.browser();
        assert.equal((await byRedirect(fake, browser, name, changed)).headers['location'], 'http://localhost:4000/dashboard');
        const me = (await browser.call('me')).body;
        assert.deepEqual([me['id'], me['email'], me['emailVerified']], [idOf(first), person.email, true], name);
      }
      const [identity] = await world.deps.db.all('select label, last_used_at, linked_at from identities where provider = $1', [name]);
      assert.equal(identity?.['label'], 'ada');
      world.clock.advance(HOUR);
    }
    assert.equal(await count(world, 'users'), 4);
    assert.equal(await count(world, 'identities'), 4);
    const [session] = await world.deps.db.all('select amr from sessions');
    assert.equal(session?.['amr'], '["fed"]');
  },
  options,
);

inWorld(
  'A001: a password that waits for its code never joins the account that its address gets by a provider, whoever comes first',
  async (world) => {
    for (const name of PROVIDER_NAMES) {
      const email = `${name}@example.com`;
      const attacker = world.browser();
      await attacker.call('signUp', { email, password: PASSWORD });
      const code = await world.codeFor(email);
      const victim = world.browser();
      const entered = await byPage(fake, victim, name, { subject: '42', email });
      assert.equal(entered.body['status'], 'VERIFIED', entered.text);
      // The attacker's password opens nothing, and not even the code from the letter joins the two.
      assert.equal((await world.browser().signIn(email, PASSWORD)).body.error, 'wrong_credentials');
      assert.equal((await attacker.call('verifySignIn', { securityCode: code })).body.error, 'code_expired');
      assert.equal((await attacker.call('session')).body['status'] === 'VERIFIED', false);
      assert.equal((await victim.call('me')).body['id'], idOf(entered));
      assert.deepEqual(await world.deps.db.all('select user_id from passwords'), []);
    }
    // The other way round: the attacker has the provider account, the victim signs up with a password and proves the mailbox.
    const attacker = world.browser();
    assert.equal(
      (await byPage(fake, attacker, 'github', { subject: '66', email: VICTIM, verified: false })).body.error,
      'provider_email_missing',
    );
    const victim = await world.signedUp(VICTIM);
    assert.equal((await byPage(fake, attacker, 'github', { subject: '66', email: VICTIM })).body.error, 'email_taken');
    assert.equal((await victim.call('myIdentities')).body['items'] instanceof Array, true);
    assert.deepEqual((await victim.call('myIdentities')).body['items'], []);
  },
  options,
);

/** What a provider may say of the victim's address without the attacker being the victim. */
const IMPOSTORS: readonly (readonly [string, Person, string])[] = [
  ['not verified', { subject: '66', email: VICTIM, verified: false }, 'provider_email_missing'],
  ['verification missing', { subject: '66', email: VICTIM, verified: null }, 'provider_email_missing'],
  ['the text "true"', { subject: '66', email: VICTIM, verified: 'true' }, 'provider_email_missing'],
  ['the number 1', { subject: '66', email: VICTIM, verified: 1 }, 'provider_email_missing'],
  ['verified, of another subject', { subject: '66', email: VICTIM }, 'email_taken'],
  ['in capitals', { subject: '66', email: VICTIM.toUpperCase() }, 'email_taken'],
  ['no address', { subject: '66', email: null }, 'provider_email_missing'],
];

inWorld(
  'A002: the victim’s address in a stranger’s profile opens nothing, at any provider, in any variant',
  async (world) => {
    const victim = await world.signedUp(VICTIM);
    await byPage(fake, world.browser(), 'github', { subject: '42', email: 'other@example.com' });
    const before = await everyRow(world);
    for (const name of PROVIDER_NAMES) {
      for (const [what, person, error] of IMPOSTORS) {
        const browser = world.browser();
        const answered = await byPage(fake, browser, name, person);
        assert.equal(answered.body.error, error, `${name}, ${what}: ${answered.text}`);
        assert.equal(answered.status, error === 'email_taken' ? 409 : 400);
        assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
      }
    }
    assert.equal(await everyRow(world), before);
    assert.equal((await victim.call('session')).body['status'], 'VERIFIED');
  },
  options,
);

inWorld(
  'A011: an address that two readers could read in two ways is none, at any provider',
  async (world) => {
    const before = await everyRow(world);
    const addresses = [
      'a@evil.example@corp.example',
      '"a@evil.example"@corp.example',
      'a@corp.example\u0000@evil.example',
      'a＠evil.example@corp.example',
      'a@corp.example ,b@evil.example',
      '=?utf-8?q?a@b?=@corp.example',
      'x'.repeat(300),
    ];
    for (const name of PROVIDER_NAMES) {
      for (const email of addresses) {
        assert.equal(
          (await byPage(fake, world.browser(), name, { subject: '66', email })).body.error,
          'provider_email_missing',
          `${name} ${email}`,
        );
      }
    }
    assert.equal(await everyRow(world), before);
  },
  options,
);

inWorld(
  'twenty first sign-ins of one person at once make one account and one identity, and all twenty are in',
  async (world) => {
    for (const name of ['github', 'google'] as const) {
      const users = await count(world, 'users');
      const person = { subject: '42', email: `${name}@example.com` };
      const tabs = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const browser = world.browser();
          return { browser, answer: fake.consent(await beginPage(browser, name), person) };
        }),
      );
      const answers = await Promise.all(tabs.map(({ browser, answer }) => bring(browser, name, answer)));
      assert.deepEqual(
        [...new Set(answers.map(({ body }) => body['status']))],
        ['VERIFIED'],
        answers.find(({ status }) => status !== 200)?.text ?? '',
      );
      assert.equal(new Set(answers.map(idOf)).size, 1);
      assert.equal(await count(world, 'users'), users + 1);
    }
    assert.equal(await count(world, 'identities'), 2);
  },
  options,
);

inWorld(
  'twenty people with one address at once, each another subject: one gets the account, nineteen are told that it is taken',
  async (world) => {
    const tabs = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const browser = world.browser();
        return { browser, answer: fake.consent(await beginPage(browser, 'discord'), { subject: String(at + 1), email: VICTIM }) };
      }),
    );
    const answers = await Promise.all(tabs.map(({ browser, answer }) => bring(browser, 'discord', answer)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ body }) => body.error === 'email_taken').length, 19);
    assert.deepEqual([await count(world, 'users'), await count(world, 'identities'), await count(world, 'sessions')], [1, 1, 1]);
  },
  options,
);

inWorld(
  'who may sign up holds for providers too: closed, by invitation and by domain nobody gets an account, who has one gets in',
  async (world) => {
    const known = { subject: '1', email: 'known@example.com' };
    assert.equal((await byPage(fake, world.browser(), 'github', known)).status, 200);
    const before = await everyRow(world);
    for (const [setting, error] of [
      [{ signup: 'closed' }, 'signup_closed'],
      [{ signup: 'invite' }, 'signup_by_invitation'],
      [{ signupDomains: ['corp.example'] }, 'signup_domain_refused'],
    ] as const) {
      Object.assign(world.deps.config, { signup: 'open', signupDomains: [], ...setting });
      for (const name of PROVIDER_NAMES) {
        const answered = await byPage(fake, world.browser(), name, { subject: '2', email: 'new@example.com' });
        assert.deepEqual([answered.status, answered.body.error], [403, error], name);
      }
    }
    assert.equal(await everyRow(world), before);
    assert.equal((await byPage(fake, world.browser(), 'github', known)).body['status'], 'VERIFIED');
  },
  options,
);

inWorld(
  'a sign-in by a provider ends the session that the browser had, is written down, and keeps to the tick',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const old = browser.copy();
    await world.deps.db.all('delete from events');
    await byPage(fake, browser, 'github', { subject: '7', email: 'grace@example.com' }, { keep: 'false' });
    assert.equal((await old.call('session')).body['status'], 'SIGNED_OUT');
    assert.deepEqual([...(await actions(world))].sort(), ['signin.succeeded', 'signup.completed']);
    browser.restart();
    assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT', 'without the tick it ends with the browser');
    const kept = world.browser();
    await byRedirect(fake, kept, 'github', { subject: '7', email: 'grace@example.com' });
    kept.restart();
    assert.equal((await kept.call('session')).body['status'], 'VERIFIED');
  },
  options,
);

inWorld(
  'a suspended account is opened by no provider',
  async (world) => {
    const person = { subject: '7', email: 'grace@example.com' };
    await byPage(fake, world.browser(), 'github', person);
    await world.deps.db.all('update users set suspended_at = 1');
    const browser = world.browser();
    assert.equal((await byPage(fake, browser, 'github', person)).status, 401);
    assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
  },
  options,
);

inWorld(
  'returnTo leads into our own pages only, by both flows and for every trick',
  async (world) => {
    const tricks = [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/%5cevil.example/..//evil',
      '\\\\evil.example',
      'javascript:alert(1)',
      '/\t/evil.example',
      '///evil.example',
      'http:evil.example',
      `/${'x'.repeat(1500)}`,
    ];
    for (const [at, returnTo] of tricks.entries()) {
      const person = { subject: String(at + 1), email: `t${at}@example.com` };
      const byPageAnswer = await byPage(fake, world.browser(), 'github', person, { returnTo });
      const target = new URL((byPageAnswer.body['returnTo'] ?? '/refused') as string, 'http://localhost:4000');
      assert.equal(target.origin, 'http://localhost:4000', returnTo);
      const redirected = await byRedirect(fake, world.browser(), 'github', person, { returnTo });
      if (redirected.status === 302)
        assert.equal(new URL(String(redirected.headers['location'])).origin, 'http://localhost:4000', returnTo);
      else assert.equal(redirected.status, 400);
    }
    const good = await byRedirect(
      fake,
      world.browser(),
      'github',
      { subject: '1', email: 'x@example.com' },
      { returnTo: '/dashboard/activity?x=1#y' },
    );
    assert.equal(good.headers['location'], 'http://localhost:4000/dashboard/activity?x=1#y');
    const browser = world.browser();
    const bad = await browser.send('GET', `${authPath('session').replace('/session', '/github')}?returnTo=/a&returnTo=/b`);
    assert.equal(bad.status, 400);
  },
  options,
);

inWorld(
  'a known identity from a new device in a new network waits for a code as any sign-in does, holds no token, and goes on to where it began',
  async (world) => {
    const person = { subject: '42', email: 'ada@example.com' };
    await byPage(fake, world.browser(), 'github', person);
    const far = { address: '203.0.113.9' };
    const browser = world.browser(far);
    const held = await byRedirect(fake, browser, 'github', person, { returnTo: '/dashboard/activity' });
    assert.equal(held.headers['location'], 'http://localhost:4000/auth/verify-signin?returnTo=%2Fdashboard%2Factivity');
    assert.deepEqual(
      [browser.cookie('portico_rt'), browser.cookie('portico_at'), browser.cookie('portico_waiting') === undefined],
      [undefined, undefined, false],
    );
    const other = world.browser({ address: '192.0.2.77' });
    const asked = await byPage(fake, other, 'github', person, { returnTo: '/dashboard/activity' });
    assert.deepEqual(asked.body, {
      status: 'UNVERIFIED',
      verifyUrl: 'http://localhost:4000/auth/verify-signin',
      returnTo: '/dashboard/activity',
    });
    const done = await other.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
    assert.equal(done.body['status'], 'VERIFIED', done.text);
    const [session] = await world.deps.db.all("select amr from sessions where state = 'active' order by created_at desc, auth_time desc");
    assert.match(String(session?.['amr']), /fed/);
  },
  options,
);
