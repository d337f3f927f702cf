import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { ERRORS } from '@portico/protocol/errors';
import { AUTH_PREFIX, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Log } from '../../src/platform/log.ts';
import { inWorld, PASSWORD } from '../world.ts';

const STATUSES = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504];
const page = { headers: { accept: 'text/html' } };

inWorld('the error page answers every code with its own status and words, and unknown ones with those of 500', async (world) => {
  const browser = world.browser();
  for (const status of STATUSES) {
    const answered = await browser.send('GET', `${PAGES.error}?code=${status}`, undefined, page);
    assert.equal(answered.status, status);
    assert.match(answered.text, /<h1/);
    assert.ok(answered.text.includes(String(answered.headers['x-request-id'])), 'the request id can be copied');
  }
  const plain = (text: string) => text.replace(/[A-Za-z0-9_-]{12}/g, '…').replace(/"now":\d+/, '');
  const internal = plain((await browser.send('GET', `${PAGES.error}?code=500`, undefined, page)).text);
  for (const query of [
    '',
    '?code=999',
    '?code=200',
    '?code=abc',
    '?code=404&code=403',
    '?reason=session_held',
    '?code=<script>alert(1)</script>',
    '?code[]=404',
    '?code=4e2',
    '?code=%00',
  ]) {
    const answered = await browser.send('GET', PAGES.error + query, undefined, page);
    assert.equal(answered.status, 500, query);
    assert.equal(plain(answered.text), internal, query);
  }
});

inWorld('the error page looks a reason up and never prints the address', async (world) => {
  const browser = world.browser();
  const known = await browser.send('GET', `${PAGES.error}?code=403&reason=session_held`, undefined, page);
  assert.ok(known.text.includes(en.errors.session_held.slice(0, 30)));
  const other = await browser.send('GET', `${PAGES.error}?code=404&reason=session_held`, undefined, page);
  assert.ok(!other.text.includes(en.errors.session_held.slice(0, 30)), 'a reason of another status says nothing');
  for (const free of [
    '<img src=x onerror=alert(1)>',
    '"><script>',
    'Your account was hacked, call 555',
    'a&reason=b',
    '__proto__',
    'constructor',
    'toString',
  ]) {
    const answered = await browser.send('GET', `${PAGES.error}?code=404&reason=${encodeURIComponent(free)}`, undefined, page);
    assert.equal(answered.status, 404);
    assert.ok(!answered.text.includes('555') && !answered.text.includes('onerror') && !answered.text.includes('"><script>'), free);
  }
});

inWorld('every answer carries the security headers, and nothing dynamic may be cached', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const paths = [
    '/',
    '/login',
    '/signup',
    '/dashboard',
    '/logout',
    '/error?code=404',
    '/nowhere',
    '/openapi.json',
    '/healthz',
    '/readyz',
    `${AUTH_PREFIX}/session`,
    `${AUTH_PREFIX}/me`,
    `${AUTH_PREFIX}/nowhere`,
  ];
  for (const path of paths) {
    for (const accept of ['text/html', 'application/json']) {
      const { headers, status } = await browser.send('GET', path, undefined, { headers: { accept } });
      const what = `${path} as ${accept} (${status})`;
      assert.match(String(headers['strict-transport-security']), /max-age=31536000; includeSubDomains/, what);
      assert.equal(headers['x-content-type-options'], 'nosniff', what);
      assert.equal(headers['referrer-policy'], 'same-origin', what);
      assert.equal(headers['cache-control'], 'no-store', what);
      if (status !== 303) assert.match(String(headers['content-type']), /; charset=utf-8$/, what);
      const policy = String(headers['content-security-policy']);
      const isPage = String(headers['content-type']).startsWith('text/html');
      const parts = isPage ? ["script-src 'self'", "object-src 'none'", "form-action 'self'"] : ["form-action 'none'", 'sandbox'];
      for (const part of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", ...parts])
        assert.ok(policy.includes(part), `${what}: ${part}`);
      assert.ok(!/unsafe|\*|data:/.test(policy), what);
      assert.equal(headers['server'], undefined, what);
      assert.equal(headers['x-powered-by'], undefined, what);
      assert.equal(headers['access-control-allow-origin'], undefined, what);
    }
  }
});

inWorld('429 and 503 say when to come back', async (world) => {
  for (let n = 0; n < 11; n += 1) await world.browser().signIn('nobody@example.com', 'a wrong password for nobody');
  const throttled = await world.browser().signIn('nobody@example.com', 'a wrong password for nobody');
  assert.equal(throttled.status, 429);
  assert.ok(Number(throttled.headers['retry-after']) > 0);
});

inWorld('Host, X-Forwarded-*, Forwarded and their like change no link, cookie or address', async (world) => {
  const evil = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example;proto=https',
    'x-forwarded-for': '1.2.3.4',
    'x-real-ip': '1.2.3.4',
    'x-original-url': '/admin',
  };
  const browser = world.browser();
  const begun = await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD }, { headers: evil });
  assert.equal(begun.body['verifyUrl'], 'http://localhost:4000/auth/verify-signin');
  assert.ok(!begun.setCookies.join().includes('Secure'));
  const [mail] = await world.mails();
  assert.ok(!`${mail?.text}${mail?.html}`.includes('evil.example'));
  const [event] = await world.deps.db.all('select address from events');
  assert.equal(event?.['address'], browser.options.address);
});

inWorld('no secret stands in a log, an event, an error or the database in the clear', async (world) => {
  const lines: string[] = [];
  const log: Log = {
    info: (...line) => lines.push(JSON.stringify(line)),
    warn: (...line) => lines.push(JSON.stringify(line)),
    error: (...line) => lines.push(JSON.stringify(line)),
  };
  Object.assign(world.deps.log, log);
  const browser = world.browser();
  const secrets = new Set([PASSWORD]);
  const note = () => {
    for (const name of Object.values(COOKIES)) {
      const value = browser.cookie(name);
      if (value !== undefined && value.length > 12 && name !== COOKIES.transaction) secrets.add(value);
    }
  };
  await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
  note();
  const code = await world.codeFor('ada@example.com');
  secrets.add(code);
  const verified = await browser.call('verifySignIn', { securityCode: code });
  note();
  secrets.add(String(verified.body['accessToken']));
  secrets.add(String((await browser.refresh()).body['accessToken']));
  note();
  await browser.call('me', undefined, { headers: { authorization: `Bearer ${String(verified.body['accessToken'])}x` } });
  await browser.signIn('ada@example.com', `${PASSWORD}!`);
  await browser.copy({ address: '203.0.113.1' }).refresh();
  await browser.refresh();
  await browser.act('signOut', { everywhere: true });
  const tables = [
    'users',
    'passwords',
    'devices',
    'sessions',
    'signups',
    'refresh_tokens',
    'security_codes',
    'revocations',
    'events',
    'mails',
    'counters',
    'chain_keys',
    'signing_keys',
  ];
  const dump = JSON.stringify(await Promise.all(tables.map((table) => world.deps.db.all(`select * from ${table}`))));
  for (const secret of secrets) {
    assert.ok(!dump.includes(secret), `the database holds ${secret.slice(0, 8)}…`);
    assert.ok(!lines.join('\n').includes(secret), `the log holds ${secret.slice(0, 8)}…`);
  }
  assert.ok(secrets.size >= 10);
});

inWorld('an unforeseen failure is 500 without a word about its inside; a failing database is 503, and signs nobody out', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { Refusal } = await import('@portico/protocol/errors');
  const { db } = world.deps;
  const all = db.all.bind(db);
  const transaction = db.transaction.bind(db);
  const failing = (error: Error) =>
    Object.assign(db, { all: async () => Promise.reject(error), transaction: async () => Promise.reject(error) });
  failing(new Error('column "secret_thing" of relation users does not exist'));
  const inside = await browser.call('me');
  assert.equal(inside.status, 500);
  assert.deepEqual(Object.keys(inside.body).sort(), ['error', 'message', 'requestId']);
  assert.ok(!inside.text.includes('secret_thing'));
  failing(new Refusal('unavailable'));
  for (const answered of [
    await browser.refresh(),
    await browser.call('me'),
    await browser.call('session'),
    await browser.act('signOut'),
    await browser.signIn('ada@example.com', PASSWORD),
    await browser.send('GET', PAGES.dashboard, undefined, page),
  ]) {
    assert.equal(answered.status, ERRORS.unavailable, answered.text);
    assert.deepEqual(answered.setCookies, []);
    assert.ok(Number(answered.headers['retry-after']) > 0);
  }
  Object.assign(db, { all, transaction });
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
});

inWorld('GET me answers just the fields that it documents', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  assert.deepEqual(Object.keys((await browser.call('me')).body).sort(), [
    'createdAt',
    'displayName',
    'email',
    'emailVerified',
    'freshUntil',
    'id',
    'role',
  ]);
});
