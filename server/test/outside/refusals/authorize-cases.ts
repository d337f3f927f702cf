import { authorize, authorizeRequest, type Bench, type Change, newCode, placeOf, redirectUriOf, signOut } from './bench.ts';
import { newTokens } from './calls.ts';
import type { Case, GoodCase } from './case.ts';

export const goodAuthorize: readonly GoodCase[] = [
  { name: 'authorize: a good request', expected: 'back code', run: (bench) => authorize(bench) },
  { name: 'authorize: a good request with prompt=none', expected: 'back code', run: (bench) => authorize(bench, { prompt: 'none' }) },
  {
    name: 'authorize: a good request by a form',
    expected: 'back code',
    run: (bench) => byForm(bench, {}),
  },
  {
    name: 'authorize: a good request of somebody who is signed in nowhere',
    expected: 'sign-in',
    run: (bench) => authorize(bench, {}, bench.server.person()),
  },
  {
    name: 'authorize: a hint at who is signed in, with prompt=none',
    expected: 'back code',
    run: async (bench) => authorize(bench, { prompt: 'none', id_token_hint: (await newTokens(bench)).id_token }),
  },
];

/** What a case changes of a good request of the site `web`. */
const changes: Readonly<Record<string, Change>> = {
  'client_id of nobody': { client_id: 'nobody' },
  'client_id missing': { client_id: null },
  'client_id twice': { client_id: ['web', 'web'] },
  'client_id of two clients': { client_id: ['web', 'other'] },
  'redirect_uri missing': { redirect_uri: null },
  'redirect_uri that is registered for nobody': { redirect_uri: 'http://localhost:9/elsewhere' },
  'redirect_uri of another client': { redirect_uri: 'http://localhost:9/other/callback' },
  'redirect_uri with a slash at its end': { redirect_uri: 'http://localhost:9/web/callback/' },
  'redirect_uri with a query added': { redirect_uri: 'http://localhost:9/web/callback?next=1' },
  'redirect_uri with a fragment': { redirect_uri: 'http://localhost:9/web/callback#here' },
  'redirect_uri at another port': { redirect_uri: 'http://localhost:10/web/callback' },
  'redirect_uri in other letters': { redirect_uri: 'http://LOCALHOST:9/web/callback' },
  'redirect_uri by way of the folder above': { redirect_uri: 'http://localhost:9/web/x/../callback' },
  'redirect_uri that is no address': { redirect_uri: 'callback' },
  'redirect_uri twice': { redirect_uri: ['http://localhost:9/web/callback', 'http://localhost:9/web/callback'] },
  'response_type missing': { response_type: null },
  'response_type=token': { response_type: 'token' },
  'response_type=id_token': { response_type: 'id_token' },
  'response_type=code id_token': { response_type: 'code id_token' },
  'response_type that nobody knows': { response_type: 'lottery' },
  'response_mode that nobody knows': { response_mode: 'pigeon' },
  'response_mode=fragment': { response_mode: 'fragment' },
  'code_challenge missing': { code_challenge: null, code_challenge_method: null },
  'code_challenge missing, its method there': { code_challenge: null },
  'code_challenge_method=plain': { code_challenge_method: 'plain' },
  'code_challenge_method missing, which means plain': { code_challenge_method: null },
  'code_challenge_method that nobody knows': { code_challenge_method: 'S512' },
  'code_challenge that is too short': { code_challenge: 'short' },
  'code_challenge with letters that it cannot have': { code_challenge: '!'.repeat(43) },
  'scope that nobody knows': { scope: 'openid everything' },
  'scope with letters that it cannot have': { scope: 'openid "quoted"' },
  'prompt that nobody knows': { prompt: 'shout' },
  'prompt=none with another one': { prompt: 'none login' },
  'max_age that is no number': { max_age: 'soon' },
  'max_age below nothing': { max_age: '-1' },
  'id_token_hint that is no token': { id_token_hint: 'hint' },
  'id_token_hint that is no token, with prompt=none': { id_token_hint: 'hint', prompt: 'none' },
  'request object': { request: 'eyJhbGciOiJub25lIn0.e30.' },
  'request_uri of the web': { request_uri: 'https://site.example/request.jwt' },
  'request_uri that was never pushed': { request_uri: 'urn:ietf:params:oauth:request_uri:never' },
  registration: { registration: '{}' },
  'state twice': { state: ['one', 'two'] },
  'scope twice': { scope: ['openid', 'email'] },
  'dpop_jkt that is no thumbprint': { dpop_jkt: 'thumb' },
};

async function byForm(bench: Bench, change: Change): Promise<string> {
  const { parameters } = authorizeRequest(bench.sites.web);
  const fields = Object.entries({ ...parameters, ...change }).filter(([, value]) => value !== null);
  const form = Object.fromEntries(fields) as Record<string, string>;
  const stopAt = (url: URL) => url.origin !== bench.server.issuer;
  return placeOf(bench, await bench.ada.open(bench.at.authorization_endpoint, { form, stopAt, signsIn: false }), bench.sites.web);
}

export const authorizeCases: readonly Case[] = [
  ...Object.entries(changes).map(([what, change]) => ({
    name: `authorize: ${what}`,
    run: (bench: Bench) => authorize(bench, change),
  })),
  {
    name: 'authorize: prompt=none of somebody who is signed in nowhere',
    run: (bench) => authorize(bench, { prompt: 'none' }, bench.server.person()),
  },
  {
    name: 'authorize: an unknown client, of somebody who is signed in nowhere',
    run: (bench) => authorize(bench, { client_id: 'nobody' }, bench.server.person()),
  },
  {
    name: 'authorize: a redirect_uri of nobody with prompt=none, of somebody who is signed in nowhere',
    run: (bench) => authorize(bench, { redirect_uri: 'http://localhost:9/elsewhere', prompt: 'none' }, bench.server.person()),
  },
  { name: 'authorize: an unknown client, by a form', run: (bench) => byForm(bench, { client_id: 'nobody' }) },
  {
    name: 'authorize: a redirect_uri of nobody, by a form',
    run: (bench) => byForm(bench, { redirect_uri: 'http://localhost:9/elsewhere' }),
  },
  { name: 'authorize: no challenge, by a form', run: (bench) => byForm(bench, { code_challenge: null, code_challenge_method: null }) },
  {
    name: 'authorize: a client that has no users',
    run: (bench) =>
      authorize(bench, { client_id: bench.sites.machine.id, redirect_uri: redirectUriOf(bench.sites.web), code_challenge_method: 'S256' }),
  },
  {
    name: 'authorize: a scope that this client may not ask for',
    run: (bench) => authorize(bench, { scope: 'openid profile' }, bench.ada, bench.sites.narrow),
  },
  {
    name: 'authorize: an id_token_hint of another client, with prompt=none',
    run: async (bench) =>
      authorize(bench, { prompt: 'none', id_token_hint: (await newTokens(bench, { site: bench.sites.other })).id_token }),
  },
  {
    name: 'authorize: another port of a loopback address of a native app is the only thing that may differ',
    run: (bench) =>
      authorize(bench, { client_id: bench.sites.native.id, redirect_uri: 'http://127.0.0.1:9/another' }, bench.ada, bench.sites.native),
  },
  {
    name: 'authorize: prompt=none after a sign-out',
    run: async (bench) => {
      const person = await bench.someone();
      await newCode(bench, { by: person });
      await signOut(bench, person);
      return authorize(bench, { prompt: 'none' }, person);
    },
  },
];
