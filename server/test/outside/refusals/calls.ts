import assert from 'node:assert/strict';
import type { Person } from '../person.ts';
import { send } from '../request.ts';
import type { RegisteredClient } from '../servers/auth-server.ts';
import { type Bench, type Change, type Code, changed, newCode } from './bench.ts';

/** Calls of the endpoints that answer in JSON. */

export interface TokenSet {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
  readonly token_type: string;
}

/** How a client shows who it is: in the way that it is registered for. */
export interface Proof {
  readonly headers?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
}

export function basic(id: string, secret: string): Proof {
  return { headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` } };
}

export async function proofOf(bench: Bench, site: RegisteredClient): Promise<Proof> {
  if (site.wish.jwks !== undefined) return bench.signer.assertion({ issuer: bench.at.issuer, clientId: site.id });
  if (site.secret === '') return { parameters: { client_id: site.id } };
  if (site.wish.sendsSecret === 'post') return { parameters: { client_id: site.id, client_secret: site.secret } };
  return basic(site.id, site.secret);
}

export interface Posted {
  readonly endpoint: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly change?: Change;
  readonly proof?: Proof;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Said {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** `STATUS` or `STATUS error`, from the body or from WWW-Authenticate. */
  readonly words: string;
}

export async function post({ endpoint, parameters, change = {}, proof = {}, headers = {} }: Posted): Promise<Said> {
  const body = changed({ ...parameters, ...proof.parameters }, change);
  return say(await send(new URL(endpoint), { method: 'POST', headers: new Headers({ ...proof.headers, ...headers }), body }));
}

export async function say(response: Response): Promise<Said> {
  const text = await response.text();
  const body = parsed(text);
  const challenge = /error="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1];
  const word = typeof body['error'] === 'string' ? body['error'] : challenge;
  return { status: response.status, body, words: word === undefined ? String(response.status) : `${response.status} ${word}` };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Redeems a code; a case changes what it likes. */
export async function redeem(
  bench: Bench,
  { code, verifier, redirectUri }: Code,
  {
    site = bench.sites.web,
    change = {},
    proof,
    headers = {},
  }: { site?: RegisteredClient; change?: Change; proof?: Proof; headers?: Posted['headers'] } = {},
): Promise<Said> {
  const parameters = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
  return post({
    endpoint: bench.at.token_endpoint,
    parameters,
    change,
    proof: proof ?? (await proofOf(bench, site)),
    headers: headers ?? {},
  });
}

export async function newTokens(
  bench: Bench,
  { site = bench.sites.web, by = bench.ada, change = {} }: { site?: RegisteredClient; by?: Person; change?: Change } = {},
): Promise<TokenSet> {
  const { status, body, words } = await redeem(bench, await newCode(bench, { site, by, change }), { site });
  assert.equal(status, 200, words);
  return body as unknown as TokenSet;
}

export async function refresh(
  bench: Bench,
  token: string,
  {
    site = bench.sites.web,
    change = {},
    proof,
    headers = {},
  }: { site?: RegisteredClient; change?: Change; proof?: Proof; headers?: Posted['headers'] } = {},
): Promise<Said> {
  const parameters = { grant_type: 'refresh_token', refresh_token: token };
  return post({
    endpoint: bench.at.token_endpoint,
    parameters,
    change,
    proof: proof ?? (await proofOf(bench, site)),
    headers: headers ?? {},
  });
}

export async function userinfo(bench: Bench, token: string | null): Promise<Said> {
  const headers = new Headers(token === null ? {} : { authorization: `Bearer ${token}` });
  return say(await send(new URL(bench.at.userinfo_endpoint), { headers }));
}

/** `200 active` or `200 inactive`, or how the question was refused. */
export async function introspect(bench: Bench, token: string, site = bench.sites.web, proof?: Proof): Promise<string> {
  const said = await post({
    endpoint: bench.at.introspection_endpoint,
    parameters: { token },
    proof: proof ?? (await proofOf(bench, site)),
  });
  return said.status === 200 ? `200 ${said.body['active'] === true ? 'active' : 'inactive'}` : said.words;
}

export async function revoke(bench: Bench, token: string, site = bench.sites.web, change: Change = {}): Promise<Said> {
  return post({ endpoint: bench.at.revocation_endpoint, parameters: { token }, change, proof: await proofOf(bench, site) });
}
