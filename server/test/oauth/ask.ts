import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { HEADERS } from '@portico/protocol/cookies';
import { OAUTH } from '@portico/protocol/routes';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Answered, Browser } from '../browser.ts';
import { basicOf, type GivenCode, type Site } from '../sites.ts';
import { ORIGIN, type World } from '../world.ts';

/** Calls of /oauth as programs make them: a form, no cookies, no origin. */

export interface AskOptions {
  /** How the client shows who it is; by header unless said otherwise, and a public one by its name. */
  readonly by?: 'basic' | 'body' | 'name' | 'nothing';
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Another node, or another process. */
  readonly from?: Browser;
}

export async function ask(
  world: Pick<World, 'browser'>,
  path: keyof typeof OAUTH,
  site: Site,
  fields: Readonly<Record<string, string>>,
  { by = site.secret === null ? 'name' : 'basic', headers = {}, from = world.browser() }: AskOptions = {},
): Promise<Answered> {
  const form = new URLSearchParams(fields);
  if (by === 'name' || by === 'body') form.append('client_id', site.id);
  if (by === 'body') form.append('client_secret', site.secret ?? '');
  return from.send('POST', OAUTH[path], form.toString(), {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': undefined,
      origin: undefined,
      cookie: undefined,
      ...(by === 'basic' ? { authorization: basicOf(site) } : {}),
      ...headers,
    },
  });
}

/** The form that redeems a code. */
export function redeeming(site: Site, { code, verifier }: Pick<GivenCode, 'code' | 'verifier'>): Record<string, string> {
  return { grant_type: 'authorization_code', code, redirect_uri: site.redirectUri, code_verifier: verifier };
}

export function refreshing(refreshToken: string): Record<string, string> {
  return { grant_type: 'refresh_token', refresh_token: refreshToken };
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly scope: string;
}

export function tokensOf(answer: Answered): Tokens {
  assert.equal(answer.status, 200, answer.text);
  const text = (name: string) => (answer.body[name] as string | undefined) ?? '';
  return { accessToken: text('access_token'), refreshToken: text('refresh_token'), idToken: text('id_token'), scope: text('scope') };
}

/** Redeems a code that must be good. */
export async function redeemed(world: World, site: Site, given: GivenCode, options: AskOptions = {}): Promise<Tokens> {
  return tokensOf(await ask(world, 'token', site, redeeming(site, given), options));
}

/** Status, code and nothing else that could tell one cause from another. */
export function refusalOf({ status, body }: Answered): string {
  return `${status} ${String(body.error)}`;
}

/** The key of a client that proves its requests (RFC 9449). */
export interface ProofKey {
  readonly jwk: JWK;
  readonly thumbprint: string;
  readonly privateKey: KeyObject;
  /** A proof for one request; any part of it may be another one. */
  proof(changes?: ProofChanges): string;
}

export interface ProofChanges {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly path?: string;
  /** Signs instead of the key in the header. */
  readonly signer?: KeyObject;
}

export async function newProofKey(now: () => number): Promise<ProofKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwk,
    privateKey,
    thumbprint: await calculateJwkThumbprint(jwk),
    proof: ({ header = {}, claims = {}, path = OAUTH.token, signer = privateKey } = {}) => {
      const named = { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header };
      const said = {
        htm: 'POST',
        htu: ORIGIN + path,
        iat: Math.floor(now() / 1000),
        jti: randomBytes(12).toString('base64url'),
        ...claims,
      };
      const text = `${part(named)}.${part(said)}`;
      return `${text}.${sign('sha256', Buffer.from(text), { key: signer, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    },
  };
}

export function withProof(proof: string): Pick<AskOptions, 'headers'> {
  return { headers: { [HEADERS.dpop]: proof } };
}
