import assert from 'node:assert/strict';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX } from '@portico/protocol/routes';
import type { Answered, Browser } from './browser.ts';
import { basicOf, codeFor, type GivenCode, type Site } from './sites.ts';
import type { World } from './world.ts';

export type ExternalCall = keyof typeof EXTERNAL_PATHS;

/** The backend of a client site, as the server sees it: a secret, no cookies, no origin. */
export interface Backend {
  readonly site: Site;
  call(name: ExternalCall, body: object, headers?: Readonly<Record<string, string | undefined>>): Promise<Answered>;
  redeem(given: Pick<GivenCode, 'code' | 'verifier'>): Promise<Answered>;
}

/** `from` is whatever can send: the requests of a world, or of one of several processes. */
export function backendOf(from: Browser, site: Site): Backend {
  const call: Backend['call'] = (name, body, headers = {}) =>
    from.send('POST', EXTERNAL_PREFIX + EXTERNAL_PATHS[name], body, {
      headers: { authorization: basicOf(site), origin: undefined, 'sec-fetch-site': undefined, ...headers },
    });
  return {
    site,
    call,
    redeem: ({ code, verifier }) => call('token', { code, codeVerifier: verifier, redirectUri: site.redirectUri }),
  };
}

export interface SignedInSite {
  readonly backend: Backend;
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly sid: string;
}

/** Signs the browser's user in at a site, as the site's backend does with a code. */
export async function openSite(world: World, browser: Browser, site: Site): Promise<SignedInSite> {
  const backend = backendOf(world.browser(), site);
  const { status, body, text } = await backend.redeem(await codeFor(world, browser, site));
  assert.equal(status, 200, text);
  return { backend, refreshToken: String(body['refreshToken']), accessToken: String(body['accessToken']), sid: String(body['sid']) };
}

/** Refreshes as a backend without attempts, and hands on the newest token. */
export async function refreshed(opened: SignedInSite): Promise<SignedInSite> {
  const { status, body, text } = await opened.backend.call('refresh', { refreshToken: opened.refreshToken });
  assert.equal(status, 200, text);
  return { ...opened, refreshToken: String(body['refreshToken']), accessToken: String(body['accessToken']) };
}
