import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import type { Answered } from '../browser.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { ask, redeeming, refreshing, type Tokens, tokensOf } from '../oauth/ask.ts';
import { answerAt, askAuthorize, askOf, locationOf } from '../oauth/asking.ts';
import { addSite, codeFor, type Site } from '../sites.ts';
import { DAY, inWorld, MINUTE, type World } from '../world.ts';

/** A sign-in has one absolute end, copied to everything that hangs from it. */

const open = async (world: World, site: Site, given: Awaited<ReturnType<typeof codeFor>>): Promise<Tokens> =>
  tokensOf(await ask(world, 'token', site, redeeming(site, given)));
const refusal = ({ status, body }: Answered) => `${status} ${String(body.error)}`;

inWorld('sites with lives of their own, opened at different times, end with the sign-in in the same millisecond', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { expiresAt } = await sessionOf(world, browser);
  const sites = [
    await addSite(world, 'plain'),
    await addSite(world, 'slow', { accessLife: 15 * MINUTE, idleLife: 400 * DAY }),
    await addSite(world, 'game', { kind: 'native', accessLife: 2 * MINUTE }),
  ];
  const tokens: Tokens[] = [];
  for (const site of sites) {
    tokens.push(await open(world, site, await codeFor(world, browser, site)));
    world.clock.advance(9 * DAY);
    assert.equal((await browser.refresh()).status, 200);
  }
  world.clock.advance(expiresAt - world.clock.now() - MINUTE);
  const given = await codeFor(world, browser, sites[0] as Site);
  for (const [at, site] of sites.entries()) {
    const again = tokensOf(await ask(world, 'token', site, refreshing(tokens[at]?.refreshToken ?? '')));
    assert.ok(claimsOf(again.accessToken).exp * 1000 <= expiresAt, `${site.id}: no token outlives the sign-in`);
    tokens[at] = again;
  }
  world.clock.advance(MINUTE - 1);
  for (const [at, site] of sites.entries())
    tokens[at] = tokensOf(await ask(world, 'token', site, refreshing(tokens[at]?.refreshToken ?? '')));
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  world.clock.advance(1);
  for (const [at, site] of sites.entries())
    assert.equal(refusal(await ask(world, 'token', site, refreshing(tokens[at]?.refreshToken ?? ''))), '400 invalid_grant', site.id);
  assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
  assert.equal(
    refusal(await ask(world, 'token', sites[0] as Site, redeeming(sites[0] as Site, given))),
    '400 invalid_grant',
    'a code from just before',
  );
  const late = await askAuthorize(browser, askOf(sites[1] as Site));
  assert.ok(new URL(String(late.headers['location']), 'http://localhost:4000').pathname === PAGES.signIn);
});

inWorld(
  'after signing out of a site in the account it is dead, and its next visit asks again; other sites are not asked about',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const [notes, shop] = [await addSite(world, 'notes'), await addSite(world, 'shop')];
    for (const site of [notes, shop]) {
      const consent = locationOf(await askAuthorize(browser, askOf(site)));
      assert.equal(consent.pathname, PAGES.consent, site.id);
      const said = await browser.submit(PAGES.consent, {
        [FORM_FIELDS.csrf]: browser.csrf,
        returnTo: consent.searchParams.get('returnTo') ?? '',
      });
      assert.equal(said.status, 200, said.text.slice(0, 300));
    }
    const asked = askOf(notes, { scope: 'openid profile email' });
    const { code = '' } = answerAt(notes, await askAuthorize(browser, asked));
    const tokens = tokensOf(await ask(world, 'token', notes, redeeming(notes, { code, verifier: asked.verifier })));
    assert.equal((await browser.act('mySite', undefined, { params: { clientId: 'notes' } })).status, 204);
    assert.deepEqual((await ask(world, 'introspect', notes, { token: tokens.accessToken })).body, { active: false });
    if (tokens.refreshToken !== '')
      assert.equal(refusal(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '400 invalid_grant');

    assert.equal(locationOf(await askAuthorize(browser, askOf(notes))).pathname, PAGES.consent);
    assert.ok(answerAt(shop, await askAuthorize(browser, askOf(shop)))['code'] !== undefined);
  },
);
