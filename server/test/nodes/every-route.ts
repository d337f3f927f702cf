import diagnostics from 'node:diagnostics_channel';
import { ADMIN_EXPORT_PAGES, ADMIN_FORMS } from '@portico/protocol/admin';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PREFIX_ALIAS, EXTERNAL_PREFIX, OAUTH, REVOCATIONS, SSO, SYSTEM } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { ADMIN_ROUTES } from '../../src/routes/admin/index.ts';
import { accessOfPage, isForm } from '../admin/access.ts';
import { bodyFor, pathFor, queryFor, type Validated } from '../admin/fitting.ts';
import { staff } from '../admin/staff.ts';
import type { Answered, Browser } from '../browser.ts';
import { redeemed } from '../oauth/ask.ts';
import { addSite, basicOf, codeFor } from '../sites.ts';
import type { World } from '../world.ts';

/** Every route that Fastify was told of, asked by somebody whom it lets through, as far as one body fits them all. */

export interface Registered extends Validated {
  readonly method: string;
  readonly url: string;
}

/** The second spelling of the prefix leads to the very same rows, and HEAD to those of GET. */
export async function withRoutes<T>(open: () => Promise<T>): Promise<{ opened: T; routes: readonly Registered[] }> {
  const routes: Registered[] = [];
  const schemaAt = (url: string) => ADMIN_ROUTES.find(({ method, path }) => method === 'POST' && url === ADMIN_FORMS + path)?.schema;
  const listen = (message: unknown) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url, schema }) => {
      for (const one of [method].flat())
        if (one !== 'HEAD' && one !== 'OPTIONS' && !url.startsWith(AUTH_PREFIX_ALIAS) && !url.startsWith(`${SYSTEM.assets}/`))
          routes.push({ method: one, url, schema: schemaAt(url) ?? ((schema ?? {}) as Registered['schema']) });
    });
  };
  diagnostics.subscribe('fastify.initialization', listen);
  try {
    return { opened: await open(), routes };
  } finally {
    diagnostics.unsubscribe('fastify.initialization', listen);
  }
}

/** Those who ask: an owner, with a fresh proof, and a site. */
export interface Askers {
  readonly owner: Browser;
  readonly basic: string;
  readonly bearer: string;
}

export async function askersIn(world: World): Promise<Askers> {
  const { browser: owner } = await staff(world, 'owner');
  const site = await addSite(world, 'notes');
  const { accessToken } = await redeemed(world, site, await codeFor(world, owner, site));
  return { owner, basic: basicOf(site), bearer: `Bearer ${accessToken}` };
}

/** In a browser of its own with the owner's cookies, so that what one answer sets changes no other call. */
export async function askRoute({ owner, basic, bearer }: Askers, route: Registered): Promise<Answered> {
  const browser = owner.copy();
  const { method, url } = route;
  const path = pathFor(url, route).replace('*', 'x') + queryFor(route);
  const paths: readonly string[] = [...Object.values(OAUTH), ...Object.values(REVOCATIONS), SSO.redeemTicket];
  const isSites = url.startsWith(EXTERNAL_PREFIX) || (paths.includes(url) && url !== OAUTH.authorize && url !== OAUTH.logout);
  if (isSites) return askAsSite(browser, route, path, url === OAUTH.userinfo ? bearer : basic);
  const document = accessOfPage(url) !== null || isForm(url) || url.startsWith(ADMIN_EXPORT_PAGES);
  const shown = { [HEADERS.csrf]: browser.csrf, ...(document ? { accept: 'text/html' } : {}) };
  if (method === 'GET') return browser.send('GET', path, undefined, { headers: shown });
  if (!document) return browser.send(method, path, bodyFor(route), { headers: shown });
  return browser.send(method, path, formOf({ ...bodyFor(route), [FORM_FIELDS.csrf]: browser.csrf }), {
    headers: { ...shown, 'content-type': 'application/x-www-form-urlencoded' },
  });
}

async function askAsSite(browser: Browser, route: Registered, path: string, authorization: string): Promise<Answered> {
  const { method, url } = route;
  const headers = { authorization, cookie: undefined, origin: undefined, 'sec-fetch-site': undefined };
  if (method === 'GET') return browser.send('GET', path, undefined, { headers });
  if (url.startsWith(EXTERNAL_PREFIX) || url === SSO.redeemTicket) return browser.send(method, path, bodyFor(route), { headers });
  const form = { grant_type: 'refresh_token', refresh_token: browser.refreshToken, token: browser.refreshToken };
  return browser.send(method, path, formOf(form), { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } });
}

function formOf(fields: Readonly<Record<string, unknown>>): string {
  return new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)])).toString();
}
