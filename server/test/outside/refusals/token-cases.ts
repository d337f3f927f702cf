import { send } from '../request.ts';
import { type Bench, type Change, newCode, signOut } from './bench.ts';
import { basic, newTokens, type Proof, post, redeem, refresh, say, userinfo } from './calls.ts';
import type { Case, GoodCase } from './case.ts';

export const goodTokens: readonly GoodCase[] = [
  { name: 'token: a good code', expected: '200', run: async (bench) => (await redeem(bench, await newCode(bench))).words },
  {
    name: 'token: a good code of a client with its secret in the body',
    expected: '200',
    run: async (bench) => good(bench, 'post'),
  },
  { name: 'token: a good code of a single-page app', expected: '200', run: (bench) => good(bench, 'spa') },
  { name: 'token: a good code of a client that signs', expected: '200', run: (bench) => good(bench, 'signer') },
  { name: 'token: the good access token opens userinfo', expected: '200', run: async (bench) => userinfoOf(bench) },
  {
    name: 'refresh: a good token',
    expected: '200',
    run: async (bench) => (await refresh(bench, (await newTokens(bench)).refresh_token)).words,
  },
  { name: 'machine: a good call', expected: '200', run: (bench) => forItself(bench, 'machine') },
];

async function good(bench: Bench, name: 'post' | 'spa' | 'signer'): Promise<string> {
  const site = bench.sites[name];
  return (await redeem(bench, await newCode(bench, { site }), { site })).words;
}

async function userinfoOf(bench: Bench): Promise<string> {
  return (await userinfo(bench, (await newTokens(bench)).access_token)).words;
}

async function forItself(bench: Bench, name: 'machine' | 'web', change: Change = {}): Promise<string> {
  const { id, secret } = bench.sites[name];
  const parameters = { grant_type: 'client_credentials' };
  return (await post({ endpoint: bench.at.token_endpoint, parameters, change, proof: basic(id, secret) })).words;
}

/** A good redemption by `web`, changed. */
const changes: Readonly<Record<string, Change>> = {
  'grant_type missing': { grant_type: null },
  'grant_type that nobody knows': { grant_type: 'wish' },
  'grant_type=password': { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' },
  'grant_type twice': { grant_type: ['authorization_code', 'authorization_code'] },
  'code missing': { code: null },
  'code empty': { code: '' },
  'code that was never made': { code: 'ptc_never' },
  'code twice': { code: ['one', 'two'] },
  'redirect_uri missing': { redirect_uri: null },
  'redirect_uri of another client': { redirect_uri: 'http://localhost:9/other/callback' },
  'redirect_uri with a slash at its end': { redirect_uri: 'http://localhost:9/web/callback/' },
  'code_verifier missing': { code_verifier: null },
  'code_verifier empty': { code_verifier: '' },
  'code_verifier of another request': { code_verifier: 'v'.repeat(43) },
  'code_verifier that is too short': { code_verifier: 'short' },
  'code_verifier twice': { code_verifier: ['v'.repeat(43), 'w'.repeat(43)] },
};

/** A good redemption by `web`, with another proof of who asks. */
const proofs: Readonly<Record<string, (bench: Bench) => Proof>> = {
  'a wrong secret in the header': ({ sites }) => basic(sites.web.id, 'wrong'),
  "another client's secret": ({ sites }) => basic(sites.web.id, sites.other.secret),
  'an empty secret': ({ sites }) => basic(sites.web.id, ''),
  'an unknown client in the header': () => basic('nobody', 'wrong'),
  'a header that is not base64': () => ({ headers: { authorization: 'Basic ?' } }),
  'a header without a colon': () => ({ headers: { authorization: `Basic ${Buffer.from('web').toString('base64')}` } }),
  'nothing at all': () => ({}),
  'its name and no secret': ({ sites }) => ({ parameters: { client_id: sites.web.id } }),
  'an unknown client in the body': () => ({ parameters: { client_id: 'nobody', client_secret: 'wrong' } }),
  'its secret in header and body': ({ sites: { web } }) => ({ ...basic(web.id, web.secret), parameters: { client_secret: web.secret } }),
  'another name in the body than in the header': ({ sites: { web, other } }) => ({
    ...basic(web.id, web.secret),
    parameters: { client_id: other.id },
  }),
  'an assertion beside its secret': ({ sites: { web } }) => ({
    ...basic(web.id, web.secret),
    parameters: { client_assertion: 'a.b.c', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
  }),
  'an assertion where it has a secret': ({ sites: { web } }) => ({
    parameters: {
      client_id: web.id,
      client_assertion: 'a.b.c',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    },
  }),
};

export const tokenCases: readonly Case[] = [
  ...Object.entries(changes).map(([what, change]) => ({
    name: `token: ${what}`,
    run: async (bench: Bench) => (await redeem(bench, await newCode(bench), { change })).words,
  })),
  ...Object.entries(proofs).map(([what, proof]) => ({
    name: `token: the client shows ${what}`,
    run: async (bench: Bench) => (await redeem(bench, await newCode(bench), { proof: proof(bench) })).words,
  })),
  {
    name: 'token: a wrong secret in the body',
    run: async (bench) => {
      const site = bench.sites.post;
      const proof = { parameters: { client_id: site.id, client_secret: 'wrong' } };
      return (await redeem(bench, await newCode(bench, { site }), { proof })).words;
    },
  },
  {
    name: 'token: a single-page app that shows a secret',
    run: async (bench) => {
      const site = bench.sites.spa;
      return (await redeem(bench, await newCode(bench, { site }), { proof: basic(site.id, 'secret') })).words;
    },
  },
  {
    name: 'token: the code of another client',
    run: async (bench) => (await redeem(bench, await newCode(bench), { site: bench.sites.other })).words,
  },
  {
    name: 'token: the code of another client, with the right redirect_uri for neither',
    run: async (bench) => {
      const change = { redirect_uri: 'http://localhost:9/other/callback' };
      return (await redeem(bench, await newCode(bench), { site: bench.sites.other, change })).words;
    },
  },
  {
    name: 'token: a code for the second time',
    run: async (bench) => {
      const code = await newCode(bench);
      await redeem(bench, code);
      return (await redeem(bench, code)).words;
    },
  },
  {
    name: 'token: the refresh token of a code that came a second time',
    run: async (bench) => (await refresh(bench, (await replayed(bench)).refresh_token)).words,
  },
  {
    name: 'token: the access token of a code that came a second time',
    run: async (bench) => (await userinfo(bench, (await replayed(bench)).access_token)).words,
  },
  {
    name: 'token: a code that is too old',
    run: async (bench) => {
      const code = await newCode(bench);
      await bench.server.expireCodes();
      return (await redeem(bench, code)).words;
    },
  },
  {
    name: 'token: a code of somebody who signed out meanwhile',
    run: async (bench) => {
      const by = await bench.someone();
      const code = await newCode(bench, { by });
      await signOut(bench, by);
      return (await redeem(bench, code)).words;
    },
  },
  {
    name: 'token: JSON instead of a form',
    run: async (bench) => {
      const { code, verifier, redirectUri } = await newCode(bench);
      const json = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
      return (await postJson(bench, json)).words;
    },
  },
  {
    name: 'token: a GET',
    run: async (bench) => `${(await say(await send(new URL(`${bench.at.token_endpoint}?grant_type=authorization_code`), {}))).status}`,
  },
  {
    name: 'token: a client without users, for a scope that nobody knows',
    run: (bench) => forItself(bench, 'machine', { scope: 'everything' }),
  },
  { name: 'token: a client with users that asks for itself', run: (bench) => forItself(bench, 'web') },
  {
    name: 'token: a client without users that brings a code',
    run: async (bench) => (await redeem(bench, await newCode(bench), { site: bench.sites.machine })).words,
  },
];

async function replayed(bench: Bench) {
  const code = await newCode(bench);
  const { body } = await redeem(bench, code);
  await redeem(bench, code);
  return body as { readonly access_token: string; readonly refresh_token: string };
}

function postJson(bench: Bench, json: object) {
  const { id, secret } = bench.sites.web;
  const headers = new Headers(basic(id, secret).headers);
  return send(new URL(bench.at.token_endpoint), { method: 'POST', headers, json }).then(say);
}
