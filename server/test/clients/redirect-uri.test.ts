import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRedirectAllowed } from '../../src/clients/redirect-uri.ts';

const WEB = { kind: 'web', redirectUris: ['https://app.example.com/auth/callback', 'https://app.example.com/auth/callback?tenant=1'] };
const NATIVE = {
  kind: 'native',
  redirectUris: ['http://127.0.0.1/cb', 'http://[::1]:4711/cb?x=1', 'http://localhost:4711/cb', 'com.example.game:/cb'],
};

test('a registered redirect URI passes, and a port of its own on a loopback IP where the app is native', () => {
  for (const uri of WEB.redirectUris) assert.ok(isRedirectAllowed(WEB, uri), uri);
  for (const uri of NATIVE.redirectUris) assert.ok(isRedirectAllowed(NATIVE, uri), uri);
  for (const uri of ['http://127.0.0.1:1/cb', 'http://127.0.0.1:65535/cb', 'http://[::1]/cb?x=1', 'http://[::1]:80/cb?x=1'])
    assert.ok(isRedirectAllowed(NATIVE, uri), uri);
});

test('only the port is free, only on a loopback IP, only for a native app, and only a real port', () => {
  for (const uri of [
    'http://localhost/cb',
    'http://localhost:4712/cb',
    'http://127.0.0.2:4711/cb',
    'http://127.1:4711/cb',
    'http://2130706433:4711/cb',
    'http://[0:0:0:0:0:0:0:1]:4711/cb?x=1',
    'http://[::ffff:127.0.0.1]:4711/cb',
    'https://127.0.0.1:4711/cb',
    'HTTP://127.0.0.1:4711/cb',
    'http://127.0.0.1:/cb',
    'http://127.0.0.1:0/cb',
    'http://127.0.0.1:080/cb',
    'http://127.0.0.1:65536/cb',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:+80/cb',
    'http://127.0.0.1:80 /cb',
    'http://127.0.0.1:80@evil.example/cb',
    'http://127.0.0.1@evil.example/cb',
    'http://127.0.0.1:80:80/cb',
    'http://127.0.0.1:80.evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://127.0.0.1:4711/cb/',
    'http://127.0.0.1:4711/CB',
    'http://127.0.0.1:4711/cb?',
    'http://127.0.0.1:4711/cb#',
    'http://127.0.0.1:4711/./cb',
    'http://127.0.0.1:4711/%63b',
    'http://127.0.0.1:4711\\cb',
    'http://127.0.0.1:4711',
    'http://127.0.0.1:4711/cb\n',
    'http://[::1]:4711/cb',
    'com.example.game:80:/cb',
  ])
    assert.equal(isRedirectAllowed(NATIVE, uri), false, uri);
  // A neighbour of the address is none: neither its port is free, nor do the digits of a port make it.
  const neighbour = { kind: 'native', redirectUris: ['http://127.0.0.12/cb'] };
  for (const uri of ['http://127.0.0.12:80/cb', 'http://127.0.0.1:123452/cb', 'http://127.0.0.1/cb'])
    assert.equal(isRedirectAllowed(neighbour, uri), false, uri);
  for (const kind of ['web', 'spa', 'machine', 'secondary'])
    assert.equal(isRedirectAllowed({ ...NATIVE, kind }, 'http://127.0.0.1:4711/cb'), false, kind);
});

/** A registered URI with a little something done to it, or anything at all. */
const hostile = (registered: readonly string[]) => {
  const uri = fc.constantFrom(...registered);
  const at = fc.nat({ max: 60 });
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '.',
      '..',
      '@',
      ':',
      '#',
      '?',
      '\\',
      '%2f',
      '%00',
      '\u0000',
      '\n',
      '\t',
      ' ',
      '*',
      '*.',
      'evil.example',
      '//',
      ';',
      '\u00ad',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
  );
  const inserted = fc.tuple(uri, at, piece).map(([text, n, more]) => text.slice(0, n) + more + text.slice(n));
  const cut = fc.tuple(uri, at, fc.integer({ min: 1, max: 8 })).map(([text, n, less]) => text.slice(0, n) + text.slice(n + less));
  const replaced = fc.tuple(uri, at, piece).map(([text, n, other]) => text.slice(0, n) + other + text.slice(n + 1));
  const respelled = uri.chain((text) =>
    fc.constantFrom(
      text.toUpperCase(),
      encodeURI(text),
      encodeURIComponent(text),
      text.normalize('NFD'),
      `${text}/`,
      `${text}?`,
      `${text}#`,
      ` ${text}`,
      text.replace('https:', 'http:'),
      text.replace('https:', 'javascript:'),
      text.replace('://', '://user@'),
      text.replace('.com', '.com:443'),
      text.replace('.com', '.com.'),
      text.replace('a', '%61'),
      text.replace('a', '\u0430'),
    ),
  );
  return fc.oneof(inserted, cut, replaced, respelled, fc.webUrl(), fc.string({ unit: 'binary' }));
};

test('whatever is done to a registered redirect URI of a site, only its exact characters pass', () => {
  fc.assert(
    fc.property(hostile(WEB.redirectUris), (uri) => {
      assert.equal(
        isRedirectAllowed(WEB, uri),
        WEB.redirectUris.some((registered) => Buffer.from(registered).equals(Buffer.from(uri))),
      );
    }),
    { numRuns: 5000 },
  );
});

test('whatever is done to a registered redirect URI of a native app, what passes differs in the port of a loopback IP at most', () => {
  const free = [/^http:\/\/127\.0\.0\.1(:\d{1,5})?\/cb$/, /^http:\/\/\[::1\](:\d{1,5})?\/cb\?x=1$/];
  const loopback = fc
    .tuple(
      fc.constantFrom('http://127.0.0.1', 'http://[::1]', 'http://localhost'),
      fc.integer({ min: -2, max: 70_000 }),
      fc.constantFrom('/cb', '/cb?x=1', ''),
    )
    .map(([host, port, rest]) => `${host}:${port}${rest}`);
  let passed = 0;
  fc.assert(
    fc.property(fc.oneof(hostile(NATIVE.redirectUris), loopback), (uri) => {
      if (!isRedirectAllowed(NATIVE, uri)) return;
      passed += 1;
      assert.ok(NATIVE.redirectUris.includes(uri) || free.some((form) => form.test(uri)), uri);
    }),
    { numRuns: 5000 },
  );
  assert.ok(passed > 100, 'some do pass');
});
