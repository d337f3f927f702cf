import assert from 'node:assert/strict';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { OAUTH, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { findConsent } from '../../src/clients/consent.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions, sessionOf } from '../families.ts';
import { addSite, type Site } from '../sites.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { answerAt, askAuthorize, askOf, locationOf, open } from './asking.ts';

/** What the page that a browser was led to leads back to. */
async function ledTo(page: string, answered: Answered): Promise<string> {
  const location = locationOf(answered);
  assert.equal(location.pathname, page);
  return location.searchParams.get('returnTo') ?? '';
}

async function ask(browser: Browser, site: Site, changes: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
  return ledTo(PAGES.consent, await askAuthorize(browser, askOf(site, changes)));
}

const consentPage = (browser: Browser, returnTo: string) => open(browser, `${PAGES.consent}?returnTo=${encodeURIComponent(returnTo)}`);

/** The form token of a page, as its form would post it. */
function csrfOf(page: Answered): string {
  return new RegExp(`name="${FORM_FIELDS.csrf}" value="([^"]+)"`).exec(page.text)?.[1] ?? '';
}

async function decide(browser: Browser, returnTo: string, path: string = PAGES.consent): Promise<Answered> {
  const page = await consentPage(browser, returnTo);
  return browser.submit(path, { [FORM_FIELDS.csrf]: csrfOf(page), returnTo });
}

/** Where a page that goes on by itself leads. */
function refreshOf(answered: Answered): string {
  assert.equal(answered.status, 200, answered.text.slice(0, 300));
  return String(answered.headers['refresh']).replace('0; url=', '');
}

async function consentOf(world: World, browser: Browser, site: Site): Promise<string | null> {
  const { userId } = await sessionOf(world, browser);
  return (await findConsent(world.deps.db, userId ?? '', site.id))?.scope ?? null;
}

inWorld(
  'a site asks once: name, place, each scope in words and the end stand on the page; the next time no page is shown',
  async (world) => {
    const site = await addSite(world, 'notes', { name: 'Notes & more' });
    const browser = await world.signedUp('ada@example.com');
    const returnTo = await ask(browser, site, { scope: 'openid profile email offline_access' });
    const page = await consentPage(browser, returnTo);
    assert.equal(page.status, 200);
    for (const words of ['Continue to Notes &amp; more', 'ada@example.com', 'notes.example.net', 'Your name', 'Your e-mail address'])
      assert.ok(page.text.includes(words), words);
    assert.match(page.text, /Keep you signed in there while you are away/);
    assert.match(page.text, /datetime="2026-02-04T/, 'when it ends at the latest: with the sign-in, in thirty days');
    assert.equal(await consentOf(world, browser, site), null, 'looking at the page agrees to nothing');
    const next = refreshOf(await decide(browser, returnTo));
    assert.ok('code' in answerAt(site, await open(browser, next)));
    assert.equal(await consentOf(world, browser, site), 'email offline_access openid profile');
    assert.ok('code' in answerAt(site, await askAuthorize(browser, askOf(site, { scope: 'openid' }))), 'less is not asked for again');
    assert.ok((await actions(world)).includes('consent.given'));
  },
);

inWorld('a site that asks for more than before asks again, and keeps what it had', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  await decide(browser, await ask(browser, site, { scope: 'openid email' }));
  await decide(browser, await ask(browser, site, { scope: 'openid profile' }));
  assert.equal(await consentOf(world, browser, site), 'email openid profile');
  assert.ok('code' in answerAt(site, await askAuthorize(browser, askOf(site, { scope: 'openid email profile' }))));
});

inWorld('whoever says no is taken back to the site with access_denied, and nothing is kept', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const returnTo = await ask(browser, site);
  const next = refreshOf(await decide(browser, returnTo, PAGE_FORMS.consentDeny));
  const answer = answerAt(site, await open(browser, next));
  assert.equal(answer['error'], 'access_denied');
  assert.equal(answer['state'], 'st-1');
  assert.equal(await consentOf(world, browser, site), null);
  assert.ok((await actions(world)).includes('consent.denied'));
  assert.equal((await open(browser, next)).status, 400, 'answered once');
});

inWorld('a no is final for its request: a yes from another tab comes too late', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const returnTo = await ask(browser, site);
  const csrf = csrfOf(await consentPage(browser, returnTo));
  await browser.submit(PAGE_FORMS.consentDeny, { [FORM_FIELDS.csrf]: csrf, returnTo });
  const late = await browser.submit(PAGES.consent, { [FORM_FIELDS.csrf]: csrf, returnTo });
  assert.equal(late.status, 400);
  assert.equal(answerAt(site, await open(browser, returnTo))['error'], 'access_denied');
});

inWorld('a yes needs the token of the session, our own origin and a living sign-in; and it counts for that session only', async (world) => {
  const site = await addSite(world, 'notes');
  const [ada, eve] = [await world.signedUp('ada@example.com'), await world.signedUp('eve@example.com')];
  const returnTo = await ask(ada, site);
  const csrf = csrfOf(await consentPage(ada, returnTo));
  const form = (fields: Record<string, string>) => new URLSearchParams({ returnTo, ...fields }).toString();
  const post = (browser: Browser, body: string, headers: Record<string, string | undefined> = {}) =>
    browser.send('POST', PAGES.consent, body, { headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } });
  assert.equal((await post(ada, form({}))).body.error, 'csrf_failed');
  assert.equal((await post(eve, form({ [FORM_FIELDS.csrf]: csrf }))).body.error, 'csrf_failed');
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal((await post(ada, form({ [FORM_FIELDS.csrf]: csrf }), foreign)).body.error, 'origin_refused');
  assert.equal((await post(world.browser(), form({ [FORM_FIELDS.csrf]: csrf }))).body.error, 'refresh_invalid');
  assert.equal((await ada.call('consent', { returnTo, allow: true })).body.error, 'csrf_failed');
  assert.equal(await consentOf(world, ada, site), null);
  // Eve agrees to Ada's request: that is worth nothing to Ada, who is asked as before.
  assert.equal((await eve.act('consent', { returnTo, allow: true })).status, 200);
  await ledTo(PAGES.consent, await open(ada, returnTo));
});

inWorld('by script the page is answered where to go on, and the site gets its code there', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const said = await browser.act('consent', { returnTo: await ask(browser, site), allow: true });
  assert.ok('code' in answerAt(site, await open(browser, String(said.body['continueAt']))));
  const over = await browser.act('consent', { returnTo: PAGES.dashboard, allow: true });
  assert.equal(over.body.error, 'request_expired', 'where nothing waits, nothing is agreed to');
});

inWorld('the policy of the site: auto never asks, always asks each time, and prompt=none is told so', async (world) => {
  const [auto, always] = [await addSite(world, 'own', { confirmation: 'auto' }), await addSite(world, 'bank', { confirmation: 'always' })];
  const browser = await world.signedUp('ada@example.com');
  assert.ok('code' in answerAt(auto, await askAuthorize(browser, askOf(auto))));
  assert.ok('code' in answerAt(auto, await askAuthorize(browser, askOf(auto, { prompt: 'none' }))));
  for (let time = 0; time < 2; time += 1) {
    const next = refreshOf(await decide(browser, await ask(browser, always)));
    assert.ok('code' in answerAt(always, await open(browser, next)));
  }
  assert.equal(answerAt(always, await askAuthorize(browser, askOf(always, { prompt: 'none' })))['error'], 'consent_required');
  await ask(browser, auto, { prompt: 'consent' });
  await ask(browser, auto, { prompt: 'select_account' });
});

inWorld('a program on somebody’s machine asks every time, whatever its policy, because anybody may listen there', async (world) => {
  const game = await addSite(world, 'snake', { kind: 'native', confirmation: 'auto', redirectUris: ['http://127.0.0.1/callback'] });
  const phone = await addSite(world, 'phone', { kind: 'native', confirmation: 'auto', redirectUris: ['com.example.phone:/callback'] });
  const browser = await world.signedUp('ada@example.com');
  for (const site of [game, phone]) {
    for (let time = 0; time < 2; time += 1) {
      const returnTo = await ask(browser, site);
      assert.match((await consentPage(browser, returnTo)).text, /a program on this device/);
      const answered = await open(browser, refreshOf(await decide(browser, returnTo)));
      assert.ok(String(answered.headers['location']).startsWith(`${site.redirectUri}?code=ptc_`));
    }
    const silent = await askAuthorize(browser, askOf(site, { prompt: 'none' }));
    assert.match(String(silent.headers['location']), /error=consent_required/);
  }
});

inWorld('another account: this browser is signed out, and the request goes on with whoever signs in', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  await world.signedUp('eve@example.com');
  const returnTo = await ask(browser, site, { prompt: 'select_account' });
  world.clock.advance(1000);
  const away = locationOf(await decide(browser, returnTo, PAGE_FORMS.consentOtherAccount));
  assert.equal(away.pathname, PAGES.signIn);
  assert.equal(away.searchParams.get('returnTo'), returnTo);
  assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
  assert.equal((await browser.signIn('eve@example.com', PASSWORD)).status, 200);
  // The account is chosen by then; whether the site may know it is still asked.
  await ledTo(PAGES.consent, await open(browser, returnTo));
  assert.ok('code' in answerAt(site, await open(browser, refreshOf(await decide(browser, returnTo)))));
});

inWorld('the page without a request, with one that is over, or of a site that was switched off, is an error and no form', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const returnTo = await ask(browser, site);
  for (const wish of ['', '/dashboard', OAUTH.authorize, `${OAUTH.authorize}?client_id=notes`, 'https://evil.example/']) {
    const page = await consentPage(browser, wish);
    assert.equal(page.status, 400, wish);
    assert.ok(!page.text.includes('<form'), wish);
  }
  world.clock.advance(61 * MINUTE);
  assert.equal((await consentPage(browser, returnTo)).status, 400);
});

inWorld('a picture of a site is shown only where it lies at our own origin', async (world) => {
  const away = await addSite(world, 'away', { logoUri: 'https://away.example.net/logo.png' });
  const ours = await addSite(world, 'ours', { logoUri: 'http://localhost:4000/logos/ours.png' });
  const browser = await world.signedUp('ada@example.com');
  const page = await consentPage(browser, await ask(browser, away));
  assert.ok(!page.text.includes('logo.png'));
  assert.match((await consentPage(browser, await ask(browser, ours))).text, /<img src="http:\/\/localhost:4000\/logos\/ours.png"/);
});

inWorld('a sign-in that is held while the page is open agrees to nothing', async (world) => {
  const site = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const returnTo = await ask(browser, site);
  const { id } = await sessionOf(world, browser);
  await world.deps.db.all(`update sessions set state = 'held', held_until = expires_at where id = $1`, [id]);
  const refused = await browser.act('consent', { returnTo, allow: true });
  assert.equal(refused.body.error, 'signed_out');
  assert.equal(await consentOf(world, browser, site), null);
  assert.equal(refused.headers[HEADERS.requestId] !== undefined, true);
});
