import { type Bench, type Change, newCode } from './bench.ts';
import { redeem, refresh, type TokenSet } from './calls.ts';
import type { Case, GoodCase } from './case.ts';
import { type AssertionOf, newProofKey, type ProofKey } from './signer.ts';

/** What clients sign: assertions of who they are, and proofs of a key. */

async function signed(bench: Bench, spoiled: Omit<AssertionOf, 'issuer' | 'clientId'>, change: Change = {}): Promise<string> {
  const site = bench.sites.signer;
  const proof = await bench.signer.assertion({ issuer: bench.at.issuer, clientId: site.id, ...spoiled });
  return (await redeem(bench, await newCode(bench, { site }), { proof, change })).words;
}

async function proven(bench: Bench, spoil: (key: ProofKey, endpoint: string) => Promise<string>): Promise<string> {
  const site = bench.sites.native;
  const dpop = await spoil(await newProofKey(), bench.at.token_endpoint);
  return (await redeem(bench, await newCode(bench, { site }), { site, headers: { dpop } })).words;
}

/** Tokens of a public client, bound to a key. */
async function boundTokens(bench: Bench): Promise<{ readonly key: ProofKey; readonly tokens: TokenSet }> {
  const site = bench.sites.native;
  const key = await newProofKey();
  const dpop = await key.proof(bench.at.token_endpoint);
  const { body } = await redeem(bench, await newCode(bench, { site }), { site, headers: { dpop } });
  return { key, tokens: body as unknown as TokenSet };
}

const now = () => Math.floor(Date.now() / 1000);

export const goodProofs: readonly GoodCase[] = [
  { name: 'assertion: a good one', expected: '200', run: (bench) => signed(bench, {}) },
  { name: 'proof: a good one', expected: '200', run: (bench) => proven(bench, (key, endpoint) => key.proof(endpoint)) },
  {
    name: 'proof: a refresh with the key',
    expected: '200',
    run: async (bench) => {
      const { key, tokens } = await boundTokens(bench);
      const headers = { dpop: await key.proof(bench.at.token_endpoint) };
      return (await refresh(bench, tokens.refresh_token, { site: bench.sites.native, headers })).words;
    },
  },
];

const assertions: Readonly<Record<string, Omit<AssertionOf, 'issuer' | 'clientId'>>> = {
  'for another audience': { claims: { aud: 'https://another.example' } },
  'without an audience': { claims: { aud: undefined } },
  'that is too old': { claims: { iat: now() - 700, exp: now() - 600 } },
  'without an end': { claims: { exp: undefined } },
  'without a name': { claims: { jti: undefined } },
  'that another client made': { claims: { iss: 'other' } },
  'about another client': { claims: { sub: 'other' } },
  'that is not good yet': { claims: { nbf: now() + 600 } },
  'signed by another key': { byStranger: true },
};

const proofs: Readonly<Record<string, (key: ProofKey, endpoint: string) => Promise<string>>> = {
  'of another method': (key, endpoint) => key.proof(endpoint, { htm: 'GET' }),
  'of another address': (key) => key.proof('https://another.example/token'),
  'that is too old': (key, endpoint) => key.proof(endpoint, { iat: now() - 3600 }),
  'of the future': (key, endpoint) => key.proof(endpoint, { iat: now() + 3600 }),
  'without a name': (key, endpoint) => key.proof(endpoint, { jti: undefined }),
  'without a time': (key, endpoint) => key.proof(endpoint, { iat: undefined }),
  'of another type': (key, endpoint) => key.proof(endpoint, {}, { typ: 'JWT' }),
  'without a key': (key, endpoint) => key.proof(endpoint, {}, { jwk: undefined }),
  'that is no token': async () => 'proof',
};

export const proofCases: readonly Case[] = [
  ...Object.entries(assertions).map(([what, spoiled]) => ({
    name: `assertion: ${what}`,
    run: (bench: Bench) => signed(bench, spoiled),
  })),
  {
    name: 'assertion: of a type that nobody knows',
    run: (bench) => signed(bench, {}, { client_assertion_type: 'urn:example:unknown' }),
  },
  {
    name: 'assertion: for the second time',
    run: async (bench) => {
      const site = bench.sites.signer;
      const proof = await bench.signer.assertion({ issuer: bench.at.issuer, clientId: site.id });
      await redeem(bench, await newCode(bench, { site }), { proof });
      return (await redeem(bench, await newCode(bench, { site }), { proof })).words;
    },
  },
  {
    name: 'assertion: none, of a client that signs',
    run: async (bench) => {
      const site = bench.sites.signer;
      return (await redeem(bench, await newCode(bench, { site }), { proof: { parameters: { client_id: site.id } } })).words;
    },
  },
  ...Object.entries(proofs).map(([what, spoil]) => ({
    name: `proof: ${what}`,
    run: (bench: Bench) => proven(bench, spoil),
  })),
  {
    name: 'proof: for the second time',
    run: async (bench) => {
      const site = bench.sites.native;
      const headers = { dpop: await (await newProofKey()).proof(bench.at.token_endpoint) };
      await redeem(bench, await newCode(bench, { site }), { site, headers });
      return (await redeem(bench, await newCode(bench, { site }), { site, headers })).words;
    },
  },
  {
    name: 'proof: a refresh with another key',
    run: async (bench) => {
      const { tokens } = await boundTokens(bench);
      const headers = { dpop: await (await newProofKey()).proof(bench.at.token_endpoint) };
      return (await refresh(bench, tokens.refresh_token, { site: bench.sites.native, headers })).words;
    },
  },
  {
    name: 'proof: a refresh without one',
    run: async (bench) => (await refresh(bench, (await boundTokens(bench)).tokens.refresh_token, { site: bench.sites.native })).words,
  },
  {
    name: 'proof: another key than the code is bound to',
    run: async (bench) => {
      const site = bench.sites.native;
      const [bound, another] = [await newProofKey(), await newProofKey()];
      const code = await newCode(bench, { site, change: { dpop_jkt: bound.thumbprint } });
      return (await redeem(bench, code, { site, headers: { dpop: await another.proof(bench.at.token_endpoint) } })).words;
    },
  },
];
