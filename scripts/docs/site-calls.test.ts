import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SSO } from '@portico/protocol/routes';
import { EXTERNAL_ROUTES } from '../../server/src/routes/external.ts';
import { OAUTH_ROUTES } from '../../server/src/routes/oauth.ts';
import { SITE_ROUTES } from '../../server/src/routes/sites.ts';
import { backendOf, openSite } from '../../server/test/backends.ts';
import type { Answered, Browser } from '../../server/test/browser.ts';
import { addSecondary, askTicket, ticketFor } from '../../server/test/secondaries.ts';
import { addSite, basicOf, codeFor, newVerifier, type Site } from '../../server/test/sites.ts';
import { inWorld, type World } from '../../server/test/world.ts';
import { checkAnswer } from './check-answer.ts';
import { OAUTH_CALLS } from './oauth-calls.ts';
import { EXTERNAL_CALLS, SITE_CALLS } from './site-calls.ts';

test('docs/api.md describes exactly the calls of client sites and of OAuth that there are', () => {
  const names = (routes: readonly { readonly method: string; readonly path: string }[]) =>
    routes.map(({ method, path }) => `${method} ${path}`).sort();
  assert.deepEqual(Object.keys(EXTERNAL_CALLS).sort(), names(EXTERNAL_ROUTES));
  assert.deepEqual(Object.keys(SITE_CALLS).sort(), names(SITE_ROUTES));
  assert.deepEqual(Object.keys(OAUTH_CALLS).sort(), names(OAUTH_ROUTES));
});

/** Each call of a backend once, in an order in which it succeeds. */
const BACKEND_STORY: readonly (readonly [string, (world: World, browser: Browser, site: Site) => Promise<Answered>])[] = [
  ['POST /token', async (world, browser, site) => backendOf(world.browser(), site).redeem(await codeFor(world, browser, site))],
  ['POST /refresh', (world, browser, site) => withToken(world, browser, site, 'refresh')],
  ['POST /peek', (world, browser, site) => withToken(world, browser, site, 'peek')],
  [
    'POST /session',
    async (world, browser, site) => {
      const { backend, sid } = await openSite(world, browser, site);
      return backend.call('session', { sid });
    },
  ],
  [
    'POST /sso/ticket/redeem',
    async (world, browser) => {
      const backend = backendOf(world.browser(), await addSecondary(world));
      const { ticket, verifier } = await ticketFor(browser);
      return backend.call('redeemTicket', { ticket, codeVerifier: verifier });
    },
  ],
  [
    'POST /join',
    async (world, browser) => {
      const backend = backendOf(world.browser(), await addSite(world, 'game-server'));
      return backend.call('join', { ticket: (await browser.act('myJoinTicket', { clientId: 'game-server' })).body['ticket'] });
    },
  ],
  ['POST /signout', (world, browser, site) => withToken(world, browser, site, 'signOut')],
];

async function withToken(world: World, browser: Browser, site: Site, call: 'refresh' | 'peek' | 'signOut'): Promise<Answered> {
  const { backend, refreshToken } = await openSite(world, browser, site);
  return backend.call(call, { refreshToken });
}

inWorld('docs/api.md names the fields and types that a client site’s backend is really answered with', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const site = await addSite(world, 'shop');
  assert.deepEqual(BACKEND_STORY.map(([name]) => name).sort(), Object.keys(EXTERNAL_CALLS).sort());
  for (const [name, call] of BACKEND_STORY) checkAnswer(name, EXTERNAL_CALLS[name], await call(world, ada, site));
});

inWorld('docs/api.md names the fields and types that the calls of a sign-in ticket are really answered with', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const game = await addSecondary(world);
  const { verifier, challenge } = newVerifier();
  const given = await askTicket(ada, { challenge });
  checkAnswer('GET /api/v1/sso/ticket', SITE_CALLS['GET /api/v1/sso/ticket'], given);
  const redeemed = await world
    .browser()
    .send(
      'POST',
      SSO.redeemTicket,
      { ticket: given.body['ticket'], codeVerifier: verifier },
      { headers: { authorization: basicOf(game) } },
    );
  checkAnswer('POST /api/v1/sso/ticket/redeem', SITE_CALLS['POST /api/v1/sso/ticket/redeem'], redeemed);
});
