import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { SIGHTING_LIFE } from '../../src/accounts/sighting.ts';
import { CODE_ACCOUNT, SIGN_IN_CODES, SIGN_IN_NOTICES, SIGN_IN_STRANGERS, WAITING_ACCOUNT } from '../../src/guessing/limits.ts';
import { CLOSE_WATCH } from '../../src/guessing/unusual.ts';
import { deleteExpiredRows } from '../../src/jobs/delete-expired-rows.ts';
import { deleteExpiredUnverified } from '../../src/jobs/delete-expired-unverified-sessions.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions, sessionOf } from '../families.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** The right password in unusual circumstances: a code from the mailbox opens the session, and until then there is nothing. */

const EMAIL = 'ada@example.com';
const FAR = '203.0.113.9';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const PAGE = { headers: { accept: 'text/html' } };
const never = new AbortController().signal;
const otherThan = (code: string) => (code === '00000000' ? '11111111' : '00000000');

/** Ada is signed up at home; a browser far away has typed her password. */
async function waiting(
  world: World,
  options: { keep?: boolean; address?: string } = {},
): Promise<{ owner: Browser; browser: Browser; asked: Answered }> {
  const owner = await world.signedUp(EMAIL);
  const browser = world.browser({ address: FAR, ...options });
  const asked = await browser.signIn(EMAIL, PASSWORD, options);
  assert.equal(asked.body['status'], 'UNVERIFIED', asked.text);
  return { owner, browser, asked };
}

const confirm = async (world: World, browser: Browser) => browser.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) });
const letters = async (world: World) => (await world.mails()).filter(({ to }) => to === EMAIL);

inWorld(
  'a new device in a new network gets no token of any kind, and the code from the mailbox opens what was asked for',
  async (world) => {
    const { browser, asked } = await waiting(world);
    assert.deepEqual(asked.body, { status: 'UNVERIFIED', verifyUrl: 'http://localhost:4000/auth/verify-signin' });
    assert.deepEqual([...browser.jar.keys()], [COOKIES.waiting]);
    assert.equal((await browser.call('me')).body.error, 'signed_out');
    assert.equal((await browser.refresh()).body.error, 'refresh_invalid');
    const [letter] = await letters(world);
    assert.match(letter?.text ?? '', /Firefox on Windows, 203\.0\.113\.9, Jan 5, 2026, 12:00.PM UTC/);
    for (const words of [en.unusual.new_device, en.unusual.new_network, 'Never give this code to anybody'])
      assert.ok(letter?.text.includes(words), words);
    world.clock.advance(5 * MINUTE);
    const done = await confirm(world, browser);
    assert.equal(done.body['status'], 'VERIFIED', done.text);
    assert.equal(browser.cookie(COOKIES.waiting), undefined);
    const session = await sessionOf(world, browser);
    assert.deepEqual([session.amr, session.authTime, session.unusual], [['pwd', 'otp'], world.clock.now(), null]);
    assert.equal(session.expiresAt, world.clock.now() + world.deps.config.sessionLife, 'its life begins with the code');
    assert.equal((await browser.call('me')).body['email'], EMAIL);
    const events = await world.deps.db.all("select reason from events where action = 'signin.held'");
    assert.deepEqual(
      events.map((row) => row['reason']),
      ['60 new_device new_network'],
    );
  },
);

inWorld('once confirmed, a browser is asked no more: at home, abroad, and after it was signed out', async (world) => {
  const { browser } = await waiting(world);
  await confirm(world, browser);
  for (const address of [FAR, '192.0.2.1', '2001:db8::1']) {
    await browser.act('signOut');
    const moved = browser.copy({ address });
    assert.equal((await moved.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED', address);
  }
});

inWorld('without "keep me signed in" the network and the kind of browser are remembered, and no device', async (world) => {
  const { browser } = await waiting(world, { keep: false });
  const done = await confirm(world, browser);
  assert.equal(done.status, 200, done.text);
  assert.equal(browser.cookie(COOKIES.device), undefined);
  assert.ok(done.setCookies.filter((line) => !line.includes(COOKIES.waiting)).every((line) => !line.includes('Max-Age')));
  const again = world.browser({ address: '203.0.113.200' });
  assert.equal((await again.signIn(EMAIL, PASSWORD, { keep: false })).body['status'], 'VERIFIED', 'the same /24');
  const elsewhere = world.browser({ address: '192.0.2.1' });
  assert.equal((await elsewhere.signIn(EMAIL, PASSWORD, { keep: false })).body['status'], 'UNVERIFIED');
});

inWorld('at home a new device gets in, and the owner is told by mail, once a week for each place and kind of browser', async (world) => {
  await world.signedUp(EMAIL);
  const told = async () => (await letters(world)).filter(({ subject }) => subject.includes('new sign-in')).length;
  for (let n = 0; n < 3; n += 1) assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
  assert.equal(await told(), 1);
  assert.equal((await world.browser({ userAgent: CHROME }).signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
  assert.equal(await told(), 2);
  world.clock.advance(SIGN_IN_NOTICES.window);
  await world.browser().signIn(EMAIL, PASSWORD);
  assert.equal(await told(), 3);
  assert.equal((await actions(world)).filter((action) => action === 'signin.noticed').length, 5, 'every one of them is written down');
  const [newest] = await letters(world);
  assert.match(newest?.text ?? '', /http:\/\/localhost:4000\/auth\/not-me\?token=[A-Za-z0-9_-]{43}/);
  assert.doesNotMatch(newest?.text ?? '', /\b\d{8}\b/);
});

inWorld('a sighting counts for ninety days, and then it is deleted', async (world) => {
  await world.signedUp(EMAIL);
  const count = async () => (await world.deps.db.all('select * from sightings')).length;
  assert.equal(await count(), 2);
  world.clock.advance(SIGHTING_LIFE - 1);
  await deleteExpiredRows(world.deps, never);
  assert.equal(await count(), 2);
  world.clock.advance(1);
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
  await deleteExpiredRows(world.deps, never);
  assert.equal(await count(), 0);
});

inWorld('the browser that was signed in before stays so until the code was typed, and the page asks for it all the same', async (world) => {
  const other = await world.signedUp('bob@example.com', { address: FAR });
  await world.signedUp(EMAIL);
  const before = await sessionOf(world, other);
  assert.equal((await other.signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
  assert.equal((await other.call('me')).body['email'], 'bob@example.com');
  assert.equal((await other.refresh()).body['kind'], 'rotated');
  const page = await other.send('GET', PAGES.verifySignIn, undefined, PAGE);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(en.pages.verifySignIn.whyUnusual.slice(0, 20)));
  assert.equal((await confirm(world, other)).body['status'], 'VERIFIED');
  assert.equal((await other.call('me')).body['email'], EMAIL);
  const [row] = await world.deps.db.all('select state, ended_reason from sessions where id = $1', [before.id]);
  assert.deepEqual({ ...row }, { state: 'revoked', ended_reason: 'signed_in_again' });
});

inWorld('the code opens the browser that typed the password, and no other; a new sign-in there ends the one that waited', async (world) => {
  const { browser } = await waiting(world);
  const code = await world.codeFor(EMAIL);
  const other = world.browser({ address: '192.0.2.77' });
  assert.equal((await other.call('verifySignIn', { securityCode: code })).body.error, 'code_expired');
  await other.signIn(EMAIL, PASSWORD);
  const theirs = await world.codeFor(EMAIL);
  if (theirs !== code) assert.equal((await other.call('verifySignIn', { securityCode: code })).body.error, 'wrong_code');
  const stale = browser.copy();
  await browser.signIn(EMAIL, PASSWORD);
  assert.equal((await stale.call('verifySignIn', { securityCode: code })).body.error, 'code_expired', 'the older one has ended');
  assert.deepEqual((await stale.call('session')).body, { status: 'SIGNED_OUT' });
  assert.equal((await confirm(world, browser)).body['status'], 'VERIFIED');
});

for (const change of ['a password change', 'a suspension', 'a sign-out everywhere'] as const) {
  inWorld(`${change} while a sign-in waits makes its code worthless`, async (world) => {
    const { owner, browser } = await waiting(world);
    const securityCode = await world.codeFor(EMAIL);
    if (change === 'a password change') {
      const changed = await owner.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' });
      assert.equal(changed.status, 200, changed.text);
    } else if (change === 'a suspension') await world.deps.db.all('update users set suspended_at = 1');
    else assert.equal((await owner.act('signOut', { everywhere: true })).status, 204);
    assert.equal((await browser.call('verifySignIn', { securityCode })).body.error, 'code_expired');
    assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
    assert.equal((await browser.call('resendCode')).body.error, 'code_expired');
  });
}

inWorld('a password change between the check of the password and the session that would wait wins', async (world) => {
  await world.signedUp(EMAIL);
  const { hasher } = world.deps;
  const verify = hasher.verify;
  Object.assign(hasher, {
    verify: async (stored: string | null, password: string) => {
      const right = await verify(stored, password);
      await world.deps.db.all('update users set uv = uv + 1');
      return right;
    },
  });
  assert.equal((await world.browser({ address: FAR }).signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials');
  assert.deepEqual(await world.deps.db.all("select id from sessions where state = 'unverified'"), []);
});

inWorld('twenty right codes at once open one session; five wrong ones kill the code, five codes the sign-in', async (world) => {
  const { browser } = await waiting(world);
  const securityCode = await world.codeFor(EMAIL);
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.copy().call('verifySignIn', { securityCode })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  world.clock.advance(HOUR);
  const second = world.browser({ address: '192.0.2.9' });
  await second.signIn(EMAIL, PASSWORD);
  for (let n = 0; n < 3; n += 1) {
    const code = await world.codeFor(EMAIL);
    for (let left = 4; left >= 0; left -= 1) {
      const wrong = await second.call('verifySignIn', { securityCode: otherThan(code) });
      assert.deepEqual([wrong.body.error, wrong.body['triesLeft']], ['wrong_code', left]);
    }
    assert.equal((await second.call('verifySignIn', { securityCode: code })).body.error, 'code_expired');
    world.clock.advance(20 * MINUTE);
    assert.equal((await second.call('resendCode')).status, 200);
  }
  world.clock.advance(20 * MINUTE);
  assert.equal((await second.call('resendCode')).status, 200);
  world.clock.advance(HOUR);
  const last = await world.codeFor(EMAIL);
  assert.equal((await second.call('verifySignIn', { securityCode: last })).body.error, 'code_expired', 'ten minutes');
  assert.equal((await second.call('resendCode')).body.error, 'too_many_requests', 'five codes for one sign-in');
});

inWorld('no tries and no further code: the sign-in is gone', async (world) => {
  const { browser } = await waiting(world);
  for (let sends = 1; sends <= 5; sends += 1) {
    const code = await world.codeFor(EMAIL);
    if (sends === 5) for (let n = 0; n < 5; n += 1) await browser.call('verifySignIn', { securityCode: otherThan(code) });
    world.clock.advance(20 * MINUTE);
    if (sends < 5) assert.equal((await browser.call('resendCode')).status, 200);
  }
  assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
  const [row] = await world.deps.db.all("select ended_reason from sessions where ended_reason = 'too_many_codes'");
  assert.ok(row);
});

inWorld('five letters an hour and twenty waiting sign-ins a day for an account; a known device has its own', async (world) => {
  const owner = await world.signedUp(EMAIL);
  const words: string[] = [];
  for (let n = 0; n < WAITING_ACCOUNT.max + 3; n += 1) {
    const { body } = await world.browser({ address: `192.0.${n}.1` }).signIn(EMAIL, PASSWORD);
    words.push(body.error ?? String(body['status']));
    if (n % SIGN_IN_CODES.max === SIGN_IN_CODES.max - 1) world.clock.advance(HOUR);
  }
  assert.deepEqual(words, [...Array<string>(WAITING_ACCOUNT.max).fill('UNVERIFIED'), ...Array<string>(3).fill('account_throttled')]);
  // The owner's own browser, watched closely because its cookies were copied: neither count reaches it.
  await owner.copy().refresh();
  assert.equal((await owner.refresh()).body.error, 'session_held');
  await owner.call('notMe');
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
  assert.equal((await confirm(world, owner)).body['status'], 'VERIFIED');
  world.clock.advance(DAY);
  for (let n = 0; n < SIGN_IN_CODES.max; n += 1)
    assert.equal((await world.browser({ address: `192.0.100.${n}` }).signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
  const sixth = await world.browser({ address: '192.0.101.1' }).signIn(EMAIL, PASSWORD);
  assert.deepEqual([sixth.status, sixth.body.error], [429, 'account_throttled']);
  assert.ok(Number(sixth.headers['retry-after']) > 0);
});

inWorld('who knows the password cannot use up the tries of an owner whose session is held', async (world) => {
  const owner = await world.signedUp(EMAIL);
  world.clock.advance(HOUR);
  await owner.copy().refresh();
  await owner.refresh();
  for (let n = 0; n < 4; n += 1) {
    const thief = world.browser({ address: `192.0.${n}.1` });
    assert.equal((await thief.signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
    const code = await world.codeFor(EMAIL);
    for (let tries = 0; tries < 5; tries += 1) await thief.call('verifySignIn', { securityCode: otherThan(code) });
  }
  const late = world.browser({ address: '192.0.9.1' });
  await late.signIn(EMAIL, PASSWORD);
  assert.equal(
    (await late.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })).body.error,
    'account_throttled',
    `${CODE_ACCOUNT.max} an hour`,
  );
  assert.equal((await owner.call('resendCode')).body['status'], 'HELD');
  assert.equal((await confirm(world, owner)).body['status'], 'VERIFIED');
});

inWorld('for a day after a hold every browser types one code, known or not, and then no more', async (world) => {
  const owner = await world.signedUp(EMAIL);
  const second = world.browser();
  await second.signIn(EMAIL, PASSWORD);
  world.clock.advance(HOUR);
  await owner.copy().refresh();
  await owner.refresh();
  world.clock.advance(MINUTE);
  const device = second.cookie(COOKIES.device);
  const copied = second.copy({ address: FAR });
  const asked = await second.signIn(EMAIL, PASSWORD);
  assert.equal(asked.body['status'], 'UNVERIFIED');
  assert.match((await letters(world))[0]?.text ?? '', /copied sign-in/);
  assert.equal((await confirm(world, second)).body['status'], 'VERIFIED');
  assert.notEqual(second.cookie(COOKIES.device), device, 'a new device cookie: a copy of the old one is worth nothing');
  assert.equal((await second.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED', 'asked once');
  await owner.call('resendCode');
  await confirm(world, owner);
  const third = world.browser();
  await third.signIn(EMAIL, PASSWORD);
  assert.equal((await third.call('session')).body['status'], 'UNVERIFIED');
  world.clock.advance(CLOSE_WATCH);
  assert.equal((await third.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED', 'a day later the neighbourhood counts again');
  await copied.signIn(EMAIL, PASSWORD);
  const { unusual } = (await copied.call('session')).body as { unusual?: { reasons: readonly string[] } };
  assert.deepEqual(unusual?.reasons, ['new_device', 'new_network'], 'the copied device cookie is nobody’s any more');
});

inWorld('for a day after a recovery by mail every browser types a code', async (world) => {
  const owner = await world.signedUp(EMAIL);
  world.clock.advance(HOUR);
  await world.deps.db.all('update users set recovered_at = $1', [world.clock.now()]);
  world.clock.advance(HOUR);
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
  assert.equal((await confirm(world, owner)).body['status'], 'VERIFIED');
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
});

inWorld('while strangers guess at an account a new device at home is asked, and a known one is not', async (world) => {
  const owner = await world.signedUp(EMAIL);
  for (let n = 0; n < SIGN_IN_STRANGERS.max; n += 1)
    await world.browser({ address: `192.0.${n}.1` }).signIn(EMAIL, 'a wrong password entirely');
  world.clock.advance(HOUR);
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body['status'], 'UNVERIFIED');
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
});

inWorld('for a week after a change of address the code goes to the mailbox that was proven before', async (world) => {
  await world.signedUp(EMAIL);
  const until = world.clock.now() + 7 * DAY;
  await world.deps.db.all(
    "update users set email = 'eve@example.com', email_key = 'eve@example.com', previous_email = $1, previous_email_until = $2",
    [EMAIL, until],
  );
  const browser = world.browser({ address: FAR });
  await browser.signIn('eve@example.com', PASSWORD);
  assert.deepEqual(
    (await world.mails()).filter(({ to }) => to === 'eve@example.com'),
    [],
  );
  assert.equal((await confirm(world, browser)).body['status'], 'VERIFIED');
});

inWorld('"this was not me" ends the sign-in that waits and nothing else, and offers another password', async (world) => {
  const { owner, browser } = await waiting(world);
  const page = await browser.send('GET', PAGES.verifySignIn, undefined, PAGE);
  const form_token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  for (const words of ['New sign-in: Firefox on Windows', en.unusual.new_device, en.unusual.new_network, 'a••••@example.com'])
    assert.ok(page.text.includes(words), words);
  assert.ok(!page.text.includes(EMAIL));
  const gone = await browser.submit('/auth/verify-signin/not-me', { form_token });
  assert.deepEqual([gone.status, gone.headers['location']], [303, '/login?notice=not_me']);
  const signIn = await browser.send('GET', '/login?notice=not_me', undefined, PAGE);
  assert.ok(signIn.text.includes(`href="${PAGES.forgot}"`) && signIn.text.includes(en.pages.signIn.chooseAnother));
  assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })).body.error, 'code_expired');
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
  assert.equal((await owner.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED', 'the password stands');
});

inWorld('without JavaScript: the form leads to the code page, the code to where the sign-in began', async (world) => {
  await world.signedUp(EMAIL);
  const browser = world.browser({ address: FAR });
  const tokenOf = (page: Answered) => /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const form = await browser.send('GET', '/login?returnTo=%2Fdashboard%2Factivity', undefined, PAGE);
  const fields = { email: EMAIL, password: PASSWORD, keep: 'on', returnTo: '/dashboard/activity', form_token: tokenOf(form) };
  const asked = await browser.submit(PAGES.signIn, fields);
  const address = '/auth/verify-signin?returnTo=%2Fdashboard%2Factivity';
  assert.deepEqual([asked.status, asked.headers['location']], [303, address]);
  const page = await browser.send('GET', address, undefined, PAGE);
  const securityCode = await world.codeFor(EMAIL);
  const done = await browser.submit(PAGES.verifySignIn, { securityCode, returnTo: '/dashboard/activity', form_token: tokenOf(page) });
  assert.deepEqual([done.status, done.headers['location']], [303, '/dashboard/activity']);
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});

inWorld('a sign-in waits twelve hours, and then it is deleted', async (world) => {
  const { browser } = await waiting(world);
  world.clock.advance(12 * HOUR - 1);
  assert.equal((await browser.call('session')).body['status'], 'UNVERIFIED');
  await deleteExpiredUnverified(world.deps, never);
  assert.equal((await world.deps.db.all("select id from sessions where state = 'unverified'")).length, 1);
  world.clock.advance(1);
  assert.equal((await browser.call('resendCode')).body.error, 'code_expired');
  await deleteExpiredUnverified(world.deps, never);
  assert.equal((await world.deps.db.all("select id from sessions where state = 'unverified'")).length, 0);
});

inWorld(
  'where no code could reach the owner nobody is locked out by asking for one',
  async (world) => {
    await world.signedUp(EMAIL);
    assert.equal((await world.browser({ address: FAR }).signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
  },
  { config: { mode: 'production', smtpUrl: '' } },
);
