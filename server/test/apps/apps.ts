import assert from 'node:assert/strict';
import { appRefreshCookie, HEADERS } from '@portico/protocol/cookies';
import type { AUTH_PATHS } from '@portico/protocol/routes';
import type { NewClient } from '../../src/clients/client.ts';
import type { Answered, Browser, CallOptions } from '../browser.ts';
import { answerAt, askAuthorize, askOf } from '../oauth/asking.ts';
import { addSite, type Site } from '../sites.ts';
import type { World } from '../world.ts';

/** Apps in the browser, and their pages: another origin on Portico's own site, which calls with cookies. */

export interface App extends Site {
  readonly origin: string;
}

/** Registers an app that nobody needs to be asked for, unless said otherwise. Another port of one host is the same site. */
export async function addApp(world: World, id = 'notes', { origin = 'http://localhost:5173', ...given }: AppWish = {}): Promise<App> {
  const site = await addSite(world, id, {
    kind: 'spa',
    origins: [origin],
    redirectUris: [`${origin}/`],
    confirmation: 'auto',
    ...given,
  });
  return { ...site, origin };
}
type AppWish = Partial<NewClient> & { readonly origin?: string };

export function appToken(browser: Browser, { id }: Pick<App, 'id'>): string {
  return browser.cookie(appRefreshCookie(id)) ?? '';
}

/** A call as a script on a page of the app makes it: `fetch` with credentials. */
export async function callFrom(
  app: Pick<App, 'origin'>,
  browser: Browser,
  name: keyof typeof AUTH_PATHS,
  { body, ...options }: CallOptions & { readonly body?: object } = {},
): Promise<Answered> {
  return browser.call(name, body, {
    ...options,
    headers: { origin: app.origin, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', ...options.headers },
  });
}

/** A refresh with an attempt of the generation, or with the one given. */
export async function refreshFrom(
  app: App,
  browser: Browser,
  {
    gen = 0,
    attempt = browser.newAttempt(gen),
    ...options
  }: CallOptions & { readonly gen?: number; readonly attempt?: string | null } = {},
): Promise<Answered> {
  const headers = { ...(attempt === null ? {} : { [HEADERS.attempt]: attempt }), ...options.headers };
  return callFrom(app, browser, 'refresh', { ...options, headers });
}

/** A call that changes something, with the CSRF token that the app was given. */
export async function actFrom(
  app: App,
  browser: Browser,
  name: keyof typeof AUTH_PATHS,
  csrfToken: unknown,
  body?: object,
): Promise<Answered> {
  return callFrom(app, browser, name, { headers: { [HEADERS.csrf]: String(csrfToken) }, ...(body === undefined ? {} : { body }) });
}

export function requireOk(answer: Answered, status = 200): Answered {
  assert.equal(answer.status, status, answer.text);
  return answer;
}

export const askNone = (app: App, changes: Readonly<Record<string, string | undefined>> = {}) =>
  askOf(app, {
    response_type: 'none',
    nonce: undefined,
    code_challenge: undefined,
    code_challenge_method: undefined,
    ...changes,
  });

/** Signs the browser in at the app, as its `signIn` does: a navigation to /oauth/authorize, and what the app asks first when it is back. */
export async function openApp(app: App, browser: Browser, changes: Readonly<Record<string, string | undefined>> = {}): Promise<Answered> {
  answerAt(app, await askAuthorize(browser, askNone(app, changes)));
  return requireOk(await refreshFrom(app, browser));
}
