import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, AUTH_PREFIX_ALIAS, fillPath, PAGES } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import * as limits from '../../src/guessing/limits.ts';
import { EXTERNAL_ROUTES } from '../../src/routes/external.ts';
import { OAUTH_ROUTES } from '../../src/routes/oauth.ts';
import { SITE_ROUTES } from '../../src/routes/sites.ts';
import type { Browser } from '../browser.ts';
import { inWorld } from '../world.ts';

/** The guard that each route must have. A new route without a row here fails; so does one whose guard grew weaker. */
const GUARDS: Readonly<Record<string, string>> = {
  'POST /signup': 'ownPages',
  'POST /signin/credential': 'ownPages',
  'POST /signin/:authProvider': 'ownPages',
  'GET /get-oauth-url/:authProvider': 'open',
  'GET /:authProvider': 'open',
  'GET /:authProvider/callback': 'open',
  'POST /verify-signin': 'ownOrigin',
  'POST /resend-code': 'ownOrigin',
  'POST /not-me': 'ownOrigin',
  'POST /refresh': 'browserClientOrBody',
  'GET /session': 'browserClientReads',
  'POST /signout': 'namedByCookie',
  'POST /extend-auth-soft': 'browserClient',
  'POST /extend-auth-hard': 'namedByCookie',
  'POST /forgot-password': 'ownPages',
  'POST /reset-password': 'ownPages',
  'POST /verify-email': 'ownOrigin',
  'POST /me/email': 'cookieCsrfAndDatabase',
  'POST /confirm-email': 'cookieCsrfAndDatabase',
  'POST /undo-email': 'ownPages',
  'POST /setup/link': 'ownPages',
  'POST /setup': 'ownPages',
  'POST /me/setup': 'cookieCsrfAndDatabase',
  'GET /me': 'cookieAndDatabase',
  'PATCH /me': 'cookieCsrfAndDatabase',
  'POST /me/proof': 'cookieCsrfAndDatabase',
  'POST /me/proof/code': 'cookieCsrfAndDatabase',
  'DELETE /me': 'cookieCsrfAndDatabase',
  'GET /me/export': 'cookieAndDatabase',
  'GET /me/identities': 'cookieAndDatabase',
  'DELETE /me/identities/:authProvider': 'cookieCsrfAndDatabase',
  'GET /me/activity': 'cookieAndDatabase',
  'POST /me/password': 'cookieCsrfAndDatabase',
  'POST /me/identities/:authProvider': 'cookieCsrfAndDatabase',
  'DELETE /me/identities/:authProvider/tokens': 'cookieCsrfAndDatabase',
  'POST /me/proof/:authProvider': 'cookieCsrfAndDatabase',
  'POST /me/device': 'cookieCsrfAndDatabase',
  'POST /me/device/answer': 'cookieCsrfAndDatabase',
  'GET /me/sessions': 'cookie',
  'DELETE /me/sessions': 'cookieAndCsrf',
  'DELETE /me/sessions/:id': 'cookieAndCsrf',
  'POST /consent': 'cookieCsrfAndDatabase',
  'POST /me/join-ticket': 'userSomewhere',
  'GET /me/sites': 'cookieAndDatabase',
  'DELETE /me/sites/:clientId': 'cookieCsrfAndDatabase',
};

/** The same for the backends of client sites. */
const EXTERNAL_GUARDS: Readonly<Record<string, string>> = {
  'POST /token': 'client',
  'POST /refresh': 'client',
  'POST /peek': 'client',
  'POST /session': 'client',
  'POST /signout': 'client',
  'POST /sso/ticket/redeem': 'client',
  'POST /join': 'client',
};

/** The same for the other calls of client sites, by full path. */
const SITE_GUARDS: Readonly<Record<string, string>> = {
  'GET /api/v1/sso/ticket': 'secondaryPage',
  'POST /api/v1/sso/ticket/redeem': 'client',
  'GET /api/v1/revocations/stream': 'client',
  'GET /api/v1/revocations': 'client',
};

/** Who may ask each OAuth endpoint; its own verb looks at what the request shows. */
const OAUTH_ASKERS: Readonly<Record<string, string>> = {
  'GET /oauth/authorize': 'browser',
  'POST /oauth/authorize': 'browser',
  'POST /oauth/par': 'client',
  'GET /oauth/logout': 'browser',
  'POST /oauth/logout': 'browser',
  'POST /oauth/token': 'client',
  'POST /oauth/device_authorization': 'client',
  'POST /oauth/revoke': 'client',
  'POST /oauth/introspect': 'client',
  'GET /oauth/userinfo': 'bearer',
  'POST /oauth/userinfo': 'bearer',
};

const name = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
const BODIES: Readonly<Record<string, object>> = {
  'POST /signup': { email: 'x@example.com', password: 'a long enough password here' },
  'POST /signin/credential': { email: 'ada@example.com', password: 'a long enough password here' },
  'POST /signin/:authProvider': { tokenExchangeCode: 'x', csrfState: 'x' },
  'POST /verify-signin': { securityCode: '12345678' },
  'POST /forgot-password': { email: 'x@example.com' },
  'POST /reset-password': { token: 'A'.repeat(43), password: 'a long enough password here' },
  'POST /verify-email': { token: 'A'.repeat(43) },
  'POST /me/email': { email: 'x@example.com' },
  'POST /confirm-email': { token: 'A'.repeat(43) },
  'POST /undo-email': { token: 'A'.repeat(43) },
  'POST /setup/link': { token: 'A'.repeat(43) },
  'POST /setup': { token: 'A'.repeat(43), email: 'x@example.com', password: 'a long enough password here' },
  'POST /me/setup': { token: 'A'.repeat(43) },
  'PATCH /me': { displayName: 'Ada' },
  'POST /consent': { returnTo: '/', allow: true },
  'POST /me/join-ticket': { clientId: 'game-server' },
  'POST /me/device': { userCode: 'WDJB-MJHT' },
  'POST /me/device/answer': { userCode: 'WDJB-MJHT', allow: true },
  'DELETE /me': { confirm: 'ada@example.com' },
  'POST /me/proof': { password: 'a long enough password here' },
  'POST /me/password': { currentPassword: 'a long enough password here', newPassword: 'another long enough password' },
};
const send = (
  browser: Browser,
  route: (typeof AUTH_ROUTES)[number],
  headers: Record<string, string | undefined> = {},
  prefix = AUTH_PREFIX,
) =>
  browser.send(
    route.method,
    prefix + fillPath(route.path, { authProvider: 'github', id: 'A'.repeat(22), clientId: 'notes' }),
    route.method === 'GET' ? undefined : (BODIES[name(route)] ?? (route.method === 'DELETE' ? undefined : {})),
    { headers },
  );

test('every route stands in the guard table, and the table names no route that is not there', () => {
  const guards = (routes: typeof AUTH_ROUTES) => Object.fromEntries(routes.map((route) => [name(route), route.guardName]));
  assert.deepEqual(guards(AUTH_ROUTES), GUARDS);
  assert.deepEqual(guards(EXTERNAL_ROUTES), EXTERNAL_GUARDS);
  assert.deepEqual(guards(SITE_ROUTES), SITE_GUARDS);
  assert.deepEqual(Object.fromEntries(OAUTH_ROUTES.map((route) => [name(route), route.asker])), OAUTH_ASKERS);
});

test('every route says which counters stand before it, and they are there', () => {
  const known = Object.values(limits).map((limit) => limit.name);
  for (const route of [...AUTH_ROUTES, ...EXTERNAL_ROUTES, ...SITE_ROUTES, ...OAUTH_ROUTES]) {
    const named = route.limit === 'none' ? [] : route.limit.split(', ');
    for (const limit of named) assert.ok(known.includes(limit), `${name(route)} names ${limit}`);
  }
});

inWorld('both prefixes answer the same on every route', async (world) => {
  for (const route of AUTH_ROUTES) {
    const [a, b] = [await send(world.browser(), route), await send(world.browser(), route, {}, AUTH_PREFIX_ALIAS)];
    assert.equal(a.status, b.status, name(route));
    assert.equal(a.body.error, b.body.error, name(route));
    assert.notEqual(a.status, 404, `${name(route)} exists`);
  }
});

inWorld('a call from another site, a sibling site or with a foreign Origin is refused on every unsafe route', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const foreign: Record<string, string | undefined>[] = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:4001', 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.localhost:4000', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://evil.example', 'sec-fetch-site': undefined },
    { origin: 'http://localhost:4000.evil.example', 'sec-fetch-site': undefined },
    { origin: 'HTTP://LOCALHOST:4000', 'sec-fetch-site': undefined },
    { origin: 'null', 'sec-fetch-site': undefined },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: undefined, 'sec-fetch-site': 'cross-site' },
    { origin: undefined, 'sec-fetch-site': 'same-site' },
    { origin: undefined, 'sec-fetch-site': 'none' },
  ];
  for (const route of AUTH_ROUTES.filter(({ method }) => method !== 'GET')) {
    for (const headers of foreign) {
      const answered = await send(browser, route, { [HEADERS.csrf]: browser.csrf, ...headers });
      assert.equal(answered.status, 403, `${name(route)} with ${JSON.stringify(headers)}: ${answered.text}`);
      assert.equal(answered.body.error, 'origin_refused');
      assert.equal(answered.headers['access-control-allow-origin'], undefined);
    }
  }
  assert.equal((await browser.refresh()).body['kind'], 'rotated', 'nothing was changed by any of them');
});

inWorld('a cookie call without any sign of our own page is refused; a program without cookies may sign in', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const silent = { origin: undefined, 'sec-fetch-site': undefined };
  for (const route of AUTH_ROUTES.filter(
    // No cookie counts for these, so a program may call them as well.
    ({ method, guardName }) => method !== 'GET' && guardName !== 'ownPages',
  )) {
    assert.equal((await send(browser, route, { [HEADERS.csrf]: browser.csrf, ...silent })).body.error, 'origin_refused', name(route));
  }
  const program = world.browser();
  const answered = await program.call(
    'signIn',
    { email: 'ada@example.com', password: 'correct horse battery staple' },
    { headers: silent },
  );
  assert.equal(answered.body['status'], 'VERIFIED');
});

inWorld('CSRF: no token, a foreign one, another session’s, a changed one are refused; the own one works', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const eve = await world.signedUp('eve@example.com');
  // Not the last letter: some of its bits say nothing, and another spelling of the same bytes is the same token.
  const changed = `${ada.csrf.slice(0, -2)}${ada.csrf.at(-2) === 'A' ? 'B' : 'A'}${ada.csrf.at(-1)}`;
  for (const token of [undefined, '', 'x', eve.csrf, changed, `${ada.csrf}x`, ada.csrf.replace(/^\d+/, '63')]) {
    for (const call of ['signOut', 'extendHard', 'myPassword'] as const) {
      const body =
        call === 'myPassword' ? { currentPassword: 'correct horse battery staple', newPassword: 'another horse battery staple' } : {};
      const answered = await ada.call(call, body, { headers: { [HEADERS.csrf]: token } });
      assert.equal(answered.body.error, 'csrf_failed', `${call} with ${JSON.stringify(token)}`);
    }
    assert.equal(
      (await ada.call('mySessions', undefined, { method: 'DELETE', headers: { [HEADERS.csrf]: token } })).body.error,
      'csrf_failed',
    );
  }
  assert.equal((await ada.act('mySessions', undefined, { method: 'DELETE' })).status, 204);
});

inWorld('a bearer token needs neither origin nor CSRF token, and cookies beside it do not count', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const token = String((await ada.refresh()).body['accessToken']);
  const program = world.browser();
  const headers = { authorization: `Bearer ${token}`, origin: undefined, 'sec-fetch-site': undefined };
  assert.equal((await program.call('me', undefined, { headers })).body['email'], 'ada@example.com');
  assert.equal((await program.call('mySessions', undefined, { method: 'DELETE', headers })).status, 204);
  assert.equal((await program.call('signOut', {}, { headers })).status, 204);
  assert.equal((await ada.call('session')).body['status'], 'SIGNED_OUT');
});

/** Calls by mailbox or by shell: whoever has the letter or the link, signed in or not. */
const STRANGERS: ReadonlySet<string> = new Set([
  AUTH_PATHS.forgotPassword,
  AUTH_PATHS.resetPassword,
  AUTH_PATHS.verifyEmail,
  AUTH_PATHS.undoEmail,
  AUTH_PATHS.setupLink,
  AUTH_PATHS.setup,
]);

inWorld('with an UNVERIFIED or HELD browser every route answers as signed out, except those that lead out of it', async (world) => {
  // Three ways to wait: a sign-up, a sign-in that was unusual, and a hold.
  await world.signedUp('unusual@example.com');
  const unusual = world.browser({ address: '203.0.113.9' });
  const asked = await unusual.signIn('unusual@example.com', 'correct horse battery staple');
  assert.deepEqual(Object.keys(asked.body).sort(), ['status', 'verifyUrl']);
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'waits@example.com', password: 'correct horse battery staple' });
  const held = await world.signedUp('held@example.com');
  const thief = held.copy({ address: '203.0.113.9' });
  await thief.refresh();
  assert.equal((await held.refresh()).body.error, 'session_held');
  const out = new Set(['/session', '/verify-signin', '/resend-code', '/not-me', '/signout', '/signup']);
  // Whoever waits may begin another sign-in, as anybody may.
  for (const path of [
    '/signin/credential',
    '/signin/:authProvider',
    '/get-oauth-url/:authProvider',
    '/:authProvider',
    '/:authProvider/callback',
  ])
    out.add(path);
  for (const route of AUTH_ROUTES.filter(({ path }) => !out.has(path))) {
    for (const [who, browser] of Object.entries({ waiting, unusual, held })) {
      await world.deps.db.all("delete from counters where name like 'mail-%'");
      const answered = await send(browser, route, { [HEADERS.csrf]: browser.csrf });
      // What no sign-in is needed for is answered as to a stranger; how many letters an address may get is another matter.
      if (STRANGERS.has(route.path)) {
        const stranger = await send(world.browser(), route);
        assert.deepEqual([answered.status, answered.body.error], [stranger.status, stranger.body.error], `${who} ${name(route)}`);
        continue;
      }
      assert.ok(
        ['signed_out', 'refresh_invalid', 'session_held', 'csrf_failed'].includes(answered.body.error ?? ''),
        `${who} ${name(route)}: ${answered.text}`,
      );
      assert.ok(
        !answered.text.includes('@example.com') && !answered.text.includes('accessToken'),
        `${who} ${name(route)} tells: ${answered.text}`,
      );
    }
  }
  assert.deepEqual((await waiting.call('session')).body, { status: 'UNVERIFIED' });
  const { status, unusual: why } = (await unusual.call('session')).body;
  assert.deepEqual(
    [status, why],
    ['UNVERIFIED', { device: 'Firefox on Windows', at: world.clock.now(), reasons: ['new_device', 'new_network'] }],
  );
  for (const path of Object.values(PAGES).filter((url) => world.app.hasRoute({ method: 'GET', url }))) {
    const page = await unusual.send('GET', path, undefined, { headers: { accept: 'text/html' } });
    assert.ok(!page.text.includes('unusual@example.com'), `${path} tells the address`);
    if (path.startsWith(PAGES.dashboard)) assert.deepEqual([page.status, page.headers['location']], [303, PAGES.verifySignIn], path);
  }
  assert.deepEqual(
    [...unusual.jar.keys()].filter((cookie) => cookie !== COOKIES.transaction),
    [COOKIES.waiting],
    'no token of any kind',
  );
  assert.deepEqual((await held.call('session')).body, { status: 'HELD' });
  assert.equal(waiting.cookie(COOKIES.refresh), undefined);
});

inWorld('safe methods change nothing: every GET and HEAD with a live jar leaves the database as it was', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const dump = async () =>
    JSON.stringify(
      await Promise.all(
        ['users', 'sessions', 'refresh_tokens', 'security_codes', 'mails', 'events', 'revocations'].map((table) =>
          world.deps.db.all(`select * from ${table} order by 1`),
        ),
      ),
    );
  const before = await dump();
  const pages = [
    '/',
    '/login',
    '/signup',
    '/dashboard',
    '/dashboard/security',
    '/dashboard/activity',
    '/dashboard/account',
    '/dashboard/confirm',
    '/logout',
    '/auth/verify-signin',
    '/setup',
    '/error',
    '/.well-known/jwks.json',
    '/healthz',
    '/readyz',
    '/openapi.json',
  ];
  // The export leaves its line in the log, and flows/export shows that it leaves nothing else.
  const reads = AUTH_ROUTES.filter(({ method, path }) => method === 'GET' && path !== AUTH_PATHS.myExport).map(
    ({ path }) => AUTH_PREFIX + path,
  );
  for (const path of [...pages, ...reads]) {
    for (const method of ['GET', 'HEAD']) await browser.send(method, path);
  }
  assert.equal(await dump(), before);
});

inWorld('A user’s calls never reach another user’s sessions', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const eve = await world.signedUp('eve@example.com');
  const [evesSession] = (await eve.call('mySessions')).body['items'] as { id: string }[];
  const answered = await ada.act('mySession', undefined, { params: { id: evesSession?.id ?? '' } });
  assert.equal(answered.status, 404);
  assert.equal((await eve.call('session')).body['status'], 'VERIFIED');
  const own = (await ada.call('mySessions')).body['items'] as unknown[];
  assert.equal(own.length, 1);
});
