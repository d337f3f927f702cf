import assert from 'node:assert/strict';
import { COOKIES, FORM_FIELDS } from '@portico/protocol/cookies';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { findClient, setClientDisabled } from '../../src/clients/client.ts';
import { signIdToken } from '../../src/oauth/id-token.ts';
import { findGrant } from '../../src/sessions/session.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions, sessionOf } from '../families.ts';
import { addSite, basicOf, codeFor, type Site } from '../sites.ts';
import { DAY, inWorld, ORIGIN, type World } from '../world.ts';
import { locationOf, NAVIGATION, open } from './asking.ts';

const BACK = 'https://notes.example.net/bye';

async function notes(world: World, id = 'notes'): Promise<Site> {
  return addSite(world, id, { name: 'Notes', postLogoutUris: [BACK] });
}

/** The ID token that the site got when this browser came. */
async function idToken(world: World, browser: Browser, site: Site, alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256'): Promise<string> {
  const { db, now } = world.deps;
  const [client, { id }] = [await findClient(db, site.id), await sessionOf(world, browser)];
  const grant = await findGrant(db, id, site.id, now());
  assert.ok(client !== null && grant !== null);
  return signIdToken(world.deps, { ...client, idAlg: alg }, grant, { nonce: null, now: now() });
}

const logOut = (browser: Browser, query: Readonly<Record<string, string>>): Promise<Answered> =>
  open(browser, `${OAUTH.logout}?${new URLSearchParams(query).toString()}`);

const isSignedIn = async (browser: Browser) => (await browser.call('session')).body['status'] === 'VERIFIED';

inWorld(
  'a site that shows the ID token of this browser’s session ends it at once, at every site, and gets the browser back',
  async (world) => {
    const site = await notes(world);
    const browser = await world.signedUp('ada@example.com');
    const copy = browser.copy();
    const hint = await idToken(world, browser, site);
    const answered = await logOut(browser, { id_token_hint: hint, post_logout_redirect_uri: BACK, state: 'a b&c' });
    const to = locationOf(answered);
    assert.equal(to.origin + to.pathname, BACK);
    assert.deepEqual([...to.searchParams], [['state', 'a b&c']]);
    assert.equal(answered.headers['clear-site-data'], '"storage"');
    assert.equal(browser.cookie(COOKIES.refresh), undefined);
    assert.ok(browser.cookie(COOKIES.device) !== undefined, 'the device stays known');
    assert.equal((await copy.refresh()).body.error, 'session_ended');
    assert.ok((await actions(world)).includes('session.ended'));
  },
);

inWorld('an ID token of any age and of every algorithm will do', async (world) => {
  const site = await notes(world);
  for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
    const browser = await world.signedUp(`${alg.toLowerCase()}@example.com`);
    const hint = await idToken(world, browser, site, alg);
    world.clock.advance(2 * DAY);
    assert.equal(locationOf(await logOut(browser, { id_token_hint: hint })).pathname, PAGES.signIn);
    assert.ok(!(await isSignedIn(browser)), alg);
  }
});

inWorld('without the ID token of this very session the person is asked, whoever’s page sent them (ASVS 10.6.2)', async (world) => {
  const site = await notes(world);
  const [ada, eve] = [await world.signedUp('ada@example.com'), await world.signedUp('eve@example.com')];
  const foreign = await idToken(world, eve, site);
  const queries: readonly Readonly<Record<string, string>>[] = [
    {},
    { client_id: 'notes' },
    { client_id: 'notes', post_logout_redirect_uri: BACK, state: 's' },
    { id_token_hint: foreign },
  ];
  for (const query of queries) {
    const to = locationOf(await logOut(ada, query));
    assert.equal(to.pathname, PAGES.signOut);
    assert.equal((await open(ada, to.href)).status, 200);
    assert.ok(await isSignedIn(ada));
  }
  assert.ok(await isSignedIn(eve), 'a hint ends nothing but the session of the browser that brings it');
});

inWorld('the page that asks names the site; after the yes the browser goes back to it with its state', async (world) => {
  await notes(world);
  const browser = await world.signedUp('ada@example.com');
  const to = locationOf(await logOut(browser, { client_id: 'notes', post_logout_redirect_uri: BACK, state: 's-1' }));
  const page = await open(browser, to.href);
  assert.ok(page.text.includes('Notes asks to log you out.'));
  const csrf = new RegExp(`name="${FORM_FIELDS.csrf}" value="([^"]+)"`).exec(page.text)?.[1] ?? '';
  const done = await browser.submit(PAGES.signOut, { [FORM_FIELDS.csrf]: csrf, returnTo: to.searchParams.get('returnTo') ?? '' });
  assert.equal(done.status, 200);
  assert.ok(!(await isSignedIn(browser)));
  const next = String(done.headers['refresh']).replace('0; url=', '');
  assert.equal(locationOf(await open(browser, next)).href, `${BACK}?state=s-1`);
});

inWorld('whoever is signed out already goes straight back, and nowhere that is not registered', async (world) => {
  const site = await notes(world);
  const browser = await world.signedUp('ada@example.com');
  const hint = await idToken(world, browser, site);
  await browser.act('signOut');
  assert.equal(locationOf(await logOut(browser, { id_token_hint: hint, post_logout_redirect_uri: BACK })).href, BACK);
  assert.equal(locationOf(await logOut(world.browser(), { client_id: 'notes', post_logout_redirect_uri: BACK })).href, BACK);
  assert.equal(locationOf(await logOut(world.browser(), {})).pathname, PAGES.signIn);
});

inWorld(
  'an address that is not registered, or of nobody knows which site, is an error page: no redirect, and nothing ends',
  async (world) => {
    const site = await notes(world);
    await addSite(world, 'other', { postLogoutUris: ['https://other.example.net/'] });
    const browser = await world.signedUp('ada@example.com');
    const hint = await idToken(world, browser, site);
    const uris = [
      `${BACK}/`,
      `${BACK}?x=1`,
      `${BACK}#`,
      'https://NOTES.example.net/bye',
      'https://evil.example/',
      'javascript:alert(1)',
      'https://other.example.net/',
      '',
    ];
    for (const uri of uris.filter((text) => text !== '')) {
      const answered = await logOut(browser, { id_token_hint: hint, post_logout_redirect_uri: uri });
      assert.equal(answered.status, 400, uri);
      assert.equal(answered.headers['location'], undefined, uri);
      assert.equal(answered.headers['refresh'], undefined, uri);
    }
    assert.equal((await logOut(browser, { post_logout_redirect_uri: BACK })).status, 400, 'whose address is it?');
    const asked = await browser.send('GET', `${OAUTH.logout}?post_logout_redirect_uri=${encodeURIComponent(BACK)}`);
    assert.equal(asked.body.error, 'redirect_refused');
    assert.ok(await isSignedIn(browser));
  },
);

inWorld('a hint that is changed, somebody else’s, an access token or of another client is refused, and nothing ends', async (world) => {
  const [site] = [await notes(world), await addSite(world, 'other')];
  const browser = await world.signedUp('ada@example.com');
  const hint = await idToken(world, browser, site);
  const [head = '', body = '', mac = ''] = hint.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  const forged = Buffer.from(JSON.stringify({ ...claims, sid: 'x' })).toString('base64url');
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  const access = String((await browser.refresh()).body['accessToken']);
  // Signed by the same key for the same site, and still no ID token.
  const { code, verifier } = await codeFor(world, browser, site);
  const redeem = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: site.redirectUri };
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: basicOf(site) };
  const opened = await world.browser().send('POST', OAUTH.token, new URLSearchParams(redeem).toString(), { headers });
  const siteAccess = String(opened.body['access_token']);
  assert.equal(siteAccess.split('.').length, 3);
  const bad = [`${head}.${forged}.${mac}`, `${none}.${body}.`, `${head}.${body}.`, 'x', access, siteAccess];
  for (const token of bad) {
    const answered = await browser.send('GET', `${OAUTH.logout}?id_token_hint=${encodeURIComponent(token)}`);
    assert.equal(answered.body.error, 'logout_refused', token.slice(0, 40));
  }
  const mixed = await browser.send('GET', `${OAUTH.logout}?id_token_hint=${hint}&client_id=other`);
  assert.equal(mixed.body.error, 'logout_refused');
  assert.equal((await logOut(browser, { client_id: 'nobody' })).status, 400);
  await setClientDisabled(world.deps.db, 'other', world.clock.now());
  assert.equal((await logOut(browser, { client_id: 'other' })).status, 400);
  assert.ok(await isSignedIn(browser));
});

inWorld('a form on the site’s page comes without cookies, and again with them; a parameter that comes twice is refused', async (world) => {
  const site = await notes(world);
  const browser = await world.signedUp('ada@example.com');
  const hint = await idToken(world, browser, site);
  const body = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: BACK }).toString();
  const headers = {
    ...NAVIGATION,
    'content-type': 'application/x-www-form-urlencoded',
    origin: 'https://notes.example.net',
    cookie: undefined,
  };
  const first = await browser.send('POST', OAUTH.logout, body, { headers });
  assert.ok(await isSignedIn(browser));
  const again = locationOf(first);
  assert.equal(again.origin + again.pathname, ORIGIN + OAUTH.logout);
  assert.equal(locationOf(await open(browser, again.href)).href, BACK);
  assert.ok(!(await isSignedIn(browser)));
  const twice = await browser.send('GET', `${OAUTH.logout}?client_id=notes&client_id=notes`);
  assert.equal(twice.body.error, 'bad_request');
});

inWorld('a sign-in that is held is ended by its own site’s hint, and is otherwise no sign-in to ask about', async (world) => {
  const site = await notes(world);
  const browser = await world.signedUp('ada@example.com');
  const hint = await idToken(world, browser, site);
  const { id } = await sessionOf(world, browser);
  await world.deps.db.all(`update sessions set state = 'held', held_until = expires_at where id = $1`, [id]);
  assert.equal(locationOf(await logOut(browser, {})).pathname, PAGES.signIn);
  assert.equal((await sessionOf(world, browser)).state, 'held');
  assert.equal(locationOf(await logOut(browser, { id_token_hint: hint, post_logout_redirect_uri: BACK })).href, BACK);
  const [row] = await world.deps.db.all('select state from sessions where id = $1', [id]);
  assert.equal(row?.['state'], 'revoked');
});
