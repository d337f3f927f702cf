import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { GRANT_TYPES } from '../../src/oauth/grant-types.ts';
import { backendOf } from '../backends.ts';
import type { Answered, Browser } from '../browser.ts';
import { ask, redeeming, refreshing, tokensOf } from '../oauth/ask.ts';
import { askAuthorize, askOf, locationOf } from '../oauth/asking.ts';
import { addSecondary, SECONDARY_ORIGIN, ticketFor } from '../secondaries.ts';
import { addSite, codeFor, openSite, type Site } from '../sites.ts';
import type { World } from '../world.ts';

/** Calls and forms that have to do with client sites, each as it succeeds for somebody who is signed in. */

/** Sites outlive the scenes of a world, and their names are taken once. */
const newName = (what: string) => `${what}-${randomBytes(4).toString('hex')}`;

/** A site that must ask, and where its request goes on once the person has said so. */
export async function askedForConsent(world: World, browser: Browser, given?: Site): Promise<{ site: Site; returnTo: string }> {
  const site = given ?? (await addSite(world, newName('notes')));
  const location = locationOf(await askAuthorize(browser, askOf(site)));
  assert.equal(location.pathname, PAGES.consent);
  return { site, returnTo: location.searchParams.get('returnTo') ?? '' };
}

export async function openedSite(world: World, browser: Browser): Promise<Site> {
  const site = await addSite(world, newName('shop'));
  await openSite(world, browser, site);
  return site;
}

/** A device without a browser that waits under a code. */
export async function waitingDevice(world: World, name = 'Snake'): Promise<{ userCode: string; poll(): Promise<Answered> }> {
  const game = await addSite(world, newName('snake'), { kind: 'native', name });
  const { body, text } = await ask(world, 'deviceAuthorization', game, { scope: 'openid' });
  assert.equal(typeof body['user_code'], 'string', text);
  const poll = () => {
    world.clock.advance(5000);
    return ask(world, 'token', game, { grant_type: GRANT_TYPES.device, device_code: body['device_code'] as string });
  };
  return { userCode: body['user_code'] as string, poll };
}

async function gameServer(world: World): Promise<Site> {
  return addSite(world, newName('server'), { kind: 'machine' });
}

/** What programs call for somebody who is signed in, each made so that it succeeds. */
export const PROGRAMS: readonly (readonly [call: string, make: (world: World, browser: Browser) => Promise<Answered>])[] = [
  [
    `POST ${OAUTH.token}: authorization_code`,
    async (world, browser) => {
      const site = await addSite(world, newName('notes'));
      return ask(world, 'token', site, redeeming(site, await codeFor(world, browser, site)));
    },
  ],
  [
    `POST ${OAUTH.token}: refresh_token`,
    async (world, browser) => {
      const site = await addSite(world, newName('notes'));
      const { refreshToken } = tokensOf(await ask(world, 'token', site, redeeming(site, await codeFor(world, browser, site))));
      return ask(world, 'token', site, refreshing(refreshToken));
    },
  ],
  [
    `POST ${OAUTH.token}: client_credentials`,
    async (world) => ask(world, 'token', await gameServer(world), { grant_type: GRANT_TYPES.machine }),
  ],
  [
    `POST ${OAUTH.token}: device_code`,
    async (world, browser) => {
      const { userCode, poll } = await waitingDevice(world);
      assert.equal((await browser.act('myDevice', { userCode })).status, 200);
      assert.ok((await browser.act('myDeviceAnswer', { userCode, allow: true })).status < 400);
      return poll();
    },
  ],
  [
    'POST external/token',
    async (world, browser) => {
      const site = await addSite(world, newName('notes'));
      return backendOf(world.browser(), site).redeem(await codeFor(world, browser, site));
    },
  ],
  [
    'POST external/sso/ticket/redeem',
    async (world, browser) => {
      const origin = SECONDARY_ORIGIN.replace('game', newName('game'));
      const secondary = await addSecondary(world, newName('game'), { origins: [origin] });
      const { ticket, verifier } = await ticketFor(browser, origin);
      return backendOf(world.browser(), secondary).call('redeemTicket', { ticket, codeVerifier: verifier });
    },
  ],
];
