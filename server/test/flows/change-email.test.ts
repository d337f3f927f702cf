import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { insertIdentity } from '../../src/accounts/identity.ts';
import { FRESH_FOR } from '../../src/sessions/fresh-proof.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions, everything } from '../families.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** Moving an account to another address, and taking it back. */

const OLD = 'ada@example.com';
const NEW = 'ada@new.example';

const ask = (browser: Browser, email = NEW) => browser.act('myEmail', { email });
async function asked(world: World, browser: Browser, email = NEW) {
  const answered = await ask(browser, email);
  assert.equal(answered.status, 204, answered.text);
  return world.tokenFor(email, 'confirmEmail');
}
const confirm = (browser: Browser, token: string) => browser.act('confirmEmail', { token });
const undo = (world: World, token: string) => world.browser().call('undoEmail', { token });
async function moved(world: World, browser: Browser, email = NEW) {
  assert.equal((await confirm(browser, await asked(world, browser, email))).status, 200);
}
const lettersTo = async (world: World, to: string) => (await world.mails()).filter((letter) => letter.to === to);
const seen = ({ status, text, setCookies, headers }: Answered) =>
  JSON.stringify([status, text, setCookies, Object.keys(headers).sort(), headers['content-length']]);

inWorld(
  'A007: nothing moves until the new mailbox is proven, the old one is told before and after, and then the new address signs in',
  async (world) => {
    const browser = await world.signedUp(OLD);
    const token = await asked(world, browser);
    assert.equal((await browser.call('me')).body['email'], OLD);
    assert.equal((await world.browser().signIn(NEW, PASSWORD)).body.error, 'wrong_credentials');
    const [notice] = await lettersTo(world, OLD);
    assert.match(notice?.subject ?? '', /about to change/);
    assert.ok(
      !JSON.stringify(notice).includes(NEW) && !JSON.stringify(notice).includes(token),
      'the notice names neither address nor token',
    );

    const confirmed = await confirm(browser, token);
    assert.deepEqual([confirmed.status, confirmed.body], [200, { status: 'VERIFIED', email: NEW }]);
    assert.equal((await browser.call('me')).body['email'], NEW, 'and this browser stays signed in');
    assert.equal((await browser.refresh()).body['kind'], 'rotated');
    assert.equal((await world.browser().signIn(NEW, PASSWORD)).status, 200);
    assert.equal((await world.browser().signIn(OLD, PASSWORD)).body.error, 'wrong_credentials');
    assert.ok((await lettersTo(world, OLD)).some(({ subject }) => /was changed/.test(subject)));
    const done = await actions(world);
    assert.ok(done.includes('email.change_asked') && done.includes('email.changed'));
    assert.equal((await confirm(browser, token)).body.error, 'link_expired', 'once');
  },
);

inWorld('it needs a fresh proof, which refreshing does not renew', async (world) => {
  const browser = await world.signedUp(OLD);
  world.clock.advance(FRESH_FOR + 1);
  await browser.refresh();
  assert.equal((await ask(browser)).body.error, 'fresh_signin_required');
  assert.equal((await browser.act('myProof', { password: PASSWORD })).status, 204);
  assert.equal((await ask(browser)).status, 204);
});

inWorld(
  'a new address that has an account gets the same answer after the same writes, and a letter that says so instead of a link',
  async (world) => {
    await world.signedUp('known@example.com');
    const browser = await world.signedUp(OLD);
    const counts = async () => Object.fromEntries(Object.entries(await everything(world)).map(([table, rows]) => [table, rows.length]));
    const before = await counts();
    const free = await ask(browser, 'free@example.com');
    const between = await counts();
    world.clock.advance(MINUTE);
    const taken = await ask(browser, 'known@example.com');
    const after = await counts();
    assert.equal(seen(taken), seen(free));
    // Whose row a counter is depends on who was counted before; that each is counted once is tested below.
    for (const table of Object.keys(after).filter((name) => name !== 'counters'))
      assert.equal((after[table] ?? 0) - (between[table] ?? 0), (between[table] ?? 0) - (before[table] ?? 0), table);
    const [letter] = await lettersTo(world, 'known@example.com');
    assert.match(letter?.subject ?? '', /already have an account/);
    assert.doesNotMatch(JSON.stringify(letter), /token=/);
  },
);

inWorld('the link is worth nothing without the sign-in of the user who asked, and nothing to any other user', async (world) => {
  const browser = await world.signedUp(OLD);
  const eve = await world.signedUp('eve@example.com');
  // Eve would tie the victim's address to her own account by the victim's click.
  const token = await asked(world, eve, 'victim@example.com');
  assert.equal((await world.browser().call('confirmEmail', { token })).body.error, 'signed_out');
  assert.equal((await confirm(browser, token)).body.error, 'link_expired');
  assert.equal((await eve.call('confirmEmail', { token })).body.error, 'csrf_failed');
  assert.equal((await confirm(eve, token)).status, 200, 'and all that has not used it up');
});

inWorld('a link to a new address lives a day, until the next one, and until the password changes', async (world) => {
  const browser = await world.signedUp(OLD);
  const first = await asked(world, browser);
  const second = await asked(world, browser);
  assert.equal((await confirm(browser, first)).body.error, 'link_expired');
  world.clock.advance(DAY);
  await browser.refresh();
  assert.equal((await confirm(browser, second)).body.error, 'link_expired');
  await browser.act('myProof', { password: PASSWORD });
  const third = await asked(world, browser);
  await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' });
  assert.equal((await confirm(browser, third)).body.error, 'link_expired');
  const fourth = await asked(world, browser);
  await world.browser().call('forgotPassword', { email: OLD });
  await world.settled();
  await world.browser().call('resetPassword', { token: await world.tokenFor(OLD, 'reset'), password: PASSWORD });
  await browser.signIn(OLD, PASSWORD);
  // After a recovery every browser types a code.
  await browser.call('verifySignIn', { securityCode: await world.codeFor(OLD) });
  assert.equal((await confirm(browser, fourth)).body.error, 'link_expired');
});

inWorld('twenty users who prove one mailbox at once: one of them has it', async (world) => {
  const browsers: Browser[] = [];
  const tokens: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    const browser = await world.signedUp(`n${n}@example.com`);
    if (n % 4 === 0) world.clock.advance(HOUR);
    await browser.refresh();
    await browser.act('myProof', { password: PASSWORD });
    browsers.push(browser);
    tokens.push(await asked(world, browser));
  }
  for (const browser of browsers) await browser.refresh();
  const answers = await Promise.all(browsers.map((browser, n) => confirm(browser, tokens[n] ?? '')));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ body }) => body.error === 'email_taken').length, 19);
  const rows = await world.deps.db.all('select id from users where email_key = $1', [NEW]);
  assert.equal(rows.length, 1);
  const loser = browsers.find((_, n) => answers[n]?.status !== 200);
  assert.equal((await loser?.refresh())?.body['kind'], 'rotated', 'who lost is still signed in, at the old address');
});

inWorld('twenty parallel confirmations of one link move the account once, and one letter tells of it', async (world) => {
  const browser = await world.signedUp(OLD);
  const token = await asked(world, browser);
  const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(browser, token)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal((await lettersTo(world, OLD)).filter(({ subject }) => /was changed/.test(subject)).length, 1);
});

inWorld(
  'undo: the owner of the old mailbox has the account back, without a sign-in; sessions, password, devices and links of the thief are dead',
  async (world) => {
    const thief = await world.signedUp(OLD);
    const owner = world.browser();
    await owner.signIn(OLD, PASSWORD);
    const link = async (provider: string, now: number) => {
      const userId = String((await world.deps.db.all('select id from users'))[0]?.['id']);
      await insertIdentity(world.deps.db, world.deps, { provider, subject: provider, userId, label: 'ada', tokens: null, now });
    };
    await link('github', world.clock.now() - DAY - 1);
    await link('google', world.clock.now());
    await moved(world, thief);
    const pending = await asked(world, thief, 'further@new.example');
    await world.browser().call('forgotPassword', { email: NEW });
    await world.settled();
    const resetOfThief = await world.tokenFor(NEW, 'reset');
    const token = await world.tokenFor(OLD, 'undoEmail');
    world.clock.advance(7 * DAY - 1);

    const answered = await undo(world, token);
    assert.deepEqual([answered.status, answered.body, answered.setCookies], [200, { status: 'SIGNED_OUT' }, []]);
    for (const browser of [thief, owner]) assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
    assert.equal((await thief.refresh()).body.error, 'session_ended');
    for (const email of [OLD, NEW]) assert.equal((await world.browser().signIn(email, PASSWORD)).body.error, 'wrong_credentials', email);
    assert.equal(
      (await world.browser().call('resetPassword', { token: resetOfThief, password: 'the thief chooses a password' })).body.error,
      'link_expired',
    );
    assert.equal((await undo(world, token)).body.error, 'link_expired', 'once');
    const rows = await world.deps.db.all('select email, recovered_at, previous_email from users');
    assert.deepEqual({ ...rows[0] }, { email: OLD, recovered_at: world.clock.now(), previous_email: null });
    assert.deepEqual(await world.deps.db.all('select user_id from devices'), []);
    const identities = (await world.deps.db.all('select provider from identities')).map((row) => row['provider']);
    assert.deepEqual(identities, ['github'], 'what was linked since the day before the change is unlinked');

    const again = { token: await world.tokenFor(OLD, 'reset'), password: 'another horse battery staple' };
    assert.equal((await world.browser().call('resetPassword', again)).status, 200);
    assert.equal((await owner.signIn(OLD, again.password)).body['status'], 'UNVERIFIED', 'after a recovery every browser types a code');
    assert.equal((await owner.call('verifySignIn', { securityCode: await world.codeFor(OLD) })).status, 200);
    assert.equal((await confirm(owner, pending)).body.error, 'link_expired');
    assert.ok((await actions(world)).includes('email.restored'));
  },
);

inWorld('a thief who moves the account twice still loses it to the first mailbox, and codes go there for a week', async (world) => {
  const thief = await world.signedUp(OLD);
  await moved(world, thief);
  world.clock.advance(DAY);
  await thief.refresh();
  await thief.act('myProof', { password: PASSWORD });
  await moved(world, thief, 'further@new.example');
  const before = (await lettersTo(world, OLD)).length;
  assert.equal((await thief.act('myProofCode')).status, 200);
  assert.equal((await lettersTo(world, OLD)).length, before + 1, 'the code goes to the first mailbox');
  world.clock.advance(6 * DAY);
  await thief.refresh();
  assert.equal((await thief.act('myProofCode')).status, 200);
  assert.match((await lettersTo(world, 'further@new.example'))[0]?.text ?? '', /\b\d{8}\b/, 'after a week it goes to the new one');
  assert.equal((await undo(world, await world.tokenFor(OLD, 'undoEmail'))).body.error, 'link_expired', 'so long, and no longer');
});

inWorld(
  'twice moved, the first owner takes it back within the week, and the link that went to the thief’s mailbox dies with it',
  async (world) => {
    const thief = await world.signedUp(OLD);
    await moved(world, thief);
    await moved(world, thief, 'further@new.example');
    const ofThief = await world.tokenFor(NEW, 'undoEmail');
    assert.equal((await undo(world, await world.tokenFor(OLD, 'undoEmail'))).status, 200);
    assert.equal((await undo(world, ofThief)).body.error, 'link_expired');
    assert.equal((await world.deps.db.all('select email from users'))[0]?.['email'], OLD);
  },
);

inWorld('an old address that somebody else has by now is not taken back from them, and the link stays', async (world) => {
  const browser = await world.signedUp(OLD);
  await moved(world, browser);
  const token = await world.tokenFor(OLD, 'undoEmail');
  const next = await world.signedUp(OLD);
  const answered = await undo(world, token);
  assert.deepEqual([answered.status, answered.body.error], [409, 'email_taken']);
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED', 'nothing half-written');
  assert.equal((await next.call('me')).body['email'], OLD);
});

inWorld('twenty parallel undos restore once', async (world) => {
  const browser = await world.signedUp(OLD);
  await moved(world, browser);
  const token = await world.tokenFor(OLD, 'undoEmail');
  const answers = await Promise.all(Array.from({ length: 20 }, () => undo(world, token)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.ok(answers.every(({ status, body }) => status === 200 || body.error === 'link_expired'));
});

inWorld('letters to the old and to the new mailbox count, so that nobody can drown one or silence the other', async (world) => {
  const browser = await world.signedUp(OLD);
  world.clock.advance(HOUR);
  await browser.refresh();
  await browser.act('myProof', { password: PASSWORD });
  const before = { [OLD]: (await lettersTo(world, OLD)).length, [NEW]: 0 };
  let refused: Answered | null = null;
  for (let n = 0; n < 7; n += 1) {
    const answered = await ask(browser);
    if (answered.status !== 204) refused = answered;
  }
  assert.equal(refused?.body.error, 'account_throttled');
  assert.equal((await lettersTo(world, OLD)).length - (before[OLD] ?? 0), 5);
  assert.equal((await lettersTo(world, NEW)).length, 5);
  assert.equal(
    (await ask(browser, 'other@new.example')).body.error,
    'account_throttled',
    'no change of which the old mailbox would not hear',
  );
});

inWorld(
  'only an address of an allowed domain is taken',
  async (world) => {
    const browser = await world.signedUp('ada@corp.example');
    assert.equal((await ask(browser, 'ada@elsewhere.example')).body.error, 'signup_domain_refused');
    assert.equal((await ask(browser, 'lovelace@corp.example')).status, 204);
    assert.equal((await ask(browser, 'no address')).body.error, 'invalid_fields');
  },
  { config: { signupDomains: ['corp.example'] } },
);

inWorld('one’s own address in another spelling may be confirmed, and still signs in', async (world) => {
  const browser = await world.signedUp(OLD);
  await moved(world, browser, 'Ada@Example.com');
  assert.equal((await browser.call('me')).body['email'], 'Ada@Example.com');
  assert.equal((await world.browser().signIn(OLD, PASSWORD)).status, 200);
});

inWorld(
  'the pages: signed out, the link leads through the sign-in and back; GET changes nothing; buttons move the account and take it back',
  async (world) => {
    const browser = await world.signedUp(OLD);
    const token = await asked(world, browser);
    const page = (who: Browser, path: string) => who.send('GET', path, undefined, { headers: { accept: 'text/html' } });
    const confirmPath = `${PAGES.confirmEmail}?token=${token}`;
    const stranger = await page(world.browser(), confirmPath);
    assert.deepEqual(
      [stranger.status, stranger.headers['location']],
      [303, `${PAGES.signIn}?${new URLSearchParams({ returnTo: confirmPath })}`],
    );

    const eve = await world.signedUp('eve@example.com');
    assert.match((await page(eve, confirmPath)).text, /somebody else is signed in here/);
    const before = await everything(world);
    const shown = await page(browser, confirmPath);
    await browser.send('HEAD', confirmPath);
    assert.deepEqual(await everything(world), before);
    const csrf = /name="csrf_token" value="([^"]+)"/.exec(shown.text)?.[1] ?? '';
    assert.equal((await browser.submit(PAGES.confirmEmail, { token })).status, 403, 'no token of ours');
    assert.equal((await eve.submit(PAGES.confirmEmail, { [FORM_FIELDS.csrf]: eve.csrf, token })).status, 410);
    const done = await browser.submit(PAGES.confirmEmail, { [FORM_FIELDS.csrf]: csrf, token });
    assert.deepEqual([done.status, done.headers['location']], [303, `${PAGES.confirmEmail}?notice=done`]);
    assert.match((await page(browser, `${PAGES.confirmEmail}?notice=done`)).text, /Your address was changed/);

    const undoToken = await world.tokenFor(OLD, 'undoEmail');
    const owner = world.browser();
    const undoPath = `${PAGES.undoEmail}?token=${undoToken}`;
    const untouched = await everything(world);
    const form = await page(owner, undoPath);
    await owner.send('HEAD', undoPath);
    assert.deepEqual(await everything(world), untouched);
    const formToken = /name="form_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
    const undone = await owner.submit(PAGES.undoEmail, { [FORM_FIELDS.form]: formToken, token: undoToken });
    assert.deepEqual([undone.status, undone.headers['location']], [303, `${PAGES.undoEmail}?notice=done`]);
    assert.match((await page(owner, `${PAGES.undoEmail}?notice=done`)).text, /back at your address/);
    assert.match((await page(owner, undoPath)).text, /older than a week/);
  },
);
