import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { findClient } from '../../src/clients/client.ts';
import { redeemCode } from '../../src/oauth/redeem-code.ts';
import { addSite } from '../sites.ts';
import { inWorld, MINUTE, ORIGIN, PASSWORD } from '../world.ts';
import { answerAt, askAuthorize, askOf, locationOf, open } from './asking.ts';

const HERE = { requestId: 'test', address: '127.0.0.1', userAgent: 'test' };

inWorld('a signed-in browser comes back to the site with a code that the site can redeem, its state, and who answered', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  const asked = askOf(site, { state: 'a b&c=d+é%20' });
  const answered = await askAuthorize(browser, asked);
  const { code = '', ...rest } = answerAt(site, answered);
  assert.deepEqual(rest, { state: 'a b&c=d+é%20', iss: ORIGIN });
  assert.equal(answered.headers['cache-control'], 'no-store');
  assert.deepEqual(answered.setCookies, [], 'looking at the cookie changes none');
  const client = await findClient(world.deps.db, site.id);
  assert.ok(client !== null);
  const redeemed = await redeemCode(world.deps, HERE, client, {
    code,
    redirectUri: site.redirectUri,
    codeVerifier: asked.verifier,
    dpopKey: '',
  });
  assert.equal(redeemed?.grant.user.email, 'ada@example.com');
  assert.equal(redeemed?.nonce, 'n-1');
  assert.equal(redeemed?.scope, 'email openid profile');
});

inWorld('a browser that is signed out passes by the sign-in page and comes back with a code', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  await world.signedUp('ada@example.com');
  const browser = world.browser();
  const lead = locationOf(await askAuthorize(browser, askOf(site)));
  assert.equal(lead.pathname, PAGES.signIn);
  const returnTo = lead.searchParams.get('returnTo') ?? '';
  assert.ok(!returnTo.includes('notes.example.net'), 'what the site asked for is kept here and not in the address');
  const page = await open(browser, lead.href);
  assert.equal(page.status, 200);
  assert.equal((await browser.signIn('ada@example.com', PASSWORD)).status, 200);
  const answer = answerAt(site, await open(browser, returnTo));
  assert.match(answer['code'] ?? '', /^ptc_[A-Za-z0-9_-]{43}$/);
  assert.equal(answer['state'], 'st-1');
});

inWorld('a request that was answered is answered no second time', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  world.clock.advance(16 * MINUTE);
  const lead = locationOf(await askAuthorize(browser, askOf(site)));
  assert.equal(lead.pathname, PAGES.freshen);
  await browser.refresh();
  const returnTo = lead.searchParams.get('returnTo') ?? '';
  assert.ok('code' in answerAt(site, await open(browser, returnTo)));
  const again = await open(browser, returnTo);
  assert.equal(again.status, 400);
  assert.equal(again.headers['location'], undefined);
  assert.equal(browser.cookie(COOKIES.refresh) !== undefined, true);
});
