import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OAUTH } from '@portico/protocol/routes';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import fc from 'fast-check';
import { setClientDisabled } from '../../src/clients/client.ts';
import type { Answered, Browser } from '../browser.ts';
import { addSite, codeFor, newVerifier, type Site } from '../sites.ts';
import { inWorld, ORIGIN, type World } from '../world.ts';
import { AGAINST_APP, AGAINST_SITE, APP_PORTS, APP_URIS, type Hostile, RAW_VALUES, SITE_URIS } from './redirect-corpus.ts';

/** Hostile addresses at every endpoint that takes one, and what leaves the house: only to addresses that were registered, never for a stranger. */

interface House {
  readonly site: Site;
  readonly app: Site;
  /** Signed in, and asked by neither client before it is sent back. */
  readonly browser: Browser;
}

async function furnish(world: World): Promise<House> {
  const site = await addSite(world, 'corpus-site', { redirectUris: SITE_URIS, postLogoutUris: SITE_URIS, confirmation: 'auto' });
  const app = await addSite(world, 'corpus-app', {
    kind: 'native',
    redirectUris: APP_URIS,
    postLogoutUris: APP_URIS,
    confirmation: 'auto',
  });
  await addSite(world, 'other', { redirectUris: ['https://other.example.net/auth/callback'] });
  return { site, app, browser: await world.signedUp('ada@example.com') };
}

function request(clientId: string, redirectUri: string, more: Readonly<Record<string, string>> = {}): URLSearchParams {
  return new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'st-1',
    code_challenge: newVerifier().challenge,
    code_challenge_method: 'S256',
    ...more,
  });
}

const NAVIGATION = { accept: 'text/html', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: undefined };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** The same to a program, which is told the code of the error. */
async function codeOfError(browser: Browser, query: URLSearchParams): Promise<string | undefined> {
  const headers = { ...NAVIGATION, accept: 'application/json' };
  const answer = await browser.send('GET', `${OAUTH.authorize}?${query.toString()}`, undefined, { headers });
  assert.deepEqual(destinationsOf(answer), []);
  return answer.body.error;
}

function ask(browser: Browser, query: URLSearchParams | string, path: string = OAUTH.authorize): Promise<Answered> {
  return browser.send('GET', `${path}?${query.toString()}`, undefined, { headers: NAVIGATION });
}

function post(browser: Browser, body: URLSearchParams | string, path: string = OAUTH.authorize): Promise<Answered> {
  return browser.send('POST', path, body.toString(), { headers: { ...NAVIGATION, ...FORM } });
}

/** An ID token of this browser's sign-in, for a site. */
async function idTokenOf(world: World, browser: Browser, site: Site): Promise<string> {
  const { code, verifier } = await codeFor(world, browser, site);
  const fields = { code, code_verifier: verifier, redirect_uri: site.redirectUri, client_id: site.id, client_secret: site.secret ?? '' };
  const answer = await post(world.browser(), new URLSearchParams({ grant_type: 'authorization_code', ...fields }), OAUTH.token);
  assert.equal(answer.status, 200, answer.text);
  return answer.body['id_token'] as string;
}

/** Where an answer takes the browser without a click: by a redirect, by a page that moves on, by a script's word. */
function destinationsOf({ headers, text }: Answered): readonly string[] {
  const refresh = /url=(.*)$/i.exec(String(headers['refresh'] ?? ''))?.[1];
  const meta = /<meta[^>]+http-equiv="refresh"[^>]*>/i.exec(text)?.[0];
  return [headers['location'], refresh, meta].flat().filter((one): one is string => one !== undefined);
}

/** Told on our own page, and nothing else. */
function assertStays(answer: Answered, { uri, why }: Hostile): void {
  const said = `${JSON.stringify(uri)} (${why})`;
  assert.equal(answer.status, 400, said);
  assert.deepEqual(destinationsOf(answer), [], said);
  assert.ok(!answer.text.includes('evil.example'), said);
  // A link to it would be one click away from being a redirect.
  if (uri.length > 12) assert.ok(!answer.text.includes(uri), said);
}

test('the corpus is more than two hundred addresses, each of them once, and none of them registered', () => {
  const all = [...AGAINST_SITE, ...AGAINST_APP, ...RAW_VALUES].map(({ uri }) => uri);
  assert.ok(AGAINST_SITE.length >= 200 && all.length >= 400, String(all.length));
  for (const corpus of [AGAINST_SITE, AGAINST_APP]) assert.equal(new Set(corpus.map(({ uri }) => uri)).size, corpus.length);
  const good: readonly string[] = [...APP_URIS, ...APP_PORTS];
  assert.deepEqual(
    AGAINST_APP.filter(({ uri }) => good.includes(uri)),
    [],
  );
  assert.deepEqual(
    AGAINST_SITE.filter(({ uri }) => (SITE_URIS as readonly string[]).includes(uri)),
    [],
  );
});

inWorld('authorize answers at the registered addresses, at a native app’s free port, and at no hostile address', async (world) => {
  const { browser } = await furnish(world);
  const silent = { prompt: 'none' };
  for (const [client, good, corpus] of [
    ['corpus-site', SITE_URIS, AGAINST_SITE],
    ['corpus-app', [...APP_URIS, ...APP_PORTS], AGAINST_APP],
  ] as const) {
    for (const uri of good) {
      const [to = ''] = destinationsOf(await ask(browser, request(client, uri, silent)));
      assert.ok(to.startsWith(`${uri}${uri.includes('?') ? '&' : '?'}`), `${uri} -> ${to}`);
    }
    for (const hostile of corpus) {
      assertStays(await ask(browser, request(client, hostile.uri, silent)), hostile);
      assertStays(await post(browser, request(client, hostile.uri)), hostile);
    }
  }
});

inWorld(
  'authorize sends nobody to a hostile address with an error either: not a visitor, not after a request that is wrong',
  async (world) => {
    await furnish(world);
    const visitor = world.browser();
    const wrong = [
      { prompt: 'none' },
      { response_type: 'token' },
      { scope: 'everything' },
      { code_challenge_method: 'plain' },
      { request: 'x.y.' },
    ];
    for (const [at, hostile] of AGAINST_SITE.entries()) {
      assertStays(await ask(visitor, request('corpus-site', hostile.uri)), hostile);
      assertStays(await ask(visitor, request('corpus-site', hostile.uri, wrong[at % wrong.length])), hostile);
    }
  },
);

inWorld('a value that is no text is no address', async (world) => {
  const { browser } = await furnish(world);
  const query = request('corpus-site', 'x');
  query.delete('redirect_uri');
  for (const hostile of RAW_VALUES) {
    assertStays(await ask(browser, `${query.toString()}&redirect_uri=${hostile.uri}`), hostile);
    assertStays(await post(browser, `${query.toString()}&redirect_uri=${hostile.uri}`), hostile);
  }
  assertStays(await ask(browser, query), { uri: '', why: 'without an address there is none to answer at' });
  assertStays(await ask(browser, `${query.toString()}&redirect_uri=`), { uri: '', why: 'and with an empty one' });
});

inWorld(
  'a client that is unknown, disabled or our own is told on our page, whatever address it names, and never redirected',
  async (world) => {
    const { browser } = await furnish(world);
    await addSite(world, 'gone', { redirectUris: SITE_URIS });
    await setClientDisabled(world.deps.db, 'gone', world.deps.now());
    const strangers = [
      'nobody',
      'gone',
      FIRST_PARTY_CLIENT,
      'CORPUS-SITE',
      'corpus-site ',
      'corpus-site\u0000',
      '',
      '%',
      "' or '1'='1",
      'x'.repeat(5000),
    ];
    for (const client of strangers) {
      for (const uri of [...SITE_URIS, ORIGIN, `${ORIGIN}/`]) {
        assertStays(await ask(browser, request(client, uri, { prompt: 'none' })), { uri, why: `client ${client.slice(0, 40)}` });
        assertStays(await post(browser, request(client, uri)), { uri, why: `client ${client.slice(0, 40)}` });
      }
    }
    for (const hostile of AGAINST_SITE.slice(0, 60)) assertStays(await ask(browser, request('nobody', hostile.uri)), hostile);
    assert.equal(await codeOfError(browser, request('nobody', SITE_URIS[0])), 'site_unknown');
    assert.equal(await codeOfError(browser, request('corpus-site', 'https://other.example.net/auth/callback')), 'redirect_refused');
  },
);

inWorld(
  'a parameter that comes twice is refused on our page, even where both are right: server and site might read different ones',
  async (world) => {
    const { browser } = await furnish(world);
    const [good] = SITE_URIS;
    const base = request('corpus-site', good, { prompt: 'none', nonce: 'n-1' });
    assert.equal((await ask(browser, base)).status, 303);
    for (const name of base.keys()) {
      for (const value of [base.get(name) ?? '', 'https://evil.example/']) {
        for (const both of [`${base}&${new URLSearchParams({ [name]: value })}`, `${new URLSearchParams({ [name]: value })}&${base}`]) {
          const why = { uri: `${name}=${value}`, why: 'twice' };
          assertStays(await ask(browser, both), why);
          assertStays(await post(browser, both), why);
        }
      }
    }
  },
);

inWorld('parameters of other spellings are other parameters: none of them moves the answer', async (world) => {
  const { browser } = await furnish(world);
  const [good] = SITE_URIS;
  for (const name of [
    'redirect_uri[]',
    'redirect_uri[0]',
    'redirect_uri.0',
    'Redirect_Uri',
    'REDIRECT_URI',
    'redirect-uri',
    'redirect_uri ',
    'redirecturi',
    'redirect_url',
    'return_to',
    'returnTo',
    'next',
    'target_link_uri',
    'redirect_uri\u0000',
  ]) {
    const query = request('corpus-site', good, { prompt: 'none', [name]: 'https://evil.example/' });
    const answer = await ask(browser, query);
    const [to] = destinationsOf(answer);
    if (to !== undefined) assert.ok(to.startsWith(`${good}?code=`) && !to.includes('evil'), `${name}: ${to}`);
    else assertStays(answer, { uri: 'https://evil.example/', why: name });
    const lonely = new URLSearchParams(query);
    lonely.delete('redirect_uri');
    assertStays(await ask(browser, lonely), { uri: 'https://evil.example/', why: name });
  }
  // The query of a form's address is no part of the form.
  const mixed = await browser.send(
    'POST',
    `${OAUTH.authorize}?redirect_uri=https%3A%2F%2Fevil.example%2F`,
    request('corpus-site', good).toString(),
    {
      headers: { ...NAVIGATION, ...FORM },
    },
  );
  assert.ok(!destinationsOf(mixed).some((to) => to.includes('evil')));
});

inWorld(
  'no hostile address can be pushed beforehand, and none that was not pushed is taken from beside the name of a request',
  async (world) => {
    const { site, app, browser } = await furnish(world);
    const push = (client: Site, uri: string, more: Readonly<Record<string, string>> = {}) => {
      const form = request(client.id, uri, more);
      if (client.secret !== null) form.append('client_secret', client.secret);
      return post(world.browser(), form, OAUTH.pushed);
    };
    for (const [client, corpus] of [
      [site, AGAINST_SITE],
      [app, AGAINST_APP],
    ] as const) {
      for (const { uri, why } of corpus) {
        const refused = await push(client, uri);
        assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_request'], `${JSON.stringify(uri)} (${why})`);
        assert.deepEqual(destinationsOf(refused), []);
        if (uri.length > 12) assert.ok(!refused.text.includes(uri));
      }
    }
    const name = async (uri: string) => (await push(site, uri, { prompt: 'none' })).body['request_uri'] as string;
    for (const uri of SITE_URIS) {
      // RFC 9126 4: what stands beside the name is ignored.
      const beside = { client_id: site.id, request_uri: await name(uri), redirect_uri: 'https://evil.example/', state: 'evil.example' };
      const [to = ''] = destinationsOf(await ask(browser, new URLSearchParams(beside)));
      assert.ok(to.startsWith(`${uri}${uri.includes('?') ? '&' : '?'}code=`) && !to.includes('evil'), to);
    }
    const other = { client_id: 'other', request_uri: await name(SITE_URIS[0]) };
    assertStays(await ask(browser, new URLSearchParams(other)), { uri: SITE_URIS[0], why: 'the request of another client' });
  },
);

inWorld('a code goes to no hostile address at the token endpoint, and none of them spends it', async (world) => {
  const { site, app, browser } = await furnish(world);
  for (const [client, good, corpus] of [
    [site, SITE_URIS[0], AGAINST_SITE],
    [app, APP_PORTS[1], AGAINST_APP],
  ] as const) {
    const { code, verifier } = await codeFor(world, browser, { ...client, redirectUri: good });
    const fields = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      client_id: client.id,
      ...(client.secret === null ? {} : { client_secret: client.secret }),
    };
    const redeem = async (uri: string) => post(world.browser(), new URLSearchParams({ ...fields, redirect_uri: uri }), OAUTH.token);
    // The other registered ones are as wrong here: the code was sent to one of them.
    const others = [...SITE_URIS, ...APP_URIS, ...APP_PORTS]
      .filter((uri) => uri !== good)
      .map((uri) => ({ uri, why: 'registered, but not asked for' }));
    for (const { uri, why } of [...corpus, ...others]) {
      const refused = await redeem(uri);
      assert.equal(refused.status, 400, `${JSON.stringify(uri)} (${why})`);
      assert.ok(['invalid_grant', 'invalid_request'].includes(refused.body.error ?? ''), `${JSON.stringify(uri)} (${why})`);
    }
    const redeemed = await redeem(good);
    assert.equal(redeemed.status, 200, redeemed.text);
    // Used by now: whoever brings it with a wrong address ends nothing by it.
    for (const { uri } of corpus.slice(0, 20)) assert.equal((await redeem(uri)).status, 400);
    const refresh = { grant_type: 'refresh_token', refresh_token: redeemed.body['refresh_token'] as string, client_id: client.id };
    const secret = client.secret === null ? {} : { client_secret: client.secret };
    assert.equal((await post(world.browser(), new URLSearchParams({ ...refresh, ...secret }), OAUTH.token)).status, 200);
  }
});

inWorld(
  'a log-out leads to no hostile address, with a genuine hint, with a client’s name or with neither, and ends nothing on the way',
  async (world) => {
    const { browser, site } = await furnish(world);
    const hint = await idTokenOf(world, browser, site);
    const nobody = world.browser();
    const logOut = (who: Browser, uri: string, more: Readonly<Record<string, string>>) =>
      ask(who, new URLSearchParams({ post_logout_redirect_uri: uri, state: 'st-1', ...more }), OAUTH.logout);
    for (const [at, hostile] of AGAINST_SITE.entries()) {
      const more =
        [{ id_token_hint: hint }, { client_id: 'corpus-site' }, { id_token_hint: hint, client_id: 'corpus-site' }, {}][at % 4] ?? {};
      assertStays(await logOut(browser, hostile.uri, more), hostile);
      assertStays(await logOut(nobody, hostile.uri, more), hostile);
    }
    // RFC 8252 frees the port for answers of authorize; nobody waits for the end of a sign-out at a loopback port.
    for (const hostile of AGAINST_APP) assertStays(await logOut(nobody, hostile.uri, { client_id: 'corpus-app' }), hostile);
    for (const uri of SITE_URIS)
      assertStays(await logOut(browser, uri, { client_id: 'nobody' }), { uri, why: 'registered, but not by a client that is unknown' });
    assertStays(await logOut(browser, SITE_URIS[0], { client_id: 'corpus-app' }), {
      uri: SITE_URIS[0],
      why: 'registered by another client',
    });
    const twice = `post_logout_redirect_uri=${encodeURIComponent(SITE_URIS[0])}&id_token_hint=${hint}`;
    for (const part of twice.split('&'))
      assertStays(await ask(browser, `${twice}&${part}`, OAUTH.logout), { uri: SITE_URIS[0], why: 'twice' });
    assert.equal((await browser.call('session')).body['status'], 'VERIFIED', 'whatever was wrong, nobody was signed out');
    for (const uri of SITE_URIS)
      assert.equal(destinationsOf(await logOut(nobody, uri, { id_token_hint: hint }))[0]?.startsWith(uri), true, uri);
    const [to] = destinationsOf(await logOut(browser, SITE_URIS[1], { id_token_hint: hint }));
    assert.equal(to, `${SITE_URIS[1]}&state=st-1`);
    assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
  },
);

inWorld('whatever the request, it leads to a registered address of its own client or to a page of ours', async (world) => {
  const { browser } = await furnish(world);
  const visitor = world.browser();
  const registered: Readonly<Record<string, readonly string[]>> = {
    'corpus-site': SITE_URIS,
    'corpus-app': APP_URIS,
    other: ['https://other.example.net/auth/callback'],
  };
  const mayGo = (client: string, uri: string) =>
    registered[client]?.includes(uri) === true ||
    (client === 'corpus-app' && /^http:\/\/(127\.0\.0\.1|\[::1\])(:[1-9][0-9]{0,4})?\/callback$/.test(uri));
  const one = fc.record(
    {
      client_id: fc.constantFrom('corpus-site', 'corpus-app', 'other', 'nobody'),
      redirect_uri: fc.oneof(
        fc.constantFrom(...SITE_URIS, ...APP_URIS, ...APP_PORTS),
        fc.constantFrom(...AGAINST_SITE, ...AGAINST_APP).map(({ uri }) => uri),
      ),
      response_type: fc.constantFrom('code', 'token', 'code id_token', 'none', ''),
      response_mode: fc.constantFrom('query', 'fragment', 'form_post', 'web_message'),
      scope: fc.constantFrom('openid', 'openid email', 'admin', ''),
      state: fc.constantFrom('s', 'https://evil.example/', '\r\nLocation: https://evil.example', 'x'.repeat(3000)),
      prompt: fc.constantFrom('none', 'login', 'consent', 'none login', 'create'),
      max_age: fc.constantFrom('0', '-1', '99999', 'x'),
      request_uri: fc.constantFrom('https://evil.example/r', 'urn:ietf:params:oauth:request_uri:x', ''),
      request: fc.constantFrom('a.b.c', ''),
      registration: fc.constantFrom('{"redirect_uris":["https://evil.example/"]}', ''),
      code_challenge: fc.constantFrom(newVerifier().challenge, 'short'),
      code_challenge_method: fc.constantFrom('S256', 'plain'),
    },
    { requiredKeys: ['client_id'] },
  );
  let left = 0;
  await fc.assert(
    fc.asyncProperty(one, fc.boolean(), async (parameters, signedIn) => {
      const answer = await ask(signedIn ? browser : visitor, new URLSearchParams(parameters));
      assert.ok([303, 400, 429].includes(answer.status), String(answer.status));
      for (const to of destinationsOf(answer)) {
        if (to.startsWith(`${ORIGIN}/`)) continue;
        left += 1;
        const uri = parameters.redirect_uri ?? '';
        assert.ok(mayGo(parameters.client_id, uri) && to.startsWith(`${uri}${uri.includes('?') ? '&' : '?'}`), to);
        assert.ok(!to.includes('\r') && !to.includes('\n'));
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(left > 5, `${left} left`);
});
