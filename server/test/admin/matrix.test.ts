import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { test } from 'node:test';
import {
  ADMIN_ACTS,
  ADMIN_EXPORT_PAGES,
  ADMIN_EXPORTS,
  ADMIN_FORMS,
  ADMIN_PREFIX,
  ADMIN_READS,
  type AdminAct,
  type AdminScreenName,
} from '@portico/protocol/admin';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PREFIX, AUTH_PREFIX_ALIAS, EXTERNAL_PREFIX, OAUTH, PAGES, SYSTEM } from '@portico/protocol/routes';
import type { Role } from '@portico/protocol/tokens';
import type { FastifyInstance } from 'fastify';
import { suspendUser } from '../../src/accounts/suspend-user.ts';
import { AUTH_ROUTES } from '../../src/app.ts';
import type { Route } from '../../src/http/route.ts';
import { ADMIN_ROUTES } from '../../src/routes/admin/index.ts';
import { EXTERNAL_ROUTES } from '../../src/routes/external.ts';
import { OAUTH_ROUTES } from '../../src/routes/oauth.ts';
import { SITE_ROUTES } from '../../src/routes/sites.ts';
import type { Answered, Browser } from '../browser.ts';
import { forEachDatabase } from '../databases.ts';
import { redeemed } from '../oauth/ask.ts';
import { allTables } from '../schema.ts';
import { addSite, codeFor } from '../sites.ts';
import { openWorld, type World } from '../world.ts';
import { ACTS, type Access, accessOfPage, BY_GUARD, FILES, isForm, SCREENS } from './access.ts';
import { bodyFor, pathFor, queryFor, type Validated } from './fitting.ts';
import { staff } from './staff.ts';

/** Every route that is registered, asked by everybody there is: who gets through, who is refused, and that a refusal writes nothing. */

interface Registered {
  readonly method: string;
  readonly url: string;
  readonly schema: Validated['schema'];
}

const RANKS: readonly Role[] = ['user', 'support', 'admin', 'owner'];
type Who = 'nobody' | 'unverified' | 'suspended' | 'site' | Role;
const STRANGERS: readonly Who[] = ['nobody', 'unverified', 'suspended', 'site'];

const full = (prefix: string, routes: readonly Route[]) =>
  routes.map(({ method, path, guardName }) => [`${method} ${prefix}${path}`, BY_GUARD[guardName] ?? null] as const);
const byName = <Name extends string>(
  names: Readonly<Record<Name, string>>,
  place: (path: string) => string,
  rows: Readonly<Record<Name, Access>>,
) => (Object.keys(names) as Name[]).map((name) => [place(names[name]), rows[name]] as const);

/** Where the row of a route stands. */
const ROWS: ReadonlyMap<string, Access | null> = new Map([
  ...full(AUTH_PREFIX, AUTH_ROUTES),
  ...full(EXTERNAL_PREFIX, EXTERNAL_ROUTES),
  ...full('', SITE_ROUTES),
  ...OAUTH_ROUTES.map(({ method, path }) => [`${method} ${path}`, 'open'] as const),
  ...byName<AdminScreenName>(ADMIN_READS, (path) => `GET ${ADMIN_PREFIX}${path}`, SCREENS),
  ...byName<keyof typeof ADMIN_EXPORTS>(ADMIN_EXPORTS, (path) => `GET ${ADMIN_PREFIX}${path}`, FILES),
  ...byName<keyof typeof ADMIN_EXPORTS>(ADMIN_EXPORTS, (path) => `GET ${ADMIN_EXPORT_PAGES}${path}`, FILES),
  ...byName<AdminAct>(ADMIN_ACTS, (path) => `POST ${ADMIN_PREFIX}${path}`, ACTS),
  ...byName<AdminAct>(ADMIN_ACTS, (path) => `POST ${ADMIN_FORMS}${path}`, ACTS),
]);

function accessOf({ method, url }: Registered): Access | null {
  const paths: readonly string[] = [...Object.values(SYSTEM), ...Object.values(OAUTH)];
  if (method === 'OPTIONS' || paths.includes(url) || url.startsWith(`${SYSTEM.assets}/`)) return 'open';
  return ROWS.get(`${method} ${url}`) ?? accessOfPage(url);
}

/** A plain form is checked by the schema of its call. */
const schemaAt = (url: string) => ADMIN_ROUTES.find(({ method, path }) => method === 'POST' && url === ADMIN_FORMS + path)?.schema;

/** What Fastify was told of; the second spelling of the prefix leads to the very same rows, and HEAD to those of GET. */
async function registeredIn(open: () => Promise<World>): Promise<{ world: World; routes: readonly Registered[] }> {
  const routes: Registered[] = [];
  const listen = (message: unknown) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url, schema }) => {
      for (const one of [method].flat())
        if (one !== 'HEAD' && !url.startsWith(AUTH_PREFIX_ALIAS))
          routes.push({ method: one, url, schema: schemaAt(url) ?? ((schema ?? {}) as Registered['schema']) });
    });
  };
  diagnostics.subscribe('fastify.initialization', listen);
  try {
    return { world: await open(), routes };
  } finally {
    diagnostics.unsubscribe('fastify.initialization', listen);
  }
}

async function asked(browser: Browser, route: Registered, bearer: string | null): Promise<Answered> {
  const { method, url } = route;
  const path = pathFor(url, route).replace('*', 'x') + queryFor(route);
  const shown =
    bearer === null
      ? { [HEADERS.csrf]: browser.csrf }
      : { authorization: `Bearer ${bearer}`, origin: undefined, 'sec-fetch-site': undefined };
  const document = accessOfPage(url) !== null || isForm(url) || url.startsWith(ADMIN_EXPORT_PAGES);
  if (method === 'GET')
    return browser.send('GET', path, undefined, { headers: { ...shown, ...(document ? { accept: 'text/html' } : {}) } });
  if (!document) return browser.send(method, path, bodyFor(route), { headers: shown });
  const fields = Object.entries({ ...bodyFor(route), [FORM_FIELDS.csrf]: browser.csrf }).map(([name, value]) => [name, String(value)]);
  const headers = { ...shown, accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' };
  return browser.send(method, path, new URLSearchParams(fields).toString(), { headers });
}

/** By counters and the audit log alone may a refusal be seen. */
async function dumpOf({ deps }: World): Promise<Readonly<Record<string, string>>> {
  const dump: Record<string, string> = {};
  for (const table of allTables().filter((name) => name !== 'counters' && name !== 'events')) {
    const rows = await deps.db.all(`select * from ${table}`);
    dump[table] = rows
      .map((row) => JSON.stringify(row))
      .sort()
      .join('\n');
  }
  return dump;
}

function passes(access: Access, who: Who): boolean {
  if (access === 'open') return true;
  if (access === 'token' && who === 'site') return true;
  if (access === 'site' || access === 'secondary' || STRANGERS.includes(who)) return false;
  return access === 'person' || access === 'token' || RANKS.indexOf(who as Role) >= RANKS.indexOf(access);
}

/** Which refusal a program gets, and no other. */
function refusalFor(access: Access, who: Who): string {
  if (access === 'site') return '401 client_refused';
  if (access === 'secondary') return '403 origin_refused';
  return STRANGERS.includes(who) ? '401 signed_out' : '403 role_required';
}

const isRefusedDocument = ({ status, headers }: Answered) =>
  (status === 303 && [PAGES.signIn, PAGES.verifySignIn].some((page) => String(headers['location']).startsWith(page))) ||
  [400, 401, 403].includes(status);
const DOOR = ['signed_out', 'role_required', 'csrf_failed', 'origin_refused', 'fresh_signin_required', 'client_refused'];

async function everybody(world: World): Promise<Readonly<Record<Who, { browser: Browser; bearer: string | null }>>> {
  const of = async (role: Role) => ({ browser: (await staff(world, role)).browser, bearer: null });
  const unverified = world.browser();
  await unverified.call('signUp', { email: 'waits@example.com', password: 'correct horse battery staple' });
  const suspended = await world.signedUp('suspended@example.com');
  const userId = String((await suspended.call('me')).body['id']);
  const site = await addSite(world, 'notes');
  const people = { user: await of('user'), support: await of('support'), admin: await of('admin'), owner: await of('owner') };
  const { accessToken } = await redeemed(world, site, await codeFor(world, people.owner.browser, site));
  assert.ok(await suspendUser(world.deps, { requestId: 'test', address: '', userAgent: '' }, { userId }));
  return {
    nobody: { browser: world.browser(), bearer: null },
    unverified: { browser: unverified, bearer: null },
    suspended: { browser: suspended, bearer: null },
    // An owner's, at that: what somebody may do here is not lent to a site.
    site: { browser: world.browser(), bearer: accessToken },
    ...people,
  };
}

forEachDatabase(
  'every registered route has a row; whoever it does not let through is refused alike everywhere, and no refusal writes anything',
  async (open, t) => {
    const db = await open();
    const { world, routes } = await registeredIn(() => openWorld(db));
    try {
      const rowless = routes.filter((route) => accessOf(route) === null).map(({ method, url }) => `${method} ${url}`);
      assert.deepEqual(rowless, [], 'a route without a row in access.ts');
      const guarded = routes.filter((route) => accessOf(route) !== 'open');
      const doors = await everybody(world);
      let before = await dumpOf(world);
      let refusals = 0;
      for (const who of Object.keys(doors) as Who[]) {
        for (const route of guarded.filter((one) => !passes(accessOf(one) as Access, who))) {
          const { browser, bearer } = doors[who];
          const answered = await asked(browser, route, bearer);
          const name = `${who}: ${route.method} ${route.url}: ${answered.status} ${answered.text.slice(0, 200)}`;
          const document = answered.text === '' || answered.text.startsWith('<!doctype');
          if (document) assert.ok(isRefusedDocument(answered), name);
          else assert.equal(`${answered.status} ${String(answered.body.error)}`, refusalFor(accessOf(route) as Access, who), name);
          refusals += 1;
        }
        const after = await dumpOf(world);
        assert.deepEqual(
          Object.keys(after).filter((table) => after[table] !== before[table]),
          [],
          `something was written for ${who}`,
        );
        before = after;
      }

      let passed = 0;
      for (const who of RANKS) {
        for (const route of guarded.filter(
          (one) => passes(accessOf(one) as Access, who) && !isForm(one.url) && accessOfPage(one.url) === null,
        )) {
          const answered = await asked(doors[who].browser, route, null);
          const name = `${who}: ${route.method} ${route.url}: ${answered.status} ${answered.text.slice(0, 200)}`;
          assert.ok(answered.status !== 500 && !DOOR.includes(answered.body.error ?? ''), name);
          passed += 1;
        }
      }
      assert.ok(refusals > 300 && passed > 100, `${refusals} ${passed}`);
      t.diagnostic(`${routes.length} routes, ${refusals} refusals, ${passed} let through`);
    } finally {
      await world.close();
    }
  },
);

test('each route of the admin page asks for the role that its row names; an owner’s act for a fresh proof too', () => {
  for (const { method, path, guardName } of ADMIN_ROUTES) {
    const row = ROWS.get(`${method} ${ADMIN_PREFIX}${path}`);
    assert.equal(guardName.replace(/^fresh |Reads$/g, ''), row, `${method} ${path}`);
    if (row === 'owner') assert.ok(guardName.startsWith('fresh '), path);
  }
});
