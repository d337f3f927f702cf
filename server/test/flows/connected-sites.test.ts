import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { findClient, setClientDisabled } from '../../src/clients/client.ts';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { findConsent, saveConsent } from '../../src/clients/consent.ts';
import { type RedeemedCode, redeemCode } from '../../src/oauth/redeem-code.ts';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import type { Browser } from '../browser.ts';
import { actions, familyIdOf, refreshByBody, sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { addSite, codeFor, type GivenCode, openSite, type Site } from '../sites.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** The sites that one is signed in to, as their owner sees them; and out of one of them, everywhere. */

const EMAIL = 'ada@example.com';
const NATIVE = { kind: 'native' } as const;

interface Item {
  readonly clientId: string;
  readonly [field: string]: unknown;
}
const sitesOf = async (browser: Browser) => (await browser.call('mySites')).body['items'] as readonly Item[];
const leave = (browser: Browser, clientId: string) => browser.act('mySite', undefined, { params: { clientId } });
const userOf = async (browser: Browser) => String((await browser.call('me')).body['id']);

async function consents(world: World, browser: Browser, ...clientIds: string[]): Promise<void> {
  const userId = await userOf(browser);
  for (const clientId of clientIds) await saveConsent(world.deps.db, { userId, clientId, scope: 'openid profile', now: world.clock.now() });
}

async function second(world: World): Promise<Browser> {
  const browser = world.browser();
  assert.equal((await browser.signIn(EMAIL, PASSWORD)).status, 200);
  return browser;
}

const lives = async (world: World, site: Site, token: string) => (await refreshByBody(world, token, site.id)).body.error ?? 'lives';

inWorld('the list shows what is open where, what was allowed, since when and as what, the open ones first', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const other = await second(world);
  const [notes, game, shop] = [await addSite(world, 'notes'), await addSite(world, 'game', NATIVE), await addSite(world, 'shop')];
  const began = world.clock.now();
  await consents(world, browser, shop.id, notes.id);
  await saveClientRoles(world.deps.db, { userId: await userOf(browser), clientId: 'notes', roles: ['editor'], now: began });
  world.clock.advance(MINUTE);
  await openSite(world, browser, notes, { scope: 'email openid' });
  await openSite(world, other, notes, { scope: 'openid' });
  const opened = await openSite(world, other, game, { scope: 'openid' });
  world.clock.advance(MINUTE);
  await refreshByBody(world, opened.family.refreshToken, 'game');
  const common = { kind: 'web', scopes: ['openid', 'profile', 'email'] };
  const at = { since: began, lastUsedAt: began + MINUTE };
  assert.deepEqual(await sitesOf(browser), [
    {
      clientId: 'game',
      name: 'game',
      kind: 'native',
      scopes: ['openid'],
      roles: [],
      since: began + MINUTE,
      lastUsedAt: began + 2 * MINUTE,
      open: 1,
      current: false,
    },
    { ...common, ...at, clientId: 'notes', name: 'notes', roles: ['editor'], open: 2, current: true },
    {
      ...common,
      scopes: ['openid', 'profile'],
      clientId: 'shop',
      name: 'shop',
      roles: [],
      since: began,
      lastUsedAt: null,
      open: 0,
      current: false,
    },
  ]);
  const sessions = (await browser.call('mySessions')).body['items'] as { current: boolean; sites: string[] }[];
  assert.deepEqual(
    sessions.map(({ current, sites }) => [current, sites]),
    [
      [true, ['notes']],
      [false, ['game', 'notes']],
    ],
  );
});

inWorld('a site out of service, one that ended and one that nobody allowed stand there no longer; nobody sees another’s', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const eve = await world.signedUp('eve@example.com');
  const [notes, shop] = [await addSite(world, 'notes'), await addSite(world, 'shop', { idleLife: MINUTE })];
  await openSite(world, browser, notes);
  await openSite(world, browser, shop);
  assert.deepEqual(
    (await sitesOf(browser)).map(({ clientId }) => clientId),
    ['notes', 'shop'],
  );
  assert.deepEqual(await sitesOf(eve), []);
  world.clock.advance(MINUTE);
  assert.deepEqual(
    (await sitesOf(browser)).map(({ clientId }) => clientId),
    ['notes'],
    'idle',
  );
  await setClientDisabled(world.deps.db, 'notes', world.clock.now());
  assert.deepEqual(await sitesOf(browser), []);
  await leave(eve, 'notes');
  await setClientDisabled(world.deps.db, 'notes', null);
  assert.deepEqual(
    (await sitesOf(browser)).map(({ clientId }) => clientId),
    ['notes'],
  );
});

onTwoNodes('signing out of a site ends it in every session at every node; other sites, sessions and users go on', async (world, node) => {
  const browser = await world.signedUp(EMAIL);
  const other = await second(world);
  const eve = await world.signedUp('eve@example.com');
  const [game, notes] = [await addSite(world, 'game', NATIVE), await addSite(world, 'notes', NATIVE)];
  await consents(world, browser, 'game', 'notes');
  const here = await openSite(world, browser, game);
  const there = await openSite(world, other, game);
  const evesOwn = await openSite(world, eve, game);
  const kept = await openSite(world, browser, notes);
  const token = (opened: typeof here) => ({ aud: 'game', sub: opened.grant.user.id, fid: opened.family.id, sid: opened.grant.session.id });

  assert.equal((await leave(browser, 'game')).status, 204);
  for (const opened of [here, there]) {
    assert.equal(await lives(world, game, opened.family.refreshToken), 'session_ended');
    assert.equal(await lives(node, game, opened.family.refreshToken), 'session_ended');
    assert.ok(world.deps.revoked.isRevoked(token(opened)), 'an unexpired access token, here at once');
  }
  // What the other node reads each second.
  await readRevocations(node.deps, NOTHING_READ);
  assert.ok(node.deps.revoked.isRevoked(token(here)) && node.deps.revoked.isRevoked(token(there)));
  assert.ok(!node.deps.revoked.isRevoked(token(evesOwn)));
  assert.equal(await lives(world, game, evesOwn.family.refreshToken), 'lives');
  assert.equal(await lives(world, notes, kept.family.refreshToken), 'lives');
  for (const one of [browser, other, eve]) assert.equal((await one.refresh()).status, 200);

  assert.deepEqual(
    (await sitesOf(browser)).map(({ clientId }) => clientId),
    ['notes'],
  );
  assert.equal(await findConsent(world.deps.db, here.grant.user.id, 'game'), null, 'it must ask again');
  assert.ok((await findConsent(world.deps.db, here.grant.user.id, 'notes')) !== null);
  const events = (await world.deps.db.all("select session_id, client_id, user_id from events where action = 'site.left'")).map((row) => ({
    ...row,
  }));
  assert.deepEqual(events.map((event) => String(event.session_id)).sort(), [here.grant.session.id, there.grant.session.id].sort());
  assert.equal((await actions(world)).filter((action) => action === 'consent.revoked').length, 1);
  const activity = (await browser.call('myActivity')).body['items'] as { action: string }[];
  assert.ok(activity.some(({ action }) => action === 'consent.revoked'));

  assert.equal((await leave(browser, 'game')).status, 204, 'once more is nothing');
  assert.equal((await actions(world)).filter((action) => action === 'site.left').length, 2);
  const again = await openSite(world, browser, game);
  assert.equal(await lives(node, game, again.family.refreshToken), 'lives', 'whoever comes back is not shut out');
  assert.ok(!world.deps.revoked.isRevoked(token(again)));
});

inWorld('there is no signing out of our own pages, of a site that is unknown, or without a CSRF token', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await addSite(world, 'notes');
  for (const clientId of ['portico', 'nowhere', '\u0000', '../sessions']) {
    const refused = await leave(browser, clientId);
    assert.deepEqual([refused.status, refused.body.error], [404, 'not_found'], clientId);
  }
  const bare = await browser.call('mySite', undefined, { params: { clientId: 'notes' } });
  assert.equal(bare.body.error, 'csrf_failed');
  assert.equal((await world.browser().act('mySite', undefined, { params: { clientId: 'notes' } })).body.error, 'signed_out');
  assert.equal((await world.browser().call('mySites')).body.error, 'signed_out');
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});

inWorld(
  'a code that was given before and not redeemed yet opens nothing any more, nor does a device that was just let in',
  async (world) => {
    const browser = await world.signedUp(EMAIL);
    const [notes, shop] = [await addSite(world, 'notes'), await addSite(world, 'shop')];
    const given = await codeFor(world, browser, notes);
    const elsewhere = await codeFor(world, browser, shop);
    const userId = await userOf(browser);
    await world.deps.db.all(
      `insert into device_codes (device_hash, user_code_hash, client_id, scope, dpop_key, user_agent, address, state, user_id, uv_read, amr, auth_time, interval_ms, created_at, expires_at)
     values ('d', 'u', 'notes', '', '', '', '', 'approved', $1, 1, '[]', $2, 5000, $2, $3)`,
      [userId, world.clock.now(), world.clock.now() + MINUTE],
    );
    assert.equal((await leave(browser, 'notes')).status, 204);
    assert.equal(await openSite(world, browser, notes, { given }).catch(() => null), null);
    assert.ok((await openSite(world, browser, shop, { given: elsewhere })) !== null);
    const [device] = await world.deps.db.all("select state from device_codes where device_hash = 'd'");
    assert.equal(device?.['state'], 'denied');
  },
);

inWorld('whatever is redeemed while somebody signs out of the site: nothing of it is open afterwards', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const game = await addSite(world, 'game', NATIVE);
  const from = { requestId: 'r', address: '192.0.2.1', userAgent: 'test' };
  const registered = await findClient(world.deps.db, 'game');
  assert.ok(registered !== null);
  for (let round = 0; round < 5; round += 1) {
    const codes = await Promise.all(Array.from({ length: 4 }, () => codeFor(world, browser, game)));
    const redeem = ({ code, verifier }: GivenCode): Promise<RedeemedCode | null> =>
      redeemCode(world.deps, from, registered, { code, redirectUri: game.redirectUri, codeVerifier: verifier, dpopKey: '' });
    const [left, opened] = await Promise.all([leave(browser, 'game'), Promise.all(codes.map(redeem))]);
    assert.equal(left.status, 204);
    for (const one of opened) if (one !== null) assert.equal(await lives(world, game, one.family.refreshToken), 'session_ended');
    assert.deepEqual(await sitesOf(browser), []);
  }
});

inWorld('sixteen sign-outs of a site at once, and refreshes between them: one leaves, nobody fails', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const game = await addSite(world, 'game', NATIVE);
  const { family } = await openSite(world, browser, game);
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) => (n % 4 === 0 ? refreshByBody(world, family.refreshToken, 'game') : leave(browser, 'game'))),
  );
  assert.deepEqual(
    answers.filter((_, n) => n % 4 !== 0).map(({ status }) => status),
    Array.from({ length: 12 }, () => 204),
  );
  assert.equal(await lives(world, game, family.refreshToken), 'session_ended');
  assert.equal((await actions(world)).filter((action) => action === 'site.left').length, 1);
});

inWorld('the page without a script: an empty one that teaches, a site with its words, and out of it by a plain form', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const open = () => browser.send('GET', PAGES.dashboardSites, undefined, { headers: { accept: 'text/html' } });
  assert.ok((await open()).text.includes(en.pages.sites.empty));
  const notes = await addSite(world, 'notes', { name: 'Notes <b>& more</b>' });
  await openSite(world, browser, notes, { scope: 'email openid' });
  const page = await open();
  assert.ok(page.text.includes('Notes &lt;b>&amp; more') && !page.text.includes('<b>&'), 'a name is text');
  assert.ok(page.text.includes(en.scopes.email) && page.text.includes(en.pages.sites.here));
  assert.ok(page.text.includes(`action="${PAGE_FORMS.dashboardLeaveSite}"`));
  const form = { [FORM_FIELDS.csrf]: browser.csrf, clientId: 'notes' };
  for (let click = 0; click < 2; click += 1) {
    const left = await browser.submit(PAGE_FORMS.dashboardLeaveSite, form);
    assert.deepEqual([left.status, left.headers['location']], [303, `${PAGES.dashboardSites}?notice=site_left`]);
  }
  assert.ok((await open()).text.includes(en.pages.sites.empty));
  for (const clientId of ['nowhere', '\u0000', 'portico']) {
    const unknown = await browser.submit(PAGE_FORMS.dashboardLeaveSite, { ...form, clientId });
    assert.ok(unknown.status === 404 && unknown.text.includes(en.errors.not_found), clientId);
  }
  assert.equal((await sessionOf(world, browser)).state, 'active');
});

inWorld('a deleted account takes its consents, its roles and its open sites along', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const game = await addSite(world, 'game', NATIVE);
  await consents(world, browser, 'game');
  const { family, grant } = await openSite(world, browser, game);
  await saveClientRoles(world.deps.db, { userId: grant.user.id, clientId: 'game', roles: ['admin'], now: world.clock.now() });
  const pending = await codeFor(world, browser, game);
  assert.equal((await browser.act('me', { confirm: EMAIL }, { method: 'DELETE' })).status, 204);
  for (const table of ['consents', 'client_roles', 'refresh_tokens', 'authorization_codes'])
    assert.deepEqual(await world.deps.db.all(`select * from ${table}`), [], table);
  assert.equal(await lives(world, game, family.refreshToken), 'refresh_invalid');
  assert.ok(world.deps.revoked.isRevoked({ aud: 'game', sub: grant.user.id, uv: grant.user.uv, sid: grant.session.id }));
  assert.equal(await openSite(world, browser, game, { given: pending }).catch(() => null), null);
  assert.equal(familyIdOf(world, family.refreshToken), family.id);
});
