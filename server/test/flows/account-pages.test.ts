import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGE_FORMS, PAGES, SYSTEM } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { insertIdentity } from '../../src/accounts/identity.ts';
import type { Answered, Browser } from '../browser.ts';
import { fakeProviders } from '../fake-providers.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** The pages of an account as plain forms see them: without a script, on one host. */

const EMAIL = 'ada@example.com';
const PAGE = { headers: { accept: 'text/html' } };
const PAGES_OF_ACCOUNT = [
  PAGES.dashboard,
  PAGES.dashboardSites,
  PAGES.dashboardSecurity,
  PAGES.dashboardActivity,
  PAGES.dashboardAccount,
  PAGES.dashboardProof,
];
const proofOf = (page: string) => `${PAGES.dashboardProof}?returnTo=${encodeURIComponent(page)}`;

const open = (browser: Browser, path: string): Promise<Answered> => browser.send('GET', path, undefined, PAGE);
const post = (browser: Browser, path: string, fields: Record<string, string> = {}): Promise<Answered> =>
  browser.submit(path, { [FORM_FIELDS.csrf]: browser.csrf, ...fields });

async function stale(world: World): Promise<Browser> {
  const browser = await world.signedUp(EMAIL);
  world.clock.advance(11 * MINUTE);
  await browser.refresh();
  return browser;
}

inWorld('each page shows what is the user’s own, leads to the others, and sends strangers to the sign-in and back', async (world) => {
  const browser = await world.signedUp(EMAIL);
  for (const path of PAGES_OF_ACCOUNT) {
    const page = await open(browser, path);
    assert.equal(page.status, 200, path);
    assert.match(String(page.headers['cache-control']), /no-store/);
    const stranger = await open(world.browser(), path);
    assert.deepEqual([stranger.status, stranger.headers['location']], [303, `${PAGES.signIn}?returnTo=${encodeURIComponent(path)}`]);
  }
  const page = await open(browser, PAGES.dashboardSecurity);
  for (const path of PAGES_OF_ACCOUNT.slice(0, 5)) assert.ok(page.text.includes(`href="${path}"`), path);
  assert.match(page.text, /aria-current="page"[^>]*>Sign-in/);
  const wellKnown = await open(browser, SYSTEM.changePassword);
  assert.match(String(wellKnown.headers['location']), /\/dashboard\/security$/);
});

inWorld('a browser that waits or is held reaches none of them', async (world) => {
  const waiting = world.browser();
  await waiting.call('signUp', { email: EMAIL, password: PASSWORD });
  const held = await world.signedUp('held@example.com');
  await held.copy({ address: '203.0.113.9' }).refresh();
  await held.refresh();
  for (const browser of [waiting, held])
    for (const path of PAGES_OF_ACCOUNT) {
      const page = await open(browser, path);
      assert.deepEqual([page.status, page.headers['location']], [303, PAGES.verifySignIn], path);
    }
});

inWorld('every form refuses a call without its CSRF token or from elsewhere, and nothing happens', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const forms = Object.entries(PAGE_FORMS).filter(([name]) => name.startsWith('dashboard'));
  assert.ok(forms.length >= 11);
  for (const [name, path] of [...forms, ['proof', PAGES.dashboardProof] as const]) {
    const fields = { confirm: EMAIL, displayName: 'Eve', email: 'eve@example.com', password: PASSWORD, authProvider: 'github' };
    const bare = await browser.submit(path, fields);
    assert.ok(bare.status === 403 && bare.text.includes(en.errors.csrf_failed), name);
    const elsewhere = await browser.send('POST', path, new URLSearchParams({ ...fields, [FORM_FIELDS.csrf]: browser.csrf }).toString(), {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'text/html',
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
      },
    });
    assert.equal(elsewhere.status, 403, name);
  }
  assert.equal((await browser.call('me')).body['displayName'], '');
});

inWorld('a sensitive form with an old proof leads to the proof, and that back to where it was needed', async (world) => {
  const browser = await stale(world);
  const asks = {
    [PAGE_FORMS.dashboardExport]: PAGES.dashboardAccount,
    [PAGE_FORMS.dashboardDelete]: PAGES.dashboardAccount,
    [PAGE_FORMS.dashboardEmail]: PAGES.dashboardSecurity,
    [PAGE_FORMS.dashboardUnlink]: PAGES.dashboardSecurity,
    [PAGE_FORMS.dashboardLink]: PAGES.dashboardSecurity,
  };
  for (const [form, page] of Object.entries(asks)) {
    const answered = await post(browser, form, { confirm: EMAIL, email: 'new@example.com', authProvider: 'github' });
    assert.deepEqual([answered.status, answered.headers['location']], [303, proofOf(page)], form);
    const shown = await open(browser, page);
    assert.ok(shown.text.includes(proofOf(page)), 'the page offers it before anything is typed');
    assert.ok(!shown.text.includes(`action="${form}"`), form);
  }
  const wrong = await post(browser, PAGES.dashboardProof, { password: 'wrong horse battery', returnTo: PAGES.dashboardAccount });
  assert.equal(wrong.status, 403);
  assert.ok(wrong.text.includes(en.errors.wrong_password) && !wrong.text.includes('wrong horse battery'));
  const right = await post(browser, PAGES.dashboardProof, { password: PASSWORD, returnTo: PAGES.dashboardAccount });
  assert.deepEqual([right.status, right.headers['location']], [303, PAGES.dashboardAccount]);
  assert.ok((await open(browser, PAGES.dashboardAccount)).text.includes(`action="${PAGE_FORMS.dashboardDelete}"`));
});

inWorld('the proof leads to our own pages only, by whatever way the destination comes', async (world) => {
  const browser = await world.signedUp(EMAIL);
  for (const hostile of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/%0d%0aset-cookie:a=b/..//evil',
  ]) {
    const page = await open(browser, `${PAGES.dashboardProof}?returnTo=${encodeURIComponent(hostile)}`);
    assert.ok(!page.text.includes('href="https://evil') && !page.text.includes('href="//evil') && !page.text.includes('href="javascript'));
    const done = await post(browser, PAGES.dashboardProof, { password: PASSWORD, returnTo: hostile });
    assert.equal(done.status, 303);
    assert.match(String(done.headers['location']), /^\/(?![/\\])/, hostile);
  }
});

inWorld('the proof by code: mailed, typed, gone on', async (world) => {
  const browser = await stale(world);
  const asked = await post(browser, PAGE_FORMS.dashboardProofCode, { returnTo: PAGES.dashboardAccount });
  assert.deepEqual([asked.status, asked.headers['location']], [303, proofOf(PAGES.dashboardAccount)]);
  assert.ok((await open(browser, proofOf(PAGES.dashboardAccount))).text.includes('name="securityCode"'));
  const again = await post(browser, PAGE_FORMS.dashboardProofCode, { returnTo: PAGES.dashboardAccount });
  assert.equal(again.status, 429);
  assert.ok(Number(again.headers['retry-after']) > 0);
  const securityCode = await world.codeFor(EMAIL);
  const done = await post(browser, PAGES.dashboardProof, { securityCode, returnTo: PAGES.dashboardAccount });
  assert.deepEqual([done.status, done.headers['location']], [303, PAGES.dashboardAccount]);
});

inWorld('name, export and deletion as plain forms', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const named = await post(browser, PAGE_FORMS.dashboardName, { displayName: ' Ada\u0000 Lovelace ' });
  assert.equal(named.headers['location'], `${PAGES.dashboardAccount}?notice=name_changed`);
  assert.equal((await browser.call('me')).body['displayName'], 'Ada  Lovelace');
  assert.ok((await open(browser, `${PAGES.dashboardAccount}?notice=name_changed`)).text.includes(en.pages.account.nameChanged));

  const file = await post(browser, PAGE_FORMS.dashboardExport);
  assert.match(String(file.headers['content-disposition']), /^attachment; filename="account-/);
  assert.equal((JSON.parse(file.text) as { profile: { email: string } }).profile.email, EMAIL);

  const slip = await post(browser, PAGE_FORMS.dashboardDelete, { confirm: 'ada' });
  assert.equal(slip.status, 400);
  assert.ok(slip.text.includes(en.fields.confirm_differs));
  const gone = await post(browser, PAGE_FORMS.dashboardDelete, { confirm: EMAIL });
  assert.deepEqual([gone.status, gone.headers['location']], [303, `${PAGES.signIn}?notice=account_deleted`]);
  assert.equal(browser.refreshToken, '');
  assert.ok((await open(browser, `${PAGES.signIn}?notice=account_deleted`)).text.includes(en.pages.signIn.accountDeleted));
});

inWorld('the activity goes on page after page by plain links, and a cursor of nobody’s shows the newest', async (world) => {
  const browser = await world.signedUp(EMAIL);
  for (let n = 0; n < 30; n += 1) await browser.act('me', { displayName: `Ada ${n}` }, { method: 'PATCH' });
  const first = await open(browser, PAGES.dashboardActivity);
  const older = /href="(\/dashboard\/activity\?cursor=[^"]+)"/.exec(first.text)?.[1] ?? '';
  const second = await open(browser, older);
  assert.ok(first.text.split(en.activity.actions['profile.changed']).length > 20);
  assert.ok(second.text.includes(en.activity.actions['signup.completed']) && second.text.includes(en.pages.activity.newest));
  const hostile = await open(browser, `${PAGES.dashboardActivity}?cursor=${encodeURIComponent("' or 1=1 --")}`);
  assert.equal(hostile.status, 200);
  assert.ok(!hostile.text.includes('or 1=1'));
});

const fake = await fakeProviders();
inWorld(
  'linking and proving by a service go there by way of our own page, and the address holds nothing of ours',
  async (world) => {
    const browser = await world.signedUp(EMAIL);
    const page = await open(browser, PAGES.dashboardSecurity);
    assert.ok(page.text.includes('Link GitHub'));
    const linking = await post(browser, PAGE_FORMS.dashboardLink, { authProvider: 'github' });
    assert.equal(linking.status, 200);
    assert.match(String(linking.headers['refresh']), /^0; url=https?:\/\//);
    const nobody = await post(browser, PAGE_FORMS.dashboardLink, { authProvider: 'nobody' });
    assert.equal(nobody.status, 404);

    const unlinked = await post(browser, PAGE_FORMS.dashboardProofProvider, { authProvider: 'github', returnTo: PAGES.dashboardAccount });
    assert.equal(unlinked.status, 404, 'only by an identity that is linked');
    const userId = String((await browser.call('me')).body['id']);
    const identity = { provider: 'github', subject: '1', userId, label: 'ada', tokens: null, now: world.clock.now() };
    await insertIdentity(world.deps.db, world.deps, identity);
    assert.ok((await open(browser, PAGES.dashboardProof)).text.includes('Confirm with GitHub'));
    const proving = await post(browser, PAGE_FORMS.dashboardProofProvider, { authProvider: 'github', returnTo: PAGES.dashboardAccount });
    assert.match(String(proving.headers['refresh']), /^0; url=https?:\/\//);
    for (const answered of [linking, proving]) {
      const address = decodeURIComponent(String(answered.headers['refresh']));
      for (const secret of [EMAIL, browser.csrf, browser.refreshToken]) assert.ok(!address.includes(secret), address);
    }
  },
  { config: { providers: fake.access }, deps: { network: fake.network } },
);
