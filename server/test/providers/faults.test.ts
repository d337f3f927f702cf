import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import type { ErrorCode } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { JWTPayload } from 'jose';
import { PROVIDER_NETWORK } from '../../src/guessing/limits.ts';
import { beginPage, bring, byPage, byRedirect, everyRow, type FakeProviders, fakeProviders, PROVIDER_NAMES } from '../fake-providers.ts';
import { inWorld, MINUTE, ORIGIN, START } from '../world.ts';

/** Whatever goes wrong at a provider ends in a refusal that says what to do, and leaves nothing half-written. */

const fake = await fakeProviders({ callWithin: 150, flowWithin: 400 });
const options = { config: { providers: fake.access }, deps: { network: fake.network } };
const PERSON = { subject: '42', email: 'ada@example.com' };
const never = () => new Promise<Response>(() => undefined);

type Fault = readonly [what: string, code: ErrorCode, spoil: (fake: FakeProviders) => void];

const json = (body: unknown, status = 200) => Response.json(body, { status });
const isToken = (url: string) => /oauth\/token|oauth2\/token|access_token/.test(url);

const NETWORK_FAULTS: readonly Fault[] = [
  ['it is away', 'provider_failed', (f) => void (f.spoil = () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })))],
  ['it answers nothing', 'provider_failed', (f) => void (f.spoil = never)],
  ['it breaks', 'provider_failed', (f) => void (f.spoil = (url) => (isToken(url) ? new Response('oops', { status: 503 }) : undefined))],
  ['it answers for ever', 'provider_failed', (f) => void (f.spoil = (url) => (isToken(url) ? endless() : undefined))],
  [
    'its answer is endless',
    'provider_failed',
    (f) => void (f.spoil = (url) => (isToken(url) ? new Response('x'.repeat(2_000_000)) : undefined)),
  ],
  [
    'an OAuth error with status 200',
    'provider_refused',
    (f) => void (f.spoil = (url) => (isToken(url) ? json({ error: 'bad_verification_code' }) : undefined)),
  ],
  [
    'an OAuth error with status 400',
    'provider_refused',
    (f) => void (f.spoil = (url) => (isToken(url) ? json({ error: 'invalid_grant' }, 400) : undefined)),
  ],
  [
    'a wrong secret',
    'provider_refused',
    (f) => void (f.spoil = (url) => (isToken(url) ? json({ error: 'invalid_client' }, 401) : undefined)),
  ],
  [
    'no JSON',
    'provider_refused',
    (f) => void (f.spoil = (url) => (isToken(url) ? new Response('<html>', { headers: { 'content-type': 'text/html' } }) : undefined)),
  ],
  [
    'a redirect',
    'provider_refused',
    (f) =>
      void (f.spoil = (url) =>
        isToken(url) ? new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } }) : undefined),
  ],
  ['an empty object', 'provider_refused', (f) => void (f.spoil = (url) => (isToken(url) ? json({}) : undefined))],
];

function endless(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) }), {
    headers: { 'content-type': 'application/json' },
  });
}

inWorld(
  'a provider that is away, slow, broken or answers with an error is refused by both flows, and no row is written',
  async (world) => {
    const before = await everyRow(world);
    for (const name of PROVIDER_NAMES) {
      // What it publishes about itself is known already.
      await beginPage(world.browser(), name);
      for (const [what, code, spoil] of NETWORK_FAULTS) {
        const [browser, other] = [world.browser(), world.browser()];
        const [url, begun] = [
          await beginPage(browser, name),
          await other.call('providerStart', undefined, { params: { authProvider: name } }),
        ];
        spoil(fake);
        const answered = await bring(browser, name, fake.consent(url, PERSON));
        const query = fake.consent(String(begun.headers['location']), PERSON);
        const redirected = await other.call('providerCallback', undefined, { params: { authProvider: name }, query });
        fake.honest();
        assert.equal(answered.body.error, code, `${name}, ${what}: ${answered.text}`);
        assert.equal(redirected.headers['location'], `${ORIGIN}/auth/callback/${name}?reason=${code}`, `${name}, ${what}`);
        assert.equal(browser.cookie(COOKIES.refresh) ?? other.cookie(COOKIES.refresh), undefined);
        const page = await other.send('GET', `/auth/callback/${name}?reason=${code}`, undefined, { headers: { accept: 'text/html' } });
        assert.equal(page.status, code === 'provider_failed' ? 502 : 400);
        assert.match(page.text, new RegExp(`href="${PAGES.signIn}"`), 'the page offers the other ways in');
      }
    }
    assert.equal(await everyRow(world), before);
    assert.equal((await byPage(fake, world.browser(), 'github', PERSON)).body['status'], 'VERIFIED', 'afterwards it works');
  },
  options,
);

inWorld(
  'a slow provider takes no longer than a call may, and a whole sign-in no longer than it may',
  async (world) => {
    const browser = world.browser();
    const url = await beginPage(browser, 'github');
    fake.spoil = async (to) => (await new Promise((resolve) => setTimeout(resolve, to.includes('/login/') ? 100 : 140)), undefined);
    const began = Date.now();
    const answered = await bring(browser, 'github', fake.consent(url, PERSON));
    fake.honest();
    assert.equal(answered.body.error, undefined, 'each call was in time');
    assert.ok(Date.now() - began < 1500);
    fake.spoil = never;
    const later = Date.now();
    const other = world.browser();
    assert.equal((await bring(other, 'github', fake.consent(await beginPage(other, 'github'), PERSON))).body.error, 'provider_failed');
    fake.honest();
    assert.ok(Date.now() - later < 1000);
  },
  options,
);

const without = (claims: JWTPayload, name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
const seconds = () => Math.floor(Date.now() / 1000);
const TOKENS: Readonly<Record<string, (claims: JWTPayload) => JWTPayload>> = {
  'another issuer': (claims) => ({ ...claims, iss: 'https://evil.example' }),
  'another audience': (claims) => ({ ...claims, aud: 'somebody-else' }),
  'several audiences without us as azp': (claims) => ({ ...claims, aud: [String(claims.aud), 'somebody-else'], azp: 'somebody-else' }),
  'another nonce': (claims) => ({ ...claims, nonce: 'x' }),
  'no nonce': (claims) => without(claims, 'nonce'),
  'no subject': (claims) => without(claims, 'sub'),
  'a signature of somebody else': (claims) => ({ ...claims, signedByAStranger: true }),
  'an end in the past': (claims) => ({ ...claims, exp: seconds() - 600 }),
  'no end': (claims) => ({ ...claims, exp: undefined }) as unknown as JWTPayload,
  'an end that is no number': (claims) => ({ ...claims, exp: 'never' as unknown as number }),
};

inWorld(
  'an ID token with another issuer, audience, nonce, subject, signature or end proves nobody',
  async (world) => {
    const before = await everyRow(world);
    for (const name of ['google', 'gitlab']) {
      for (const [what, alter] of Object.entries(TOKENS)) {
        fake.alter = alter;
        const answered = await byPage(fake, world.browser(), name, PERSON);
        assert.deepEqual([answered.status, answered.body.error], [400, 'provider_refused'], `${name}, ${what}: ${answered.text}`);
      }
    }
    fake.honest();
    assert.equal(await everyRow(world), before);
  },
  options,
);

inWorld(
  'the userinfo of somebody else, and an API that names nobody, prove nobody',
  async (world) => {
    const before = await everyRow(world);
    const answers: readonly (readonly [string, string, unknown])[] = [
      ['gitlab', '/oauth/userinfo', { sub: '43', email: 'eve@example.com', email_verified: true }],
      ['gitlab', '/oauth/userinfo', {}],
      ['github', 'api.github.com/user', { login: 'ada' }],
      ['github', 'api.github.com/user', { id: '42', login: 'ada' }],
      ['github', 'api.github.com/user', []],
      ['discord', '/users/@me', { username: 'ada' }],
      ['discord', '/users/@me', { id: 42, username: 'ada' }],
      ['discord', '/users/@me', { id: `4\u00002`, username: 'ada' }],
    ];
    for (const [name, path, body] of answers) {
      fake.spoil = (url) => (url.endsWith(path) ? json(body) : undefined);
      const answered = await byPage(fake, world.browser(), name, PERSON);
      assert.equal(answered.body.error, 'provider_refused', `${name} ${JSON.stringify(body)}: ${answered.text}`);
    }
    fake.honest();
    assert.equal(await everyRow(world), before);
  },
  options,
);

inWorld(
  'a code works once: brought again, by either flow, it is refused and changes nothing',
  async (world) => {
    for (const name of PROVIDER_NAMES) {
      const browser = world.browser();
      const answer = fake.consent(await beginPage(browser, name), { subject: '42', email: `${name}@example.com` });
      assert.equal((await bring(browser, name, answer)).status, 200);
      const before = await everyRow(world);
      assert.equal((await bring(browser, name, answer)).body.error, 'provider_refused');
      const again = await browser.call('providerCallback', undefined, { params: { authProvider: name }, query: answer });
      assert.match(String(again.headers['location']), /reason=provider_refused$/);
      assert.equal(await everyRow(world), before);
    }
  },
  options,
);

inWorld(
  'a state of another browser, of another provider, of ten minutes ago, a changed one and none are bad_state before anybody is asked (A055, A056)',
  async (world) => {
    const before = await everyRow(world);
    const [browser, attacker] = [world.browser(), world.browser()];
    await beginPage(browser, 'gitlab');
    for (const name of PROVIDER_NAMES) {
      const own = fake.consent(await beginPage(browser, name), PERSON);
      const foreign = fake.consent(await beginPage(attacker, name), PERSON);
      const other = PROVIDER_NAMES[(PROVIDER_NAMES.indexOf(name) + 1) % 4] ?? 'github';
      const mixed = fake.consent(await beginPage(browser, other), PERSON);
      const calls = fake.calls.length;
      const state = own['state'] ?? '';
      const tries: Record<string, Record<string, string>> = {
        'of another browser': foreign,
        'of another provider': { ...own, state: mixed['state'] ?? '' },
        'cut short': { ...own, state: state.slice(0, -1) },
        changed: { ...own, state: state.slice(0, -2) + (state.endsWith('AA') ? 'BB' : 'AA') },
        'made up': { ...own, state: 'v1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      };
      for (const [what, answer] of Object.entries(tries)) {
        assert.equal((await bring(browser, name, answer)).body.error, 'bad_state', `${name}, ${what}`);
        const redirected = await browser.call('providerCallback', undefined, { params: { authProvider: name }, query: answer });
        assert.equal(redirected.headers['location'], `${ORIGIN}/auth/callback/${name}?reason=bad_state`);
      }
      assert.equal((await bring(world.browser(), name, own)).body.error, 'bad_state', 'a browser without our cookie');
      const none = await browser.call('providerCallback', undefined, {
        params: { authProvider: name },
        query: { code: own['code'] ?? '' },
      });
      assert.match(String(none.headers['location']), /reason=bad_state$/);
      world.clock.advance(10 * MINUTE + 1);
      assert.equal((await bring(browser, name, own)).body.error, 'bad_state', `${name}, ten minutes later`);
      assert.equal(fake.calls.length, calls, 'no provider was asked');
    }
    assert.equal(await everyRow(world), before);
    assert.ok(world.clock.now() > START);
  },
  options,
);

inWorld(
  'parameters that come twice are no answer of a provider (A031)',
  async (world) => {
    const browser = world.browser();
    const { code = '', state = '' } = fake.consent(await beginPage(browser, 'github'), PERSON);
    const calls = fake.calls.length;
    for (const query of [
      `code=${code}&code=x&state=${state}`,
      `code=${code}&state=${state}&state=${state}`,
      `code=${code}&state=${state}&iss=a&iss=b`,
    ]) {
      const answered = await browser.send('GET', `/api/v1/auth/github/callback?${query}`);
      assert.match(String(answered.headers['location']), /reason=bad_state$/, query);
      const page = await browser.send('GET', `/auth/callback/github?${query}`, undefined, { headers: { accept: 'text/html' } });
      assert.equal(page.status, 400);
    }
    assert.equal(fake.calls.length, calls);
  },
  options,
);

inWorld(
  'an answer in the name of another issuer is refused (RFC 9207), the own name is taken',
  async (world) => {
    const issuers = {
      github: 'https://github.com/login/oauth',
      discord: 'https://discord.com',
      gitlab: 'https://gitlab.com',
      google: 'https://accounts.google.com',
    };
    for (const name of PROVIDER_NAMES) {
      const browser = world.browser();
      const person = { subject: '42', email: `${name}@example.com` };
      const wrong = await bring(browser, name, { ...fake.consent(await beginPage(browser, name), person), iss: 'https://evil.example' });
      assert.equal(wrong.body.error, 'provider_refused');
      const right = await bring(browser, name, { ...fake.consent(await beginPage(browser, name), person), iss: issuers[name] });
      assert.equal(right.body['status'], 'VERIFIED', right.text);
    }
  },
  options,
);

inWorld(
  'who says no at the provider ends on a page that says so; other errors of the provider have their sentence',
  async (world) => {
    const browser = world.browser();
    const page = (query: string) => browser.send('GET', `/auth/callback/github?${query}`, undefined, { headers: { accept: 'text/html' } });
    const before = await everyRow(world);
    const callback = (query: Record<string, string>) =>
      browser.call('providerCallback', undefined, { params: { authProvider: 'github' }, query });
    const said = await callback({ error: 'access_denied', state: 'x' });
    assert.equal(said.headers['location'], `${ORIGIN}/auth/callback/github?error=access_denied`);
    const declined = await page('error=access_denied&error_description=%3Cimg%20src=x%3E');
    assert.equal(declined.status, 200);
    assert.match(declined.text, /You said no at GitHub/);
    assert.doesNotMatch(declined.text, /<img/);
    assert.equal((await page('error=server_error')).status, 502);
    assert.equal((await page('error=invalid_scope')).status, 400);
    assert.match(String((await callback({ error: 'temporarily_unavailable' })).headers['location']), /reason=provider_failed$/);
    assert.match(String((await callback({ error: 'unauthorized_client' })).headers['location']), /reason=provider_refused$/);
    assert.equal((await page('reason=made_up')).status, 400, 'a word that is none of ours is no reason');
    assert.equal(await everyRow(world), before);
  },
  options,
);

inWorld(
  'an unknown provider is 404, one without credentials 403, on every call and on its page',
  async (world) => {
    const { google: _, ...rest } = fake.access;
    Object.assign(world.deps.config, { providers: rest });
    const ada = await world.signedUp('ada@example.com');
    for (const [authProvider, status, error] of [
      ['google', 403, 'provider_not_offered'],
      ['facebook', 404, 'not_found'],
      ['constructor', 404, 'not_found'],
      ['tostring', 404, 'not_found'],
      ['credential', 404, 'not_found'],
    ] as const) {
      const params = { authProvider };
      const calls = [
        await ada.call('oAuthUrl', undefined, { params }),
        await ada.call('providerStart', undefined, { params }),
        await ada.call('providerCallback', undefined, { params, query: { code: 'x', state: 'x' } }),
        await ada.act('myIdentity', {}, { params, method: 'POST' }),
        await ada.send('GET', `/auth/callback/${authProvider}?code=x&state=x`),
        ...(authProvider === 'credential' ? [] : [await ada.call('signIn', { tokenExchangeCode: 'x', csrfState: 'x' }, { params })]),
      ];
      for (const answered of calls) assert.deepEqual([answered.status, answered.body.error], [status, error], authProvider);
    }
    const login = await world.browser().send('GET', PAGES.signIn, undefined, { headers: { accept: 'text/html' } });
    assert.match(login.text, /Continue with GitHub/);
    assert.doesNotMatch(login.text, /Continue with Google/);
  },
  options,
);

inWorld(
  'two tabs, GitHub in one and Google in the other, both finish, in whatever order and by whatever flow',
  async (world) => {
    for (const order of [0, 1]) {
      const browser = world.browser();
      const [github, google] = [await beginPage(browser, 'github'), await beginPage(browser, 'google')];
      const tabs = [
        () => bring(browser, 'github', fake.consent(github, { subject: '1', email: 'a@example.com' })),
        () => bring(browser, 'google', fake.consent(google, { subject: '2', email: 'b@example.com' })),
      ];
      for (const tab of order === 0 ? tabs : tabs.reverse()) assert.equal((await tab()).body['status'], 'VERIFIED');
      assert.equal(
        (await byRedirect(fake, browser, 'discord', { subject: '3', email: 'c@example.com' })).headers['location'],
        ORIGIN + PAGES.dashboard,
      );
    }
  },
  options,
);

inWorld(
  'a stranger’s page starts no sign-in: it leads to ours, where the person decides',
  async (world) => {
    const browser = world.browser();
    const answered = await browser.call('providerStart', undefined, {
      params: { authProvider: 'github' },
      query: { returnTo: '/dashboard' },
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    assert.equal(answered.headers['location'], `${ORIGIN}${PAGES.signIn}?returnTo=%2Fdashboard`);
    assert.equal(browser.cookie(COOKIES.transaction), undefined);
    const head = await browser.send('HEAD', '/api/v1/auth/github/callback?code=x&state=y');
    assert.equal(head.status, 405, 'a look without an answer spends no code');
  },
  options,
);

inWorld(
  'a discovery document in the name of another issuer is refused, is asked for again, and no door opens meanwhile (V10.5.3)',
  async (world) => {
    const strange = await fakeProviders();
    Object.assign(world.deps, { network: strange.network });
    strange.spoil = (url) =>
      url.endsWith('openid-configuration')
        ? json({
            issuer: 'https://evil.example',
            authorization_endpoint: 'https://evil.example/a',
            token_endpoint: 'https://evil.example/t',
          })
        : undefined;
    for (const name of ['google', 'gitlab']) {
      const answered = await world.browser().call('oAuthUrl', undefined, { params: { authProvider: name } });
      assert.deepEqual([answered.status, answered.body.error], [400, 'provider_refused']);
    }
    strange.honest();
    assert.match(await beginPage(world.browser(), 'google'), /^https:\/\/accounts\.google\.com\//);
  },
  options,
);

inWorld(
  'every provider is sent PKCE with S256, a state, the least scope and its own redirect address; OpenID ones a nonce; never a secret',
  async (world) => {
    const scopes = { github: 'user:email', discord: 'identify email', gitlab: 'openid profile email', google: 'openid email profile' };
    for (const name of PROVIDER_NAMES) {
      const browser = world.browser();
      const [page, other] = [new URL(await beginPage(browser, name)), new URL(await beginPage(browser, name))];
      const asked = page.searchParams;
      assert.match(asked.get('code_challenge') ?? '', /^[\w-]{43}$/);
      assert.equal(asked.get('code_challenge_method'), 'S256');
      assert.equal(asked.get('scope'), scopes[name]);
      assert.equal(asked.get('redirect_uri'), `${ORIGIN}/auth/callback/${name}`);
      assert.equal(asked.get('response_type'), 'code');
      assert.equal(asked.has('nonce'), name === 'google' || name === 'gitlab');
      for (const once of ['state', 'code_challenge', 'nonce'])
        assert.ok(asked.get(once) === null || asked.get(once) !== other.searchParams.get(once));
      assert.doesNotMatch(page.href, /secret|verifier/);
      assert.ok(page.href.length < 1500);
    }
  },
  options,
);

inWorld(
  'our page without JavaScript: its form needs its own token, takes the answer once, and says what was wrong with the status of it',
  async (world) => {
    const browser = world.browser();
    const path = '/auth/callback/discord';
    const { code = '', state = '' } = fake.consent(await beginPage(browser, 'discord'), PERSON);
    const before = await everyRow(world);
    const page = await browser.send('GET', `${path}?${new URLSearchParams({ code, state }).toString()}`, undefined, {
      headers: { accept: 'text/html' },
    });
    const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    assert.ok(page.text.includes(code) && token !== '');
    for (const [fields, status] of [
      [{ tokenExchangeCode: code, csrfState: state }, 403],
      [{ tokenExchangeCode: code, csrfState: state, form_token: 'x' }, 403],
      [{ tokenExchangeCode: code, csrfState: `${state}x`, form_token: token }, 400],
      [{ form_token: token }, 400],
    ] as const)
      assert.equal((await browser.submit(path, fields)).status, status, JSON.stringify(fields));
    assert.equal(await everyRow(world), before, 'neither the look nor the refusals wrote anything');
    const entered = await browser.submit(path, { tokenExchangeCode: code, csrfState: state, form_token: token });
    assert.deepEqual([entered.status, entered.headers['location']], [303, ORIGIN + PAGES.dashboard]);
    const again = await browser.submit(path, { tokenExchangeCode: code, csrfState: state, form_token: token });
    assert.equal(again.status, 400);
  },
  options,
);

inWorld(
  'codes that prove nobody are counted by network before a provider is asked; honest ones are not',
  async (world) => {
    const browser = world.browser();
    const calls = () => fake.calls.filter((call) => call.startsWith('POST')).length;
    for (let n = 0; n < PROVIDER_NETWORK.max; n += 1)
      assert.equal(
        (await bring(browser, 'github', { code: 'x', state: new URL(await beginPage(browser, 'github')).searchParams.get('state') ?? '' }))
          .body.error,
        'provider_refused',
      );
    const before = calls();
    const full = await bring(browser, 'github', fake.consent(await beginPage(browser, 'github'), PERSON));
    assert.deepEqual([full.status, full.body.error], [429, 'address_suspended']);
    assert.ok(Number(full.headers['retry-after']) > 0);
    assert.equal(calls(), before, 'nobody was asked');
    const elsewhere = world.browser();
    for (let n = 0; n < PROVIDER_NETWORK.max + 5; n += 1) assert.equal((await byPage(fake, elsewhere, 'github', PERSON)).status, 200);
  },
  options,
);
