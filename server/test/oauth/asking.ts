import assert from 'node:assert/strict';
import { OAUTH } from '@portico/protocol/routes';
import type { Answered, Browser } from '../browser.ts';
import { newVerifier, type Site } from '../sites.ts';

/** What a site sends a browser to /oauth/authorize with. */
export interface Asked {
  readonly verifier: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A good request; `undefined` leaves a parameter out. */
export function askOf(site: Site, changes: Readonly<Record<string, string | undefined>> = {}): Asked {
  const { verifier, challenge } = newVerifier();
  const all: Record<string, string | undefined> = {
    client_id: site.id,
    redirect_uri: site.redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'st-1',
    nonce: 'n-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  return {
    verifier,
    parameters: Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
}

/** As the address bar does it: a navigation that another site began. */
export const NAVIGATION = { accept: 'text/html', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: undefined };

export async function askAuthorize(browser: Browser, { parameters }: Pick<Asked, 'parameters'>): Promise<Answered> {
  return open(browser, `${OAUTH.authorize}?${new URLSearchParams(parameters).toString()}`);
}

/** Opens an address of ours in the address bar. */
export async function open(browser: Browser, address: string): Promise<Answered> {
  return browser.send('GET', address.replace('http://localhost:4000', ''), undefined, { headers: NAVIGATION });
}

/** Where an answer sends the browser. */
export function locationOf(answer: Answered): URL {
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return new URL(String(answer.headers['location']), 'http://localhost:4000');
}

/** The query of the answer at the site, after a look at whether it went there. */
export function answerAt(site: Pick<Site, 'redirectUri'>, answered: Answered): Readonly<Record<string, string>> {
  const location = locationOf(answered);
  assert.equal(location.href.split('?')[0], site.redirectUri.split('?')[0]);
  return Object.fromEntries(location.searchParams);
}
