import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { findClient } from '../../src/clients/client.ts';
import { redeemCode } from '../../src/oauth/redeem-code.ts';
import { familyOf } from '../families.ts';
import { addSite } from '../sites.ts';
import { HOUR, inWorld, type World } from '../world.ts';
import { answerAt, askAuthorize, askOf, locationOf, open } from './asking.ts';

const HERE = { requestId: 'test', address: '127.0.0.1', userAgent: 'test' };

async function threeSites(world: World) {
  return Promise.all(['notes', 'maps', 'chess'].map((id) => addSite(world, id, { confirmation: 'auto' })));
}

inWorld('twenty parallel requests of three sites in one browser all finish, each with a code of its own', async (world) => {
  const sites = await threeSites(world);
  const browser = await world.signedUp('ada@example.com');
  const asked = Array.from({ length: 20 }, (_, index) => ({ site: sites[index % 3], state: `tab-${index}` })).flatMap(({ site, state }) =>
    site === undefined ? [] : [{ site, state, ...askOf(site, { state }) }],
  );
  const answers = await Promise.all(asked.map(async ({ site, parameters }) => answerAt(site, await askAuthorize(browser, { parameters }))));
  assert.deepEqual(
    answers.map(({ state }) => state),
    asked.map(({ state }) => state),
  );
  assert.equal(new Set(answers.map(({ code }) => code)).size, 20);
  const redeemed = await Promise.all(
    asked.map(async ({ site, verifier }, index) => {
      const client = await findClient(world.deps.db, site.id);
      assert.ok(client !== null);
      const use = { code: answers[index]?.['code'] ?? '', redirectUri: site.redirectUri, codeVerifier: verifier, dpopKey: '' };
      return redeemCode(world.deps, HERE, client, use);
    }),
  );
  assert.equal(redeemed.filter((opened) => opened !== null).length, 20);
  assert.equal((await familyOf(world, browser)).state, 'active');
});

inWorld('twenty parallel answers to one kept request make one code', async (world) => {
  const [site] = await threeSites(world);
  assert.ok(site !== undefined);
  const browser = await world.signedUp('ada@example.com');
  world.clock.advance(HOUR);
  const returnTo = locationOf(await askAuthorize(browser, askOf(site))).searchParams.get('returnTo') ?? '';
  await browser.refresh();
  const answers = await Promise.all(Array.from({ length: 20 }, () => open(browser, returnTo)));
  const gone = answers.filter(({ headers }) => String(headers['location']).startsWith(`${site.redirectUri}?code=`));
  assert.equal(gone.length, 1);
  assert.equal((await world.deps.db.all('select hash from authorization_codes')).length, 1);
});

inWorld('a sign-out among twenty requests: no code that was given opens anything after it', async (world) => {
  const sites = await threeSites(world);
  const browser = await world.signedUp('ada@example.com');
  const tab = browser.copy();
  const asked = Array.from({ length: 20 }, (_, index) => sites[index % 3]).flatMap((site) =>
    site === undefined ? [] : [{ site, ...askOf(site) }],
  );
  const [, ...answers] = await Promise.all([
    browser.act('signOut'),
    ...asked.map(async ({ parameters }) => locationOf(await askAuthorize(tab, { parameters }))),
  ]);
  for (const [index, location] of answers.entries()) {
    const given = asked[index];
    assert.ok(given !== undefined);
    const code = location.searchParams.get('code');
    if (code === null) {
      assert.equal(location.pathname, PAGES.signIn);
      continue;
    }
    const client = await findClient(world.deps.db, given.site.id);
    assert.ok(client !== null);
    const use = { code, redirectUri: given.site.redirectUri, codeVerifier: given.verifier, dpopKey: '' };
    assert.equal(await redeemCode(world.deps, HERE, client, use), null);
  }
});
