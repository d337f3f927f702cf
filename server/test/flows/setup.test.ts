import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { type Email, parseEmail } from '../../src/accounts/email.ts';
import { makeInvitation } from '../../src/accounts/invitation.ts';
import { offerSetup } from '../../src/accounts/offer-setup.ts';
import type { LinkMaker } from '../../src/accounts/setup-link.ts';
import { WRONG_NETWORK } from '../../src/guessing/limits.ts';
import { deleteExpiredRows } from '../../src/jobs/delete-expired-rows.ts';
import type { Answered } from '../browser.ts';
import { everything } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** The one-use link that makes an owner: for a new account, and for one that is there already. */

const EMAIL = 'ada@example.com';
const SHELL = { requestId: 'cli-1', address: '', userAgent: 'portico' };
const GUESS = 'A'.repeat(43);

function address(text: string): Email {
  const email = parseEmail(text);
  assert.ok(email);
  return email;
}
async function linkFor(world: World, email: string | null = null, madeBy: LinkMaker = 'command_line'): Promise<string> {
  const { link } = await offerSetup(world.deps, SHELL, { email: email === null ? null : address(email), madeBy });
  const url = new URL(link);
  assert.deepEqual([url.origin, url.pathname, url.search], [world.deps.config.appOrigin, PAGES.setup, ''], 'the secret is in the fragment');
  assert.match(url.hash, /^#[A-Za-z0-9_-]{43}$/);
  return url.hash.slice(1);
}
const create = (world: World, token: string, email?: string, password: string = PASSWORD) =>
  world.browser().call('setup', { token, password, ...(email === undefined ? {} : { email }) });
const told = ({ status, body }: Answered) => `${status} ${body.error ?? (body['status'] as string | undefined) ?? ''}`.trim();
/** Guesses are counted, of course. */
const kept = async (world: World) => ({ ...(await everything(world)), counters: [] });
const roles = async ({ deps }: World) =>
  (await deps.db.all('select email, role from users order by email')).map((row) => `${String(row['email'])} ${String(row['role'])}`);
const CLOSED = { config: { signup: 'closed', signupDomains: ['corp.example'] } } as const;

inWorld(
  'the link makes a verified owner who is signed in, where nobody else can sign up; then it is over, as a wrong and an old one are',
  async (world) => {
    const token = await linkFor(world);
    const browser = world.browser();
    const looked = await browser.call('setupLink', { token });
    assert.deepEqual([looked.status, looked.body['email'], looked.body['hasAccount']], [200, null, false]);
    const done = await browser.call('setup', { token, email: EMAIL, displayName: ' Ada ', password: PASSWORD });
    assert.equal(told(done), '200 VERIFIED', done.text);
    const me = (await browser.call('me')).body;
    assert.deepEqual([me['email'], me['displayName'], me['role']], [EMAIL, 'Ada', 'owner']);
    assert.equal(told(await world.browser().signIn(EMAIL, PASSWORD)), '200 VERIFIED', 'without a code that no mail server would send');

    const old = await linkFor(world);
    world.clock.advance(30 * MINUTE);
    const before = await kept(world);
    const answers: string[] = [];
    for (const spent of [token, old, GUESS, 'x', `${old}.`])
      for (const call of ['setup', 'setupLink'] as const) {
        const body = call === 'setup' ? { token: spent, email: 'eve@example.com', password: PASSWORD } : { token: spent };
        const { status, body: said } = await world.browser().call(call, body);
        answers.push(JSON.stringify([status, { ...said, requestId: '' }]));
      }
    assert.equal(new Set(answers).size, 1, answers.join('\n'));
    assert.match(answers[0] ?? '', /^\[410,.*link_expired/);
    assert.deepEqual(await kept(world), before, 'nothing was written');
    const actors = async (action: string) =>
      (await world.deps.db.all('select actor_id from events where action = $1', [action])).map((row) => String(row['actor_id']));
    const [used = ''] = await actors('owner.created');
    assert.match(used, /^link_[A-Za-z0-9_-]{12}$/);
    assert.equal(
      (await actors('setup.link_made')).filter((name) => name === used).length,
      1,
      'named alike where it was made and where it was used',
    );
  },
  CLOSED,
);

inWorld('a link for one address makes that owner and no other; an invitation of the address is used up with it', async (world) => {
  await makeInvitation(world.deps.db, world.deps, address(EMAIL));
  const token = await linkFor(world, EMAIL);
  assert.equal((await world.browser().call('setupLink', { token })).body['email'], EMAIL);
  const links = async () => (await everything(world))['setup_links'];
  const before = await links();
  assert.equal(told(await create(world, token, 'eve@example.com')), '403 link_of_another');
  const eve = await world.signedUp('eve@example.com');
  assert.equal(told(await eve.act('mySetup', { token })), '403 link_of_another');
  assert.deepEqual(await links(), before, 'it is still good');
  assert.equal(told(await create(world, token, 'Ada@Example.com')), '200 VERIFIED');
  assert.deepEqual(await roles(world), ['Ada@Example.com owner', 'eve@example.com user']);
  const [invitation] = await world.deps.db.all('select used_at from invitations');
  assert.notEqual(invitation?.['used_at'], null);
});

inWorld(
  'where the link is for an address nobody has to type it; where it is for anybody it must be typed, and typed well',
  async (world) => {
    const token = await linkFor(world);
    for (const [email, problem] of [
      [undefined, 'missing'],
      ['ada', 'email_malformed'],
    ] as const) {
      const refused = await create(world, token, email);
      assert.deepEqual([told(refused), refused.body['fields']], ['400 invalid_fields', { email: problem }]);
    }
    const weak = await create(world, token, EMAIL, 'short');
    assert.deepEqual([told(weak), weak.body['fields']], ['422 password_refused', { password: 'password_too_short' }]);
    assert.deepEqual(await roles(world), [], 'and the link is not used up by it');
    assert.equal(told(await create(world, await linkFor(world, EMAIL))), '200 VERIFIED');
    assert.equal(told(await create(world, token, 'bob@example.com')), '200 VERIFIED');
  },
);

inWorld('an account that is there is not opened by the link: its owner signs in and proves it freshly', async (world) => {
  const ada = await world.signedUp(EMAIL);
  const token = await linkFor(world, EMAIL);
  assert.equal((await world.browser().call('setupLink', { token })).body['hasAccount'], true);
  world.clock.advance(11 * MINUTE);
  await ada.refresh();
  const before = await kept(world);
  assert.equal(told(await create(world, token)), '409 email_taken');
  assert.equal(told(await ada.act('mySetup', { token })), '403 fresh_signin_required');
  assert.equal(told(await ada.call('mySetup', { token })), '403 csrf_failed');
  assert.equal(told(await world.browser().act('mySetup', { token })), '401 signed_out');
  assert.deepEqual(await kept(world), before, 'nothing was written');
  assert.equal((await ada.act('myProof', { password: PASSWORD })).status, 204);
  assert.equal(told(await ada.act('mySetup', { token: GUESS })), '410 link_expired');
  assert.equal((await ada.act('mySetup', { token })).status, 204);
  assert.deepEqual(await roles(world), [`${EMAIL} owner`]);
  assert.equal(((await ada.refresh()).body['user'] as { role: string }).role, 'owner');
  assert.equal(told(await ada.act('mySetup', { token })), '410 link_expired');
  const [event] = await world.deps.db.all("select actor_id, before_json, after_json from events where action = 'user.role_changed'");
  const [link] = await world.deps.db.all('select token_hash, used_by from setup_links');
  assert.deepEqual(
    [event?.['actor_id'], event?.['before_json'], event?.['after_json']],
    [`link_${String(link?.['token_hash']).slice(0, 12)}`, '{"role":"user"}', '{"role":"owner"}'],
  );
  assert.equal(link?.['used_by'], (await ada.call('me')).body['id']);
});

onTwoNodes('twenty who use one link at the same moment, with accounts and without, make one owner', async (first, second) => {
  const token = await linkFor(first);
  const there = await Promise.all(Array.from({ length: 4 }, (_, at) => first.signedUp(`there${at}@example.com`)));
  const answers = await Promise.all([
    ...Array.from({ length: 16 }, (_, at) => create(at % 2 === 0 ? first : second, token, `new${at}@example.com`)),
    ...there.map((browser) => browser.act('mySetup', { token })),
  ]);
  assert.equal(answers.filter(({ status }) => status < 300).length, 1, answers.map(told).join());
  for (const answer of answers.filter(({ status }) => status >= 300)) assert.equal(told(answer), '410 link_expired');
  assert.equal((await roles(first)).filter((line) => line.endsWith(' owner')).length, 1);
  assert.equal((await roles(first)).length <= there.length + 1, true, 'nobody else got an account');
});

inWorld('whoever guesses at links is counted and shut out; an old link is no guess', async (world) => {
  const spent = await linkFor(world);
  world.clock.advance(31 * MINUTE);
  const [late, eve] = [world.browser(), world.browser()];
  for (let tries = 0; tries < WRONG_NETWORK.max; tries += 1) {
    assert.equal(told(await late.call('setupLink', { token: spent })), '410 link_expired');
    if (tries % 10 === 9) world.clock.advance(MINUTE);
    const call = tries % 2 === 0 ? 'setupLink' : 'setup';
    const body = { token: GUESS, ...(call === 'setup' ? { email: EMAIL, password: PASSWORD } : {}) };
    assert.equal(told(await eve.call(call, body)), '410 link_expired', String(tries));
  }
  assert.equal(told(await eve.call('setupLink', { token: await linkFor(world) })), '429 address_suspended');
  const [row] = await world.deps.db.all('select count(*) as shut from suspensions');
  assert.equal(row?.['shut'], 1, 'and not who was late');
});

inWorld('links of the start screen end with the next start and with the first owner; those of the command line stay', async (world) => {
  const [asked, first, second] = [await linkFor(world), await linkFor(world, null, 'start'), await linkFor(world, null, 'start')];
  assert.equal(told(await create(world, first, EMAIL)), '410 link_expired');
  assert.equal(told(await create(world, await linkFor(world, EMAIL))), '200 VERIFIED');
  assert.equal(told(await create(world, second, 'eve@example.com')), '410 link_expired');
  assert.equal(told(await create(world, asked, 'bob@example.com')), '200 VERIFIED');
});

inWorld('a link’s secret is nowhere in the database, and a day after its end the row is gone', async (world) => {
  const tokens = [await linkFor(world), await linkFor(world, EMAIL)];
  await create(world, tokens[1] ?? '');
  for (const token of tokens) assert.ok(!JSON.stringify(await everything(world)).includes(token));
  await deleteExpiredRows(world.deps, new AbortController().signal);
  assert.equal((await world.deps.db.all('select 1 as one from setup_links')).length, 2);
  world.clock.advance(25 * 60 * MINUTE);
  await deleteExpiredRows(world.deps, new AbortController().signal);
  assert.equal((await world.deps.db.all('select 1 as one from setup_links')).length, 0);
});

inWorld('the page says nothing about any link, is kept nowhere, and works as a plain form with the pasted link', async (world) => {
  const token = await linkFor(world, EMAIL);
  const browser = world.browser();
  const before = await kept(world);
  const page = await browser.send('GET', PAGES.setup, undefined, { headers: { accept: 'text/html' } });
  assert.deepEqual([page.status, page.headers['cache-control'], page.headers['referrer-policy']], [200, 'no-store', 'same-origin']);
  assert.match(page.text, /<input[^>]*name="token"/);
  assert.match(page.text, /<input[^>]*name="email"[^>]*autocomplete="username"/);
  assert.match(page.text, /<input[^>]*name="password"[^>]*autocomplete="new-password"/);
  assert.ok(!page.text.includes(EMAIL));
  assert.deepEqual(await kept(world), before, 'looking changes nothing');

  const formToken = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const fields = { token: ` http://localhost:4000/setup#${token} `, email: EMAIL };
  assert.equal((await browser.submit(PAGES.setup, { ...fields, password: PASSWORD })).status, 403, 'no form token');
  const refused = await browser.submit(PAGES.setup, { ...fields, [FORM_FIELDS.form]: formToken, password: 'short' });
  assert.ok(refused.status === 422 && refused.text.includes(`value="${token}"`) && refused.text.includes(EMAIL), 'what was typed stays');
  const done = await browser.submit(PAGES.setup, { ...fields, [FORM_FIELDS.form]: formToken, password: PASSWORD });
  assert.deepEqual([done.status, done.text.includes(token), String(done.headers['location']).includes(token)], [303, false, false]);
  assert.deepEqual(await roles(world), [`${EMAIL} owner`]);
  const over = await browser.copy().submit(PAGES.setup, { ...fields, [FORM_FIELDS.form]: formToken, password: PASSWORD });
  assert.ok(over.status === 410 && !over.text.includes(token));
});

inWorld(
  'somebody who is signed in becomes owner by a plain form, after a fresh proof, and the code is never put into an address',
  async (world) => {
    const ada = await world.signedUp(EMAIL);
    const token = await linkFor(world);
    const page = await ada.send('GET', PAGES.setup, undefined, { headers: { accept: 'text/html' } });
    assert.ok(page.text.includes(`action="${PAGE_FORMS.setupOwn}"`) && page.text.includes(EMAIL) && !page.text.includes('name="password"'));
    const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    assert.equal((await ada.submit(PAGE_FORMS.setupOwn, { token })).status, 403, 'no CSRF token');
    world.clock.advance(11 * MINUTE);
    const led = await ada.submit(PAGE_FORMS.setupOwn, { token, [FORM_FIELDS.csrf]: csrf });
    assert.deepEqual(
      [led.status, String(led.headers['location'])],
      [303, `${PAGES.dashboardProof}?returnTo=${encodeURIComponent(PAGES.setup)}`],
    );
    assert.deepEqual(await roles(world), [`${EMAIL} user`]);
    await ada.refresh();
    assert.equal((await ada.act('myProof', { password: PASSWORD })).status, 204);
    const wrong = await ada.submit(PAGE_FORMS.setupOwn, { token: GUESS, [FORM_FIELDS.csrf]: csrf });
    assert.equal(wrong.status, 410);
    assert.equal((await ada.submit(PAGE_FORMS.setupOwn, { token, [FORM_FIELDS.csrf]: csrf })).status, 303);
    assert.deepEqual(await roles(world), [`${EMAIL} owner`]);
  },
);
