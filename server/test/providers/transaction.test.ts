import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { PROVIDER_NETWORK } from '../../src/guessing/limits.ts';
import { beginPage, bring, byPage, byRedirect, everyRow, fakeProviders, PROVIDER_NAMES } from '../fake-providers.ts';
import { inWorld, MINUTE, ORIGIN, START } from '../world.ts';

/** One transaction: what is sent to a provider and what comes back belong to one browser, one provider and ten minutes. */

const fake = await fakeProviders();
const options = { config: { providers: fake.access }, deps: { network: fake.network } };
const PERSON = { subject: '42', email: 'ada@example.com' };

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
