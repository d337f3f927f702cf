import assert from 'node:assert/strict';
import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import { OAUTH_ROUTES } from '../../src/routes/oauth.ts';
import { addApp } from '../apps/apps.ts';
import { addSite } from '../sites.ts';
import { inWorld, ORIGIN } from '../world.ts';
import { askAuthorize, askOf } from './asking.ts';

const lists = (document: Readonly<Record<string, unknown>>, name: string) => document[name] as readonly string[];

inWorld('discovery says the same under both names, to every site, and names this server as it is reached', async (world) => {
  const stranger = { origin: 'https://anybody.example', 'sec-fetch-site': 'cross-site' };
  const [a, b] = await Promise.all(
    [SYSTEM.openIdConfiguration, SYSTEM.oauthServer].map((path) => world.browser().send('GET', path, undefined, { headers: stranger })),
  );
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(a.status, 200);
  assert.deepEqual(a.body, b.body);
  assert.equal(a.headers['access-control-allow-origin'], '*');
  assert.equal(a.headers['access-control-allow-credentials'], undefined);
  assert.match(String(a.headers['content-type']), /^application\/json/);
  assert.equal(a.body['issuer'], ORIGIN);
  for (const [name, value] of Object.entries(a.body))
    if (/_endpoint$|_uri$/.test(name)) assert.ok(String(value).startsWith(`${ORIGIN}/`), name);
});

inWorld('every endpoint that discovery names answers, and every OAuth route that there is stands in it', async (world) => {
  const { body } = await world.browser().send('GET', SYSTEM.openIdConfiguration);
  const named = Object.entries(body).flatMap(([name, value]) => (name.endsWith('_endpoint') ? [String(value).slice(ORIGIN.length)] : []));
  assert.deepEqual(named.toSorted(), [...new Set(OAUTH_ROUTES.map(({ path }) => path))].toSorted());
  assert.deepEqual(named.toSorted(), Object.values<string>(OAUTH).toSorted());
});

inWorld('what discovery offers is taken, and what it does not is refused: response types and modes, prompts, challenges', async (world) => {
  const { body } = await world.browser().send('GET', SYSTEM.openIdConfiguration);
  const backend = await addSite(world, 'notes', { confirmation: 'auto' });
  const app = await addApp(world, 'app');
  const browser = await world.signedUp('ada@example.com');
  const errorOf = async (changes: Record<string, string | undefined>) => {
    // `none` is for apps in the browser.
    const site = changes['response_type'] === 'none' ? app : backend;
    const location = String((await askAuthorize(browser, askOf(site, changes))).headers['location']);
    return location.startsWith(site.redirectUri) ? (new URL(location).searchParams.get('error') ?? '') : '';
  };
  const matrix = [
    ['response_type', 'response_types_supported', ['code', 'token', 'id_token', 'code token', 'code id_token', 'id_token token', 'none']],
    ['response_mode', 'response_modes_supported', ['query', 'fragment', 'form_post', 'web_message', 'jwt', 'query.jwt']],
    ['code_challenge_method', 'code_challenge_methods_supported', ['S256', 'plain', 's256', 'S512']],
    ['prompt', 'prompt_values_supported', ['none', 'login', 'consent', 'select_account', 'create', 'NONE']],
    ['scope', 'scopes_supported', ['openid', 'profile', 'email', 'offline_access', 'admin', 'address', 'OPENID']],
  ] as const;
  for (const [parameter, name, words] of matrix) {
    const offered = lists(body, name);
    assert.deepEqual(
      offered.filter((word) => !words.some((known) => known === word)),
      [],
    );
    for (const word of words) assert.equal((await errorOf({ [parameter]: word })) === '', offered.includes(word), `${parameter}=${word}`);
  }
});

inWorld(
  'three hosts: the issuer is the origin that people know, the endpoints are where the cookies live',
  async (world) => {
    const { body } = await world.browser().send('GET', SYSTEM.openIdConfiguration);
    assert.equal(body['issuer'], 'https://example.com');
    assert.equal(body['authorization_endpoint'], `https://api.example.com${OAUTH.authorize}`);
    assert.equal(body['jwks_uri'], `https://api.example.com${SYSTEM.jwks}`);
    const site = await addSite(world, 'notes');
    // A page on the app's host leads back by a path, which goes on at the host of the API.
    const led = await askAuthorize(world.browser(), askOf(site));
    const returnTo = new URL(String(led.headers['location'])).searchParams.get('returnTo') ?? '';
    assert.ok(String(led.headers['location']).startsWith('https://app.example.com/login?'));
    const atApp = await world.browser().send('GET', returnTo, undefined, { headers: { host: 'app.example.com', accept: 'text/html' } });
    assert.equal(atApp.headers['location'], `https://api.example.com${returnTo}`);
  },
  { config: { origin: 'https://example.com', appOrigin: 'https://app.example.com', apiOrigin: 'https://api.example.com' } },
);

inWorld('the keys that discovery points to verify the tokens of every algorithm that it offers', async (world) => {
  const { body } = await world.browser().send('GET', SYSTEM.openIdConfiguration);
  const jwks = await world.browser().send('GET', SYSTEM.jwks);
  const keys = jwks.body['keys'] as readonly Record<string, unknown>[];
  assert.deepEqual(
    lists(body, 'id_token_signing_alg_values_supported').toSorted(),
    [...new Set(keys.map((key) => String(key['alg'])))].toSorted(),
  );
  for (const key of keys) assert.ok(!('d' in key) && !('p' in key) && !('k' in key), 'no private member');
});
