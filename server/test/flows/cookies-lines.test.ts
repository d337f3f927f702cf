import assert from 'node:assert/strict';
import { COOKIES, HEADERS, SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import type { Answered } from '../browser.ts';
import { byPage, fakeProviders } from '../fake-providers.ts';
import { sessionOf } from '../families.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD } from '../world.ts';

/** The Set-Cookie lines, attribute by attribute. */

const HTTPS = 'https://auth.example.com';
const READABLE: readonly string[] = [COOKIES.csrf, COOKIES.generation];
const fake = await fakeProviders();
const atProviders = { deps: { network: fake.network } };
const providers = fake.access;
const SECURE = { ...atProviders, config: { origin: HTTPS, appOrigin: HTTPS, apiOrigin: HTTPS, providers } };

interface Line {
  readonly name: string;
  readonly value: string;
  /** As written, sorted. */
  readonly attributes: readonly string[];
  /** Seconds. */
  readonly maxAge: number | null;
}

function linesOf(answer: Answered): Line[] {
  return answer.setCookies.map((line) => {
    const [pair = '', ...attributes] = line.split('; ');
    const age = attributes.find((attribute) => attribute.startsWith('Max-Age='));
    return {
      name: pair.slice(0, pair.indexOf('=')),
      value: pair.slice(pair.indexOf('=') + 1),
      attributes: attributes.filter((attribute) => attribute !== age).sort(),
      maxAge: age === undefined ? null : Number(age.slice('Max-Age='.length)),
    };
  });
}

function lineOf(answer: Answered, name: string): Line {
  const found = linesOf(answer).filter((line) => line.name.replace(SECURE_COOKIE_PREFIX, '') === name);
  assert.equal(found.length, 1, `${name} once in ${answer.setCookies.join('\n')}`);
  return found[0] as Line;
}

for (const [name, prefix, options] of [
  ['on an https origin every cookie is __Host-, Secure, without Domain', SECURE_COOKIE_PREFIX, SECURE],
  ['on http on loopback every cookie has its plain name and is not Secure', '', { ...atProviders, config: { providers } }],
] as const) {
  inWorld(
    `${name}; HttpOnly but for the two readable ones, SameSite=Lax, Path=/, and never cached`,
    async (world) => {
      const browser = world.browser();
      const answers = [
        await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD }),
        await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') }),
        await browser.refresh(),
        await browser.call('extendSoft'),
        await browser.act('extendHard'),
        await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }),
        await browser.act('signOut'),
        await browser.send('GET', '/login', undefined, { headers: { accept: 'text/html' } }),
        await browser.signIn('ada@example.com', 'another horse battery staple'),
        await byPage(fake, browser, 'github', { subject: '7', email: 'grace@example.com' }),
      ];
      const seen = new Set<string>();
      for (const answer of answers) {
        assert.ok(answer.status < 300, answer.text);
        assert.equal(answer.headers['cache-control'], 'no-store');
        const lines = linesOf(answer);
        assert.ok(lines.length > 0);
        for (const line of lines) {
          const plain = line.name.slice(prefix.length);
          assert.equal(line.name, prefix + plain);
          seen.add(plain);
          const expected = [
            'Path=/',
            'SameSite=Lax',
            ...(READABLE.includes(plain) ? [] : ['HttpOnly']),
            ...(prefix === '' ? [] : ['Secure']),
          ];
          assert.deepEqual(line.attributes, expected.sort(), line.name);
          assert.match(line.value, /^[A-Za-z0-9_.-]*$/);
        }
      }
      assert.deepEqual([...seen].sort(), Object.values(COOKIES).sort());
    },
    options,
  );
}

inWorld('the device cookie is set once, with the refresh cookie, for 400 days, and never again', async (world) => {
  const browser = world.browser();
  await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
  const entered = await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  assert.equal(lineOf(entered, COOKIES.device).maxAge, 400 * 86_400);
  assert.equal(lineOf(entered, COOKIES.refresh).maxAge, 30 * 86_400);
  const device = browser.cookie(COOKIES.device);
  const later = [
    await browser.refresh(),
    await browser.act('extendHard'),
    await browser.call('extendSoft'),
    await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }),
    await browser.act('signOut'),
    await browser.signIn('ada@example.com', 'another horse battery staple'),
  ];
  for (const answer of later) assert.ok(!linesOf(answer).some((line) => line.name === COOKIES.device), answer.text);
  assert.equal(browser.cookie(COOKIES.device), device);
});

inWorld('extend-auth-soft sets the same cookies again with a new Max-Age and the same CSRF token, and answers nothing', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const before = await browser.refresh();
  const { expiresAt } = await sessionOf(world, browser);
  for (const wait of [DAY, 20 * DAY, 8 * DAY, 23 * HOUR]) {
    world.clock.advance(wait);
    const [token, csrf] = [browser.refreshToken, browser.csrf];
    const answer = await browser.call('extendSoft');
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
    const left = Math.floor((expiresAt - world.clock.now()) / 1000);
    assert.deepEqual(
      linesOf(answer).map((line) => [line.name, line.value, line.maxAge]),
      [
        [COOKIES.refresh, token, left],
        [COOKIES.csrf, csrf, left],
        [COOKIES.generation, '1', left],
      ],
    );
  }
  assert.equal(browser.csrf, lineOf(before, COOKIES.csrf).value);
});

inWorld('extend-auth-soft by a tab whose cookie was just replaced sets none, or the browser would fall back to it', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const old = browser.copy();
  await browser.refresh();
  const answer = await old.call('extendSoft');
  assert.equal(answer.status, 204);
  assert.deepEqual(answer.setCookies, []);
});

inWorld(
  'extend-auth-hard rotates, and sets the cookies with a new Max-Age and a new CSRF token; the old one lives one access life more',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const { expiresAt } = await sessionOf(world, browser);
    world.clock.advance(10 * DAY);
    await browser.refresh();
    const old = browser.csrf;
    world.clock.advance(MINUTE);
    const answer = await browser.act('extendHard', {}, { headers: { [HEADERS.attempt]: browser.newAttempt() } });
    assert.equal(answer.body['kind'], 'rotated');
    assert.equal(answer.body['gen'], 2);
    const left = Math.floor((expiresAt - world.clock.now()) / 1000);
    assert.deepEqual(
      linesOf(answer).map((line) => [line.name, line.maxAge]),
      [
        [COOKIES.refresh, left],
        [COOKIES.csrf, left],
        [COOKIES.generation, left],
        [COOKIES.access, 300],
      ],
    );
    const fresh = browser.csrf;
    assert.notEqual(fresh, old);
    assert.equal(answer.body['csrfToken'], fresh);
    assert.equal((await sessionOf(world, browser)).csrfFrom, world.clock.now());

    const withToken = (token: string) => browser.call('extendHard', {}, { headers: { [HEADERS.csrf]: token } });
    world.clock.advance(5 * MINUTE - 1);
    // One call in the time of grace; it starts the tokens anew, so it is the last of its kind here.
    assert.equal(
      (await browser.call('mySession', undefined, { params: { id: 'A'.repeat(22) }, headers: { [HEADERS.csrf]: old } })).body.error,
      'not_found',
    );
    world.clock.advance(1);
    assert.equal((await withToken(old)).body.error, 'csrf_failed');
    assert.equal((await withToken(fresh)).status, 200);
  },
);

inWorld('a lost answer of extend-auth-hard is given again to the same attempt, with a CSRF token that works', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const headers = { [HEADERS.attempt]: browser.newAttempt() };
  assert.equal((await browser.act('extendHard', {}, { headers, lose: true })).body['kind'], 'rotated');
  world.clock.advance(MINUTE);
  const again = await browser.act('extendHard', {}, { headers });
  assert.equal(again.body['kind'], 'replayed', again.text);
  world.clock.advance(HOUR);
  assert.equal((await browser.act('extendHard')).status, 200);
});

inWorld('no refresh answer ever clears a cookie, and none that is not a success sets one', async (world) => {
  const attempts: Attempts = new Map();
  const ended = await world.signedUp('ended@example.com');
  await ended.copy().act('signOut');
  const held = await world.signedUp('held@example.com');
  await held.copy().refresh();
  const behind = await world.signedUp('behind@example.com');
  const tooNew = behind.newAttempt(7);
  const stranger = world.browser();
  const garbage = world.browser();
  garbage.receive({ setCookies: [`${COOKIES.refresh}=ptr_${'A'.repeat(76)}; Path=/`] });
  const fine = await world.signedUp('fine@example.com');
  const foreign = { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } };
  const table: readonly (readonly [string, Answered])[] = [
    ['session_ended', await ended.refresh()],
    ['session_held', await held.refresh()],
    ['session_held', await held.refresh({ attempt: null })],
    ['retry', await behind.refresh({ attempt: tooNew })],
    ['bad_attempt', await behind.refresh({ attempt: 'nonsense' })],
    ['refresh_invalid', await stranger.refresh()],
    ['refresh_invalid', await garbage.refresh()],
    ['origin_refused', await fine.refresh(foreign)],
    ['two_tokens', await fine.call('refresh', { refreshToken: fine.refreshToken, clientId: 'portico' })],
    ['session_ended', await ended.act('extendHard')],
    ['session_held', await held.call('extendSoft')],
    ['csrf_failed', await fine.call('extendHard')],
    ['session_ended', await ended.call('extendSoft')],
  ];
  for (const [code, answer] of table) {
    assert.equal(answer.body.error, code, answer.text);
    assert.deepEqual(answer.setCookies, [], code);
    assert.equal(answer.headers['clear-site-data'], undefined);
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
  for (const answer of [await refreshHonestly(fine, attempts), await fine.act('extendHard')]) {
    assert.equal(answer.status, 200);
    for (const line of linesOf(answer)) assert.ok(line.value !== '' && line.maxAge !== 0, line.name);
  }
  const out = await fine.act('signOut');
  assert.deepEqual(
    linesOf(out).map((line) => [line.name, line.value, line.maxAge]),
    [COOKIES.refresh, COOKIES.access, COOKIES.csrf, COOKIES.generation, COOKIES.waiting].map((name) => [name, '', 0]),
  );
});
