import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { findClient } from '../../src/clients/client.ts';
import { signIdToken } from '../../src/oauth/id-token.ts';
import { findGrant } from '../../src/sessions/session.ts';
import type { Answered, Browser } from '../browser.ts';
import { familyOf, sessionOf } from '../families.ts';
import { addSite, type Site } from '../sites.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { answerAt, askAuthorize, askOf, locationOf, open } from './asking.ts';

type Changes = Readonly<Record<string, string | undefined>>;

async function own(world: World, id = 'notes'): Promise<Site> {
  return addSite(world, id, { name: 'Notes', confirmation: 'auto' });
}

/** The page that a browser is led to, and what it leads back to. */
async function led(browser: Browser, site: Site, changes: Changes = {}): Promise<readonly [string, string]> {
  const location = locationOf(await askAuthorize(browser, askOf(site, changes)));
  return [location.pathname, location.searchParams.get('returnTo') ?? ''];
}

async function errorOf(browser: Browser, site: Site, changes: Changes): Promise<string | undefined> {
  return answerAt(site, await askAuthorize(browser, askOf(site, changes)))['error'];
}

async function stored(world: World): Promise<number> {
  return (await world.deps.db.all('select id_hash from authorization_requests')).length;
}

const tokenOf = (page: Answered, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page.text)?.[1] ?? '';

/** Where a page goes on by itself. */
function onward(answered: Answered): string {
  assert.equal(answered.status, 200, answered.text.slice(0, 400));
  return String(answered.headers['refresh']).replace('0; url=', '');
}

async function held(world: World, browser: Browser): Promise<void> {
  const { id } = await sessionOf(world, browser);
  await world.deps.db.all(`update sessions set state = 'held', held_at = $2, held_until = expires_at where id = $1`, [
    id,
    world.clock.now(),
  ]);
  await world.deps.db.all(`update refresh_tokens set state = 'held' where session_id = $1`, [id]);
}

inWorld('prompt=none shows no page and keeps nothing: signed out, waiting for a code and held are all login_required', async (world) => {
  const site = await own(world);
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'eve@example.com', password: PASSWORD });
  const heldBrowser = await world.signedUp('grace@example.com');
  await held(world, heldBrowser);
  for (const browser of [world.browser(), waiting, heldBrowser])
    assert.equal(await errorOf(browser, site, { prompt: 'none' }), 'login_required');
  const ada = await world.signedUp('ada@example.com');
  assert.equal(await errorOf(ada, site, { prompt: 'none', max_age: '600' }), undefined);
  world.clock.advance(11 * MINUTE);
  assert.equal(await errorOf(ada, site, { prompt: 'none', max_age: '600' }), 'login_required');
  world.clock.advance(5 * MINUTE);
  assert.equal(await errorOf(ada, site, { prompt: 'none' }), 'interaction_required');
  assert.equal(await stored(world), 0);
});

inWorld('a browser that waits for its code, or is held, is led to the code, and from there to the site', async (world) => {
  const site = await own(world);
  const browser = world.browser();
  await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
  const [page, returnTo] = await led(browser, site);
  assert.equal(page, PAGES.verifySignIn);
  await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  assert.ok('code' in answerAt(site, await open(browser, returnTo)));
  await held(world, browser);
  assert.equal((await led(browser, site))[0], PAGES.verifySignIn);
});

inWorld(
  'the sign-in page says which site it is for, knows the address that the site knows, and leads back with and without an account',
  async (world) => {
    const site = await own(world);
    await world.signedUp('ada@example.com');
    const browser = world.browser();
    const [, returnTo] = await led(browser, site, { login_hint: 'ada@example.com' });
    const query = `?returnTo=${encodeURIComponent(returnTo)}`;
    const page = await open(browser, PAGES.signIn + query);
    assert.ok(page.text.includes('To continue to Notes'));
    assert.match(page.text, /name="email"[^>]*value="ada@example.com"|value="ada@example.com"[^>]*name="email"/);
    assert.ok(page.text.includes(`href="${PAGES.signUp}${query.replaceAll('&', '&amp;')}"`));
    assert.ok((await open(browser, PAGES.signUp + query)).text.includes('To continue to Notes'));
    const form = {
      [FORM_FIELDS.form]: tokenOf(page, FORM_FIELDS.form),
      email: 'ada@example.com',
      password: PASSWORD,
      keep: 'on',
      returnTo,
    };
    // Not a redirect: `form-action` would stop it on its way to the site.
    const next = onward(await browser.submit(PAGES.signIn, form));
    assert.equal(next, returnTo);
    assert.ok('code' in answerAt(site, await open(browser, next)));
    const over = await open(world.browser(), PAGES.signIn + query);
    assert.equal(over.status, 200);
    assert.ok(!over.text.includes('To continue to Notes'), 'a request that is over, or never was, names nobody');
  },
);

inWorld('without JavaScript a sign-up leads by its code to the site as well', async (world) => {
  const site = await own(world);
  const browser = world.browser();
  const [, returnTo] = await led(browser, site);
  const page = await open(browser, `${PAGES.signUp}?returnTo=${encodeURIComponent(returnTo)}`);
  const token = { [FORM_FIELDS.form]: tokenOf(page, FORM_FIELDS.form), returnTo };
  const verify = locationOf(
    await browser.submit(PAGES.signUp, { ...token, email: 'ada@example.com', password: PASSWORD, displayName: '' }),
  );
  assert.equal(verify.searchParams.get('returnTo'), returnTo);
  const next = onward(await browser.submit(PAGES.verifySignIn, { ...token, securityCode: await world.codeFor('ada@example.com') }));
  assert.ok('code' in answerAt(site, await open(browser, next)));
});

inWorld('prompt=login and max_age ask for a proof in the running session, and an older proof does not count', async (world) => {
  const site = await own(world);
  const browser = await world.signedUp('ada@example.com');
  const { id } = await sessionOf(world, browser);
  assert.ok('code' in answerAt(site, await askAuthorize(browser, askOf(site, { max_age: '60' }))));
  for (const changes of [{ prompt: 'login' }, { max_age: '0' }, { max_age: '60' }]) {
    world.clock.advance(2 * MINUTE);
    const [page, returnTo] = await led(browser, site, changes);
    assert.equal(page, PAGES.dashboardProof, JSON.stringify(changes));
    assert.equal(locationOf(await open(browser, returnTo)).pathname, PAGES.dashboardProof, 'coming back without a proof changes nothing');
    world.clock.advance(1000);
    const proof = await open(browser, `${PAGES.dashboardProof}?returnTo=${encodeURIComponent(returnTo)}`);
    const csrf = tokenOf(proof, FORM_FIELDS.csrf);
    assert.ok(proof.text.includes(`${PAGES.consent}?returnTo=`), 'whoever does not want to can say so to the site');
    const next = onward(await browser.submit(PAGES.dashboardProof, { [FORM_FIELDS.csrf]: csrf, password: PASSWORD, returnTo }));
    assert.ok('code' in answerAt(site, await open(browser, next)));
  }
  assert.equal((await sessionOf(world, browser)).id, id, 'no other site was signed out by it');
});

inWorld('an ID token hint of somebody else gets no answer about who is signed in', async (world) => {
  const site = await own(world);
  const [ada, eve] = [await world.signedUp('ada@example.com'), await world.signedUp('eve@example.com')];
  const hintOf = async (browser: Browser, of: Site) => {
    const { db, now } = world.deps;
    const [client, grant] = [await findClient(db, of.id), await findGrant(db, (await sessionOf(world, browser)).id, of.id, now())];
    assert.ok(client !== null && grant !== null);
    return signIdToken(world.deps, client, grant, { nonce: null, now: now() });
  };
  const mine = await hintOf(ada, site);
  for (const prompt of [undefined, 'none']) {
    assert.equal(await errorOf(ada, site, { prompt, id_token_hint: mine }), undefined);
    assert.equal(await errorOf(eve, site, { prompt, id_token_hint: mine }), 'login_required');
  }
  const foreign = await hintOf(ada, await own(world, 'other'));
  for (const hint of ['garbage', foreign, `${mine.slice(0, -4)}AAAA`])
    assert.equal(await errorOf(ada, site, { prompt: 'none', id_token_hint: hint }), 'login_required');
  world.clock.advance(2 * DAY);
  await ada.refresh();
  assert.equal(await errorOf(ada, site, { prompt: 'none', id_token_hint: mine }), undefined, 'its end does not matter');
});

inWorld('a cookie that was not renewed for a quarter of an hour is rotated before it opens a site', async (world) => {
  const site = await own(world);
  const browser = await world.signedUp('ada@example.com');
  world.clock.advance(15 * MINUTE);
  assert.ok('code' in answerAt(site, await askAuthorize(browser, askOf(site))));
  world.clock.advance(1);
  const [page, returnTo] = await led(browser, site);
  assert.equal(page, PAGES.freshen);
  const { gen } = await familyOf(world, browser);
  const shown = await open(browser, `${PAGES.freshen}?returnTo=${encodeURIComponent(returnTo)}`);
  assert.equal(shown.status, 200);
  assert.equal((await familyOf(world, browser)).gen, gen, 'looking at the page rotates nothing');
  const next = onward(await browser.submit(PAGES.freshen, { returnTo }));
  assert.equal((await familyOf(world, browser)).gen, gen + 1);
  assert.ok('code' in answerAt(site, await open(browser, next)));
});

inWorld('a thief who opens sites with a copied jar forks the chain: the owner comes back, and everything is held', async (world) => {
  const site = await own(world);
  const owner = await world.signedUp('ada@example.com');
  const thief = owner.copy({ address: '203.0.113.9' });
  world.clock.advance(HOUR);
  const [page, returnTo] = await led(thief, site);
  assert.equal(page, PAGES.freshen);
  await thief.submit(PAGES.freshen, { returnTo });
  assert.ok('code' in answerAt(site, await open(thief, returnTo)));
  world.clock.advance(HOUR);
  assert.equal((await owner.refresh()).body.error, 'session_held');
  assert.equal(await errorOf(thief, site, { prompt: 'none' }), 'login_required');
});

inWorld('a cookie that another tab has replaced is no sign-out: the page that rotates looks again', async (world) => {
  const site = await own(world);
  const browser = await world.signedUp('ada@example.com');
  const late = browser.copy();
  for (let times = 0; times < 2; times += 1) await browser.refresh();
  assert.equal((await led(late, site))[0], PAGES.freshen);
  assert.equal(await errorOf(late, site, { prompt: 'none' }), 'interaction_required');
  const again = await late.submit(PAGES.freshen, { returnTo: PAGES.dashboard });
  assert.equal(again.status, 409);
  assert.ok(again.text.includes('Another window was faster'), 'the page says so, and the button is still there');
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});

inWorld('the page that rotates leads on whoever is signed out or held, and takes no form from elsewhere', async (world) => {
  const site = await own(world);
  const browser = await world.signedUp('ada@example.com');
  world.clock.advance(HOUR);
  const [, returnTo] = await led(browser, site);
  const body = new URLSearchParams({ returnTo }).toString();
  const foreign = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal((await browser.send('POST', PAGES.freshen, body, { headers: foreign })).body.error, 'origin_refused');
  const away = await browser.submit(PAGES.freshen, { returnTo: 'https://evil.example/' });
  assert.equal(locationOf(away).href, `http://localhost:4000${PAGES.dashboard}`);
  await held(world, browser);
  assert.equal(locationOf(await browser.submit(PAGES.freshen, { returnTo })).pathname, PAGES.verifySignIn);
  const nobody = locationOf(await world.browser().submit(PAGES.freshen, { returnTo }));
  assert.equal(nobody.pathname, PAGES.signIn);
  assert.equal(nobody.searchParams.get('returnTo'), returnTo);
  await browser.call('notMe');
  assert.equal(locationOf(await browser.submit(PAGES.freshen, { returnTo })).pathname, PAGES.signIn);
});

inWorld('a request waits an hour for its sign-in, and then no longer', async (world) => {
  const site = await own(world);
  const browser = await world.signedUp('ada@example.com');
  const stranger = world.browser();
  const [, returnTo] = await led(stranger, site);
  world.clock.advance(59 * MINUTE);
  assert.equal(locationOf(await open(stranger, returnTo)).pathname, PAGES.signIn);
  world.clock.advance(61 * MINUTE);
  await browser.refresh();
  assert.equal((await open(browser, returnTo)).status, 400);
});
