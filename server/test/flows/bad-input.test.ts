import assert from 'node:assert/strict';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { ERRORS } from '@portico/protocol/errors';
import { AUTH_PREFIX, AUTH_PREFIX_ALIAS, fillPath, PAGES } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import type { Db } from '../../src/platform/db.ts';
import { inWorld } from '../world.ts';

/** Bodies that no route has a use for: each must be a clear 4xx, change nothing, and leave the process alive. */
const HOSTILE_BODIES: Readonly<Record<string, string>> = {
  'an array': '[]',
  'a text': '"email"',
  'a number': '7',
  null: 'null',
  'broken JSON': '{"email":',
  'two documents': '{}{}',
  'an unknown field': '{"isAdmin":true}',
  'fields as arrays':
    '{"email":["a@example.com"],"password":["x"],"securityCode":["1"],"refreshToken":["a"],"currentPassword":[1],"newPassword":[1],"everywhere":[true],"tokenExchangeCode":["x"],"csrfState":["x"],"returnTo":["/"],"token":["x"],"inviteToken":["x"]}',
  'fields as objects':
    '{"email":{"$gt":""},"password":{"$ne":1},"securityCode":{},"refreshToken":{},"currentPassword":{},"newPassword":{},"everywhere":{},"tokenExchangeCode":{},"csrfState":{},"returnTo":{},"token":{},"inviteToken":{}}',
  'fields as numbers':
    '{"email":1,"password":2,"securityCode":3,"refreshToken":4,"currentPassword":5,"newPassword":6,"everywhere":7,"tokenExchangeCode":8,"csrfState":9,"returnTo":10,"token":11,"inviteToken":12}',
  'fields as null':
    '{"email":null,"password":null,"securityCode":null,"refreshToken":null,"currentPassword":null,"newPassword":null,"everywhere":null,"tokenExchangeCode":null,"csrfState":null,"returnTo":null,"token":null,"inviteToken":null}',
  'a prototype': '{"__proto__":{"isAdmin":true}}',
  'a constructor': '{"constructor":{"prototype":{"isAdmin":true}}}',
  'NUL bytes':
    '{"email":"a\\u0000@example.com","password":"\\u0000","securityCode":"\\u0000","refreshToken":"\\u0000","currentPassword":"\\u0000","newPassword":"\\u0000","displayName":"\\u0000","tokenExchangeCode":"\\u0000","csrfState":"\\u0000","returnTo":"\\u0000","token":"\\u0000","inviteToken":"\\u0000"}',
  'deep nesting': `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
};

/** Spellings of a content type that is not JSON, or not quite. */
const CONTENT_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json garbage',
  'application/jsonx',
  'application/xml',
  'text/json',
  'application/csp-report',
  'application/ld+json',
  'json',
  '*/*',
  'application',
  '/json',
  ' ',
  'text/plain, application/json',
  'text/plain;application/json',
  'application\\json',
  'application/json,text/plain',
];

/** Cookie values of many forms and lengths. */
const COOKIE_VALUES = [
  '',
  'x',
  'ptr_',
  `ptr_${'A'.repeat(75)}`,
  `ptr_${'A'.repeat(76)}`,
  `ptr_${'A'.repeat(77)}`,
  '%00',
  '"quoted"',
  'a'.repeat(3000),
  '[object Object]',
  '../../etc/passwd',
  "' or 1=1 --",
];

const unsafe = AUTH_ROUTES.filter((route) => route.method !== 'GET');
const filled = (path: string) => fillPath(path, { authProvider: 'github', id: 'A'.repeat(22), clientId: 'shop' });

/** Every row of every table that a request could write. */
async function everything(db: Db): Promise<string> {
  const tables = [
    'users',
    'passwords',
    'devices',
    'clients',
    'client_secrets',
    'client_roles',
    'consents',
    'authorization_requests',
    'authorization_codes',
    'device_codes',
    'logouts',
    'spent_ids',
    'sessions',
    'signups',
    'refresh_tokens',
    'security_codes',
    'revocations',
    'mail_links',
    'invitations',
    'mails',
    'identities',
  ];
  const rows = await Promise.all(tables.map((table) => db.all(`select * from ${table} order by 1, 2`)));
  return JSON.stringify(rows);
}

function requireClearRefusal(answered: { status: number; text: string; body: { error?: string } }, what: string): void {
  assert.ok(answered.status >= 400 && answered.status < 500, `${what}: answered ${answered.status} ${answered.text.slice(0, 200)}`);
  const code = answered.body.error ?? '';
  assert.equal((ERRORS as Record<string, number>)[code], answered.status, `${what}: ${answered.text.slice(0, 200)}`);
  assert.ok(!/at .*\.ts|node_modules|select |insert |sqlite|postgres/i.test(answered.text), `${what} leaks internals: ${answered.text}`);
}

inWorld('hostile bodies on every unsafe route of both prefixes are a clear 4xx and write nothing', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const before = await everything(world.deps.db);
  for (const prefix of [AUTH_PREFIX, AUTH_PREFIX_ALIAS]) {
    for (const { method, path } of unsafe) {
      // An empty object is a whole call for some routes, so the hostile ones run without this browser's sign-in.
      const stranger = world.browser();
      for (const [name, body] of Object.entries(HOSTILE_BODIES)) {
        const answered = await stranger.send(method, prefix + filled(path), body, { headers: { 'content-type': 'application/json' } });
        if (path === '/signout' && name === 'null' && answered.status === 204) continue;
        if (path === '/not-me' && name === 'null' && answered.status === 200) continue;
        requireClearRefusal(answered, `${method} ${path} with ${name}`);
      }
    }
  }
  assert.equal(await everything(world.deps.db), before);
  assert.equal((Object.prototype as Record<string, unknown>)['isAdmin'], undefined);
  assert.equal((await browser.call('me')).status, 200, 'the owner is still signed in');
});

inWorld('a body of one megabyte is 413 on every unsafe route', async (world) => {
  const browser = world.browser();
  const big = JSON.stringify({ email: 'a'.repeat(1_000_000) });
  for (const { method, path } of unsafe) {
    const answered = await browser.send(method, AUTH_PREFIX + filled(path), big, { headers: { 'content-type': 'application/json' } });
    assert.equal(answered.status, 413, `${method} ${path}`);
    assert.equal(answered.body.error, 'too_large');
  }
});

inWorld('only JSON is taken: other content types and odd spellings never reach a handler', async (world) => {
  const browser = world.browser();
  const invalid = '{"email":7}';
  for (const { method, path } of unsafe) {
    for (const type of CONTENT_TYPES) {
      const answered = await browser.send(method, AUTH_PREFIX + filled(path), invalid, { headers: { 'content-type': type } });
      assert.ok(
        ['unsupported_media_type', 'bad_request', 'invalid_fields'].includes(answered.body.error ?? ''),
        `${method} ${path} as ${JSON.stringify(type)}: ${answered.text}`,
      );
    }
    for (const type of [
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      '\tapplication/json',
      ' application/json ',
    ]) {
      const answered = await browser.send(method, AUTH_PREFIX + filled(path), invalid, { headers: { 'content-type': type } });
      assert.ok(
        [400, 415].includes(answered.status),
        `${method} ${path} as ${JSON.stringify(type)}: a schema was skipped (${answered.status})`,
      );
    }
  }
});

inWorld('malformed cookies and headers of every length are as good as absent', async (world) => {
  const statuses = new Map<string, number>();
  for (const name of Object.values(COOKIES)) {
    for (const value of COOKIE_VALUES) {
      const browser = world.browser();
      for (const { method, path } of AUTH_ROUTES) {
        const answered = await browser.send(method, AUTH_PREFIX + filled(path), method === 'GET' || method === 'DELETE' ? undefined : {}, {
          headers: {
            cookie: `${name}=${value}; ${name}=${value}; =; ${'x'.repeat(100)}`,
            authorization: `Bearer ${value}`,
            [HEADERS.csrf]: 'x',
          },
        });
        assert.ok(answered.status < 500, `${method} ${path} with ${name}=${value.slice(0, 40)}: ${answered.status} ${answered.text}`);
        statuses.set(`${method} ${path}`, answered.status);
      }
      const page = await browser.send('GET', PAGES.dashboard, undefined, { headers: { cookie: `${name}=${value}` } });
      assert.equal(page.status, 303, `the dashboard with ${name}=${value.slice(0, 40)}`);
    }
  }
  assert.equal(statuses.get('GET /me'), 401);
});

inWorld('a refresh token cut at every length, or changed in any character, is refresh_invalid and changes nothing', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const token = browser.refreshToken;
  const before = await everything(world.deps.db);
  const refresh = (value: string) =>
    world.browser().send('POST', `${AUTH_PREFIX}/refresh`, {}, { headers: { cookie: `${COOKIES.refresh}=${value}` } });
  for (let length = 0; length < token.length; length += 3)
    assert.equal((await refresh(token.slice(0, length))).body.error, 'refresh_invalid');
  for (let at = 4; at < token.length; at += 5) {
    const other = token[at] === 'A' ? 'B' : 'A';
    assert.equal((await refresh(token.slice(0, at) + other + token.slice(at + 1))).body.error, 'refresh_invalid', `changed at ${at}`);
  }
  for (const twisted of [`${token}=`, token.toUpperCase(), ` ${token}`, token.replaceAll('-', '+').replaceAll('_', '/')]) {
    if (twisted !== token) assert.equal((await refresh(encodeURIComponent(twisted))).body.error, 'refresh_invalid');
  }
  assert.equal(await everything(world.deps.db), before);
});

inWorld('wrong methods are 405 with Allow, unknown addresses 404, in JSON for programs and as a page for people', async (world) => {
  const browser = world.browser();
  for (const { method, path } of AUTH_ROUTES) {
    const other = 'PUT';
    const answered = await browser.send(other, AUTH_PREFIX + filled(path), {});
    assert.equal(answered.status, 405, `${other} ${path}`);
    assert.equal(answered.body.error, 'method_not_allowed');
    assert.match(String(answered.headers['allow']), new RegExp(method));
  }
  const program = await browser.send('GET', '/no/such/place');
  assert.equal(program.status, 404);
  assert.equal(program.body.error, 'not_found');
  const person = await browser.send('GET', '/no/such/place', undefined, { headers: { accept: 'text/html' } });
  assert.equal(person.status, 404);
  assert.match(String(person.headers['content-type']), /text\/html/);
  assert.equal((await browser.send('TRACE', '/')).status >= 404, true);
});

inWorld('odd spellings of a path are no second door to it', async (world) => {
  const browser = world.browser();
  for (const path of [
    '//api/v1/auth/session',
    '/api/v1/auth//session',
    '/api/v1/auth/session/',
    '/API/v1/auth/session',
    '/api/v1/auth/session;a',
    '/api/v1/auth/%2fsession',
  ]) {
    assert.equal((await browser.send('GET', path)).status, 404, path);
  }
});

inWorld('a form field that comes twice is bad_request: which of two would count?', async (world) => {
  const browser = world.browser();
  for (const path of [PAGES.signIn, PAGES.signUp, PAGES.verifySignIn, PAGES.signOut]) {
    const answered = await browser.send('POST', path, 'email=a%40example.com&email=b%40example.com', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.deepEqual([answered.status, answered.body.error], [400, 'bad_request'], path);
  }
});
