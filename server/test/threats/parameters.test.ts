import assert from 'node:assert/strict';
import { COOKIES, FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, authPath, fillPath, OAUTH, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import type { Answered, Browser } from '../browser.ts';
import { everything, sessionOf } from '../families.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** Values in places where they do not belong: secrets in addresses, fields twice, fields that only we may set, somebody else's ids. */

const PAGE = { headers: { accept: 'text/html' } };
const NEW_PASSWORD = 'another horse battery staple';

inWorld('no call takes a token from its address: in the query every one of them is as good as absent', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const access = browser.cookie(COOKIES.access) ?? '';
  const secrets = { access_token: access, token: access, accessToken: access, authorization: `Bearer ${access}`, bearer: access };
  const cookies = Object.fromEntries([...browser.jar].map(([name, { value }]) => [name, value]));
  const query = new URLSearchParams({
    ...secrets,
    ...cookies,
    refreshToken: browser.refreshToken,
    [HEADERS.csrf]: browser.csrf,
  }).toString();
  for (const { method, path } of AUTH_ROUTES) {
    const url = `${AUTH_PREFIX}${fillPath(path, { authProvider: 'github', id: 'A'.repeat(22), clientId: 'space-snake' })}?${query}`;
    const body = method === 'GET' || method === 'DELETE' ? undefined : {};
    const answered = await world.browser().send(method, url, body);
    const quiet = [AUTH_PATHS.session, AUTH_PATHS.signOut, AUTH_PATHS.notMe].some((open) => open === path);
    assert.ok(quiet || answered.status >= 400, `${method} ${path}: ${answered.status}`);
    assert.ok(!answered.text.includes('ada@example.com') && !answered.text.includes('VERIFIED'), answered.text);
  }
  const page = await world.browser().send('GET', `${PAGES.dashboard}?${query}`, undefined, PAGE);
  assert.equal(page.status, 303);
  const form = await world.browser().submit(`${PAGE_FORMS.dashboardEndOthers}?${query}&${FORM_FIELDS.csrf}=${browser.csrf}`, {});
  assert.ok(form.status >= 400);
  assert.equal((await browser.refresh()).body['kind'], 'rotated', 'nobody was signed out by it');
});

inWorld('no address that we send anybody to holds a secret: not a redirect, not a link, not a form', async (world) => {
  const email = 'ada@example.com';
  const browser = world.browser();
  const secrets = new Set<string>();
  const addresses: string[] = [];
  const note = (answered: Answered) => {
    for (const [name, { value }] of browser.jar) if (name !== COOKIES.generation) secrets.add(value);
    addresses.push(String(answered.headers['location'] ?? ''));
    addresses.push(...[...answered.text.matchAll(/(?:href|src|action|content)="([^"]*)"/g)].map((found) => found[1] ?? ''));
    return answered;
  };
  const fields = async (path: string, extra: Record<string, string>) => {
    const page = note(await browser.send('GET', path, undefined, PAGE));
    const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    secrets.add(token);
    return { [FORM_FIELDS.form]: token, [FORM_FIELDS.csrf]: browser.csrf, ...extra };
  };
  note(await browser.submit(PAGES.signUp, await fields(PAGES.signUp, { email, password: PASSWORD, displayName: 'Ada' })));
  const code = await world.codeFor(email);
  secrets.add(code);
  note(await browser.submit(PAGES.verifySignIn, await fields(PAGES.verifySignIn, { securityCode: '00000000' })));
  note(await browser.submit(PAGES.verifySignIn, await fields(PAGES.verifySignIn, { securityCode: code })));
  note(
    await browser.submit(
      PAGE_FORMS.dashboardPassword,
      await fields(PAGES.dashboardSecurity, { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }),
    ),
  );
  note(await browser.submit(PAGE_FORMS.dashboardEndOthers, await fields(PAGES.dashboard, {})));
  note(await browser.submit(PAGES.signOut, await fields(PAGES.signOut, {})));
  note(await browser.submit(PAGES.signIn, await fields(PAGES.signIn, { email, password: NEW_PASSWORD })));
  note(await browser.send('GET', PAGES.landing, undefined, PAGE));
  assert.ok(addresses.length > 50 && secrets.size > 12, `${addresses.length} addresses, ${secrets.size} secrets`);
  for (const secret of [...secrets, PASSWORD, NEW_PASSWORD, 'Ada', email].filter((text) => text.length > 2)) {
    for (const address of addresses) assert.ok(!decodeURIComponent(address).includes(secret), `${address} holds a secret`);
  }
});

inWorld('a field that comes twice is refused, in a form, in the query and in a header: which of two would count?', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const before = await everything(world);
  const twice = (path: string, pairs: readonly (readonly [string, string])[]) =>
    browser.send('POST', path, new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString(), {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    });
  const csrf = [FORM_FIELDS.csrf, browser.csrf] as const;
  const doubled: readonly Promise<Answered>[] = [
    twice(PAGE_FORMS.dashboardEndOthers, [csrf, csrf]),
    twice(PAGE_FORMS.dashboardPassword, [csrf, ['currentPassword', 'x'], ['currentPassword', PASSWORD], ['newPassword', NEW_PASSWORD]]),
    twice(PAGE_FORMS.dashboardEndSession, [csrf, ['id', 'A'], ['id', 'B']]),
    twice(PAGES.signOut, [csrf, csrf]),
    twice(PAGES.signIn, [
      ['email', 'a@example.com'],
      ['email', 'ada@example.com'],
      ['password', PASSWORD],
    ]),
    twice(PAGES.signUp, [
      ['email[]', 'a@example.com'],
      ['email[]', 'b@example.com'],
      ['password', PASSWORD],
    ]),
  ];
  for (const [n, answered] of (await Promise.all(doubled)).entries())
    assert.ok(answered.status >= 400 && answered.status < 500, `${n}: ${answered.status}`);
  for (const query of [
    'limit=1&limit=2',
    `cursor=${'A'.repeat(22)}&cursor=${'B'.repeat(22)}`,
    'limit[]=1',
    'limit=1&limit=1',
    'limit=1;limit=2',
    'other=1',
  ])
    assert.equal((await browser.send('GET', `${authPath('mySessions')}?${query}`)).status, 400, query);
  const heads = { [HEADERS.csrf]: `${browser.csrf}, ${browser.csrf}` };
  assert.equal((await browser.call('mySessions', undefined, { method: 'DELETE', headers: heads })).body.error, 'csrf_failed');
  assert.deepEqual(await everything(world), before);
});

/** Fields that decide what somebody is. None may come from outside, under any name, on any call. */
const OURS = [
  'role',
  'isAdmin',
  'admin',
  'emailVerified',
  'verified',
  'verifiedAt',
  'verified_at',
  'status',
  'state',
  'userId',
  'user_id',
  'id',
  'sub',
  'clientId',
  'sessionId',
  'uv',
  'expiresAt',
  'amr',
  'createdAt',
  'suspendedAt',
  'user',
  'decoy',
];

function goodBody(path: string, method: string): Record<string, unknown> {
  if (path === AUTH_PATHS.me && method === 'DELETE') return { confirm: 'ada@example.com' };
  if (path === AUTH_PATHS.signUp) return { email: 'new@example.com', password: PASSWORD };
  if (path === AUTH_PATHS.signIn) return { tokenExchangeCode: 'x', csrfState: 'x' };
  if (path === AUTH_PATHS.signInCredential) return { email: 'ada@example.com', password: PASSWORD };
  if (path === AUTH_PATHS.verifySignIn) return { securityCode: '12345678' };
  if (path === AUTH_PATHS.forgotPassword || path === AUTH_PATHS.myEmail) return { email: 'new@example.com' };
  if (path === AUTH_PATHS.setup) return { token: 'A'.repeat(43), email: 'new@example.com', password: PASSWORD };
  if (path === AUTH_PATHS.setupLink || path === AUTH_PATHS.mySetup) return { token: 'A'.repeat(43) };
  if (path === AUTH_PATHS.resetPassword) return { token: 'A'.repeat(43), password: PASSWORD };
  if (path === AUTH_PATHS.verifyEmail || path === AUTH_PATHS.confirmEmail || path === AUTH_PATHS.undoEmail)
    return { token: 'A'.repeat(43) };
  if (path === AUTH_PATHS.me) return { displayName: 'Ada' };
  if (path === AUTH_PATHS.myProof) return { password: PASSWORD };
  if (path === AUTH_PATHS.consent) return { returnTo: OAUTH.authorize, allow: true };
  if (path === AUTH_PATHS.myDevice) return { userCode: 'BCDF-GHJK' };
  if (path === AUTH_PATHS.myDeviceAnswer) return { userCode: 'BCDF-GHJK', allow: true };
  if (path === AUTH_PATHS.myJoinTicket) return { clientId: 'space-snake' };
  if (path === AUTH_PATHS.myPassword) return { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
  return {};
}

inWorld('fields that only we set are refused on every call, from a signed-in browser too, and nothing is written', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const before = await everything(world);
  for (const { method, path } of AUTH_ROUTES.filter((route) => route.method !== 'GET')) {
    for (const field of OURS.filter((name) => !(name in goodBody(path, method)) && !(path === AUTH_PATHS.refresh && name === 'clientId'))) {
      const url = AUTH_PREFIX + fillPath(path, { authProvider: 'github', id: 'A'.repeat(22), clientId: 'space-snake' });
      const headers = { [HEADERS.csrf]: browser.csrf, 'content-type': 'application/json' };
      const answered = await browser.send(method, url, JSON.stringify({ ...goodBody(path, method), [field]: 'admin' }), { headers });
      assert.deepEqual([answered.status, answered.body['fields']], [400, { [field]: 'unknown' }], `${method} ${path} with ${field}`);
    }
  }
  assert.deepEqual(await everything(world), before);
});

/** The sessions that `browser` may see. */
async function listed(browser: Browser, query: Record<string, string> = {}): Promise<readonly { id: string }[]> {
  return (await browser.call('mySessions', undefined, { query })).body['items'] as readonly { id: string }[];
}

async function idOf(world: World, browser: Browser): Promise<string> {
  return (await sessionOf(world, browser)).id;
}

inWorld(
  'an id in the path is not overruled by one in the query or in the body, and a stranger’s id opens nothing anywhere',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const eve = await world.signedUp('eve@example.com');
    const [own, foreign] = [await idOf(world, eve), await idOf(world, ada)];
    const end = (id: string, query: string, body?: object) =>
      eve.send('DELETE', `${AUTH_PREFIX}${fillPath(AUTH_PATHS.mySession, { id })}${query}`, body, {
        headers: { [HEADERS.csrf]: eve.csrf },
      });
    assert.equal((await end(foreign, `?id=${own}`)).status, 404);
    assert.equal((await end(own, '', { id: foreign })).status, 400);
    const form = await eve.submit(PAGE_FORMS.dashboardEndSession, { [FORM_FIELDS.csrf]: eve.csrf, id: foreign });
    assert.equal(form.status, 404);
    assert.equal((await ada.call('session')).body['status'], 'VERIFIED');
    // Cursors are ids of one's own list: a stranger's, a forged or a hostile one leads nowhere else.
    for (const cursor of [foreign, 'A'.repeat(22)])
      assert.deepEqual(
        (await listed(eve, { cursor })).map(({ id }) => id),
        [own],
        'it starts over',
      );
    for (const cursor of [
      "' or 1=1 --",
      '1; drop table users',
      '%',
      '../../',
      foreign.slice(1),
      `${foreign}A`,
      '\0'.repeat(22),
      'eyJpZCI6IngifQ',
    ])
      assert.equal((await eve.call('mySessions', undefined, { query: { cursor } })).status, 400, cursor);
    for (const limit of ['0', '-1', '101', '1e2', '1 union select', 'NaN', ''])
      assert.equal((await eve.call('mySessions', undefined, { query: { limit } })).status, 400, limit);
  },
);
