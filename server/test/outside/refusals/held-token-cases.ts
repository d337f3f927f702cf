import { send } from '../request.ts';
import { type Bench, signOut } from './bench.ts';
import { basic, introspect, newTokens, post, proofOf, refresh, revoke, say, userinfo } from './calls.ts';
import type { Case, GoodCase } from './case.ts';

/** What becomes of tokens that somebody has: refresh, revoke, introspect, userinfo. */

export const goodHeldTokens: readonly GoodCase[] = [
  {
    name: 'introspect: a good access token',
    expected: '200 active',
    run: async (bench) => introspect(bench, (await newTokens(bench)).access_token),
  },
  {
    name: 'introspect: a good refresh token',
    expected: '200 active',
    run: async (bench) => introspect(bench, (await newTokens(bench)).refresh_token),
  },
  {
    name: 'revoke: a good token',
    expected: '200',
    run: async (bench) => (await revoke(bench, (await newTokens(bench)).refresh_token)).words,
  },
  { name: 'revoke: a token that was never made', expected: '200', run: async (bench) => (await revoke(bench, 'never')).words },
  {
    name: 'refresh: within the scope',
    expected: '200',
    run: async (bench) => (await refresh(bench, (await newTokens(bench)).refresh_token, { change: { scope: 'openid' } })).words,
  },
  {
    name: 'revoke: the token of another client goes on to work',
    expected: '200',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench);
      await revoke(bench, refresh_token, bench.sites.other);
      return (await refresh(bench, refresh_token)).words;
    },
  },
];

export const heldTokenCases: readonly Case[] = [
  { name: 'refresh: no token', run: async (bench) => (await refresh(bench, '')).words },
  { name: 'refresh: a token that was never made', run: async (bench) => (await refresh(bench, 'ptr_never')).words },
  {
    name: 'refresh: the token of another client',
    run: async (bench) => (await refresh(bench, (await newTokens(bench)).refresh_token, { site: bench.sites.other })).words,
  },
  {
    name: 'refresh: an access token in place of it',
    run: async (bench) => (await refresh(bench, (await newTokens(bench)).access_token)).words,
  },
  {
    name: 'refresh: with a wrong secret',
    run: async (bench) =>
      (await refresh(bench, (await newTokens(bench)).refresh_token, { proof: basic(bench.sites.web.id, 'wrong') })).words,
  },
  {
    name: 'refresh: by name alone, of a client that has a secret',
    run: async (bench) =>
      (await refresh(bench, (await newTokens(bench)).refresh_token, { proof: { parameters: { client_id: bench.sites.web.id } } })).words,
  },
  {
    name: 'refresh: for more scope',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench, { change: { scope: 'openid' } });
      return (await refresh(bench, refresh_token, { change: { scope: 'openid email' } })).words;
    },
  },
  {
    name: 'refresh: the token twice in one request',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench);
      return (await refresh(bench, refresh_token, { change: { refresh_token: [refresh_token, refresh_token] } })).words;
    },
  },
  {
    name: 'refresh: a token that was revoked',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench);
      await revoke(bench, refresh_token);
      return (await refresh(bench, refresh_token)).words;
    },
  },
  {
    name: 'refresh: after a sign-out',
    run: async (bench) => {
      const by = await bench.someone();
      const { refresh_token } = await newTokens(bench, { by });
      await signOut(bench, by);
      return (await refresh(bench, refresh_token)).words;
    },
  },
  {
    name: 'refresh: a token of a single-page app, by another one that knows its name',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench, { site: bench.sites.spa });
      return (await refresh(bench, refresh_token, { site: bench.sites.native })).words;
    },
  },
  {
    name: 'refresh: a token for the second time',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench);
      await refresh(bench, refresh_token);
      return (await refresh(bench, refresh_token)).words;
    },
  },
  { name: 'userinfo: no token', run: async (bench) => (await userinfo(bench, null)).words },
  { name: 'userinfo: a token that was never made', run: async (bench) => (await userinfo(bench, 'never')).words },
  {
    name: 'userinfo: a refresh token',
    run: async (bench) => (await userinfo(bench, (await newTokens(bench)).refresh_token)).words,
  },
  { name: 'userinfo: an ID token', run: async (bench) => (await userinfo(bench, (await newTokens(bench)).id_token)).words },
  {
    name: 'userinfo: a token whose last byte is another one',
    run: async (bench) => {
      const { access_token } = await newTokens(bench);
      return (await userinfo(bench, `${access_token.slice(0, -6)}${access_token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`)).words;
    },
  },
  {
    name: 'userinfo: a token without openid',
    run: async (bench) => {
      const change = { scope: 'email', nonce: null };
      return (await userinfo(bench, (await newTokens(bench, { change })).access_token)).words;
    },
  },
  {
    name: 'userinfo: the token in the address',
    run: async (bench) => {
      const { access_token } = await newTokens(bench);
      return (await say(await send(new URL(`${bench.at.userinfo_endpoint}?access_token=${access_token}`), {}))).words;
    },
  },
  {
    name: 'userinfo: an access token that was revoked',
    run: async (bench) => {
      const { access_token } = await newTokens(bench);
      await revoke(bench, access_token);
      return (await userinfo(bench, access_token)).words;
    },
  },
  {
    name: 'userinfo: the access token beside a refresh token that was revoked',
    run: async (bench) => {
      const { access_token, refresh_token } = await newTokens(bench);
      await revoke(bench, refresh_token);
      return (await userinfo(bench, access_token)).words;
    },
  },
  {
    name: 'userinfo: after a sign-out',
    run: async (bench) => {
      const by = await bench.someone();
      const { access_token } = await newTokens(bench, { by });
      await signOut(bench, by);
      return (await userinfo(bench, access_token)).words;
    },
  },
  { name: 'introspect: a token that was never made', run: (bench) => introspect(bench, 'never') },
  {
    name: 'introspect: an access token that was revoked',
    run: async (bench) => {
      const { access_token } = await newTokens(bench);
      await revoke(bench, access_token);
      return introspect(bench, access_token);
    },
  },
  {
    name: 'introspect: a refresh token that was revoked',
    run: async (bench) => {
      const { refresh_token } = await newTokens(bench);
      await revoke(bench, refresh_token);
      return introspect(bench, refresh_token);
    },
  },
  {
    name: 'introspect: after a sign-out',
    run: async (bench) => {
      const by = await bench.someone();
      const { access_token } = await newTokens(bench, { by });
      await signOut(bench, by);
      return introspect(bench, access_token);
    },
  },
  {
    name: 'introspect: with a wrong secret',
    run: async (bench) => introspect(bench, (await newTokens(bench)).access_token, bench.sites.web, basic(bench.sites.web.id, 'wrong')),
  },
  {
    name: 'introspect: by nobody',
    run: async (bench) => introspect(bench, (await newTokens(bench)).access_token, bench.sites.web, {}),
  },
  {
    name: 'introspect: the token of another client',
    run: async (bench) => introspect(bench, (await newTokens(bench)).access_token, bench.sites.other),
  },
  { name: 'introspect: no token', run: (bench) => introspect(bench, '') },
  { name: 'revoke: no token', run: async (bench) => (await revoke(bench, '')).words },
  {
    name: 'revoke: by nobody',
    run: async (bench) => (await post({ endpoint: bench.at.revocation_endpoint, parameters: { token: 'never' } })).words,
  },
  {
    name: 'revoke: with a wrong secret',
    run: async (bench) =>
      (await post({ endpoint: bench.at.revocation_endpoint, parameters: { token: 'never' }, proof: basic(bench.sites.web.id, 'wrong') }))
        .words,
  },
  {
    name: 'revoke: the token of another client',
    run: async (bench) => (await revoke(bench, (await newTokens(bench)).refresh_token, bench.sites.other)).words,
  },
  {
    name: 'revoke: the token twice in one request',
    run: async (bench) => (await revoke(bench, 'never', bench.sites.web, { token: ['never', 'ever'] })).words,
  },
  {
    name: 'introspect: the token twice in one request',
    run: async (bench) => repeated(bench, bench.at.introspection_endpoint),
  },
];

async function repeated(bench: Bench, endpoint: string): Promise<string> {
  const proof = await proofOf(bench, bench.sites.web);
  return (await post({ endpoint, parameters: { token: 'never' }, change: { token: ['never', 'ever'] }, proof })).words;
}
