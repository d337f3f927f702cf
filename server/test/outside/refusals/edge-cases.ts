import { addressOf, authorizeRequest, type Bench, type Change, changed, placeOf } from './bench.ts';
import { basic, newTokens, type Proof, post } from './calls.ts';
import type { Case, GoodCase } from './case.ts';

/** Requests that are pushed, and sign-outs that a site asks for. */

async function push(bench: Bench, change: Change = {}, proof?: Proof) {
  const { web } = bench.sites;
  const { parameters } = authorizeRequest(web);
  const endpoint = bench.at.pushed_authorization_request_endpoint;
  return post({ endpoint, parameters, change, proof: proof ?? basic(web.id, web.secret) });
}

/** The browser, with the name of a pushed request. */
async function openPushed(bench: Bench, requestUri: string, site = bench.sites.web): Promise<string> {
  const address = addressOf(bench.at.authorization_endpoint, { client_id: site.id, request_uri: requestUri });
  const stopAt = (url: URL) => url.origin !== bench.server.issuer;
  return placeOf(bench, await bench.ada.open(address, { stopAt, signsIn: false }), site);
}

/** A site asks for a sign-out; nobody answers the question that may come. */
async function askSignOut(bench: Bench, parameters: Readonly<Record<string, string>>, change: Change = {}): Promise<string> {
  const by = await bench.someone();
  const { id_token } = await newTokens(bench, { by });
  const [uri = ''] = bench.sites.web.wish.postLogoutUris ?? [];
  const good = { id_token_hint: id_token, post_logout_redirect_uri: uri, ...parameters };
  const stopAt = (url: URL) => url.origin !== bench.server.issuer;
  const seen = await by.open(`${bench.at.end_session_endpoint}?${changed(good, change)}`, { stopAt, signsIn: false });
  return placeOf(bench, seen, bench.sites.web);
}

export const goodEdges: readonly GoodCase[] = [
  { name: 'push: a good request', expected: '201', run: async (bench) => (await push(bench)).words },
  {
    name: 'push: a good request, opened',
    expected: 'back code',
    run: async (bench) => openPushed(bench, String((await push(bench)).body['request_uri'])),
  },
  { name: 'sign-out: a good request', expected: 'back plain', run: (bench) => askSignOut(bench, {}) },
];

const pushes: Readonly<Record<string, Change>> = {
  'redirect_uri of nobody': { redirect_uri: 'http://localhost:9/elsewhere' },
  'no challenge': { code_challenge: null, code_challenge_method: null },
  'code_challenge_method=plain': { code_challenge_method: 'plain' },
  'response_type missing': { response_type: null },
  'response_type=token': { response_type: 'token' },
  'a request_uri within': { request_uri: 'urn:ietf:params:oauth:request_uri:never' },
  'state twice': { state: ['one', 'two'] },
  'prompt that nobody knows': { prompt: 'shout' },
};

const signOuts: Readonly<Record<string, Change>> = {
  'post_logout_redirect_uri of nobody': { post_logout_redirect_uri: 'http://localhost:9/elsewhere' },
  'post_logout_redirect_uri of another client': { post_logout_redirect_uri: 'http://localhost:9/other/signed-out' },
  'post_logout_redirect_uri with a query added': { post_logout_redirect_uri: 'http://localhost:9/web/signed-out?next=1' },
  'id_token_hint that is no token': { id_token_hint: 'hint' },
  'client_id of another client than the hint': { client_id: 'other' },
  'client_id of another client than the hint, and nowhere to go back to': { client_id: 'other', post_logout_redirect_uri: null },
  'client_id and post_logout_redirect_uri of another client than the hint': {
    client_id: 'other',
    post_logout_redirect_uri: 'http://localhost:9/other/signed-out',
  },
  'client_id of nobody, and no hint': { client_id: 'nobody', id_token_hint: null },
  'post_logout_redirect_uri twice': { post_logout_redirect_uri: ['http://localhost:9/web/signed-out', 'http://localhost:9/elsewhere'] },
};

export const edgeCases: readonly Case[] = [
  ...Object.entries(pushes).map(([what, change]) => ({
    name: `push: ${what}`,
    run: async (bench: Bench) => (await push(bench, change)).words,
  })),
  { name: 'push: with a wrong secret', run: async (bench) => (await push(bench, {}, basic('web', 'wrong'))).words },
  { name: 'push: by nobody', run: async (bench) => (await push(bench, { client_id: null }, {})).words },
  {
    name: 'push: for another client',
    run: async (bench) => (await push(bench, { client_id: 'other' }, basic(bench.sites.web.id, bench.sites.web.secret))).words,
  },
  {
    name: 'push: opened by another client',
    run: async (bench) => openPushed(bench, String((await push(bench)).body['request_uri']), bench.sites.other),
  },
  {
    name: 'push: opened by another client that may be answered at the same address',
    run: async (bench) => openPushed(bench, String((await push(bench)).body['request_uri']), bench.sites.narrow),
  },
  {
    name: 'push: opened for the second time',
    run: async (bench) => {
      const requestUri = String((await push(bench)).body['request_uri']);
      await openPushed(bench, requestUri);
      return openPushed(bench, requestUri);
    },
  },
  ...Object.entries(signOuts).map(([what, change]) => ({
    name: `sign-out: ${what}`,
    run: (bench: Bench) => askSignOut(bench, {}, change),
  })),
];
