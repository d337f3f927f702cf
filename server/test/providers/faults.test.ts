import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import type { ErrorCode } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { JWTPayload } from 'jose';
import { beginPage, bring, byPage, everyRow, type FakeProviders, fakeProviders, PROVIDER_NAMES } from '../fake-providers.ts';
import { inWorld, ORIGIN } from '../world.ts';

/** Whatever goes wrong at a provider ends in a refusal that says what to do, and leaves nothing half-written. */

const fake = await fakeProviders({ callWithin: 800, flowWithin: 1600 });
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
        assert.equal(page.status, code === 'provider_failed' ? 503 : 400);
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
    const signIn = async (spoil: typeof fake.spoil) => {
      const browser = world.browser();
      const url = await beginPage(browser, 'github');
      fake.spoil = spoil;
      const answered = await bring(browser, 'github', fake.consent(url, PERSON));
      fake.honest();
      return answered.body.error;
    };
    const after = (milliseconds: number) => async () => (await new Promise((resolve) => setTimeout(resolve, milliseconds)), undefined);
    assert.equal(await signIn(after(100)), undefined, 'three calls that take their time, each and all of them within theirs');
    assert.equal(await signIn(after(600)), 'provider_failed', 'each of the three is in time, and all of them are not');
    // Without a limit this would wait for ever; the limit of the test file is what would end it.
    assert.equal(await signIn(never), 'provider_failed');
  },
  options,
);

const patient = await fakeProviders();

inWorld(
  'a provider that is silent is told of within three seconds: 503, when to come back, and nobody is signed out',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const url = await beginPage(browser, 'github');
    patient.spoil = never;
    const began = performance.now();
    const answered = await bring(browser, 'github', patient.consent(url, PERSON));
    // Three of our own, and what a busy machine needs.
    assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
    assert.deepEqual([answered.status, answered.body.error, answered.headers['retry-after']], [503, 'provider_failed', '2']);
    assert.equal((await browser.refresh()).body['kind'], 'rotated');
  },
  { config: { providers: patient.access }, deps: { network: patient.network } },
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
    assert.equal((await page('error=server_error')).status, 503);
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
