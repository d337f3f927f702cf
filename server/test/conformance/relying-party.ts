import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import type { NewClient } from '../../src/clients/client.ts';
import type { Answered } from '../browser.ts';
import { addSite, basicOf, newVerifier, type Site } from '../sites.ts';
import type { World } from '../world.ts';
import type { Discovery } from './modules.ts';
import { type Person, type Step, type Visit, visit } from './person.ts';

/** The client of the conformance suite: what it sends, and what it looks at in every answer. */

export const ISSUER = 'https://id.example.com';
/** The modules want every endpoint at https. */
export const AT_ISSUER = { config: { origin: ISSUER, appOrigin: ISSUER, apiOrigin: ISSUER } } as const;
export const AFTER_LOGOUT = 'https://rp.example.net/post_logout_redirect';
export const BACK_CHANNEL = 'https://rp.example.net/backchannel_logout';

export async function newRelyingParty(world: World, given: Partial<NewClient> = {}): Promise<Site> {
  return addSite(world, given.id ?? 'rp', {
    redirectUris: [`https://${given.id ?? 'rp'}.example.net/callback`],
    postLogoutUris: [AFTER_LOGOUT],
    ...given,
  });
}

export async function discover(world: World, path: string = SYSTEM.openIdConfiguration): Promise<Discovery> {
  const answer = await world.browser().send('GET', path);
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  return answer.body as unknown as Discovery;
}

/** An authorization request, and what the client keeps of it. PKCE stands in every one: Portico asks for it. */
export interface Asked {
  readonly parameters: Readonly<Record<string, string>>;
  readonly verifier: string;
}

/** Null takes a parameter out. */
export function authorizationRequest(site: Site, changes: Readonly<Record<string, string | null>> = {}): Asked {
  const { verifier, challenge } = newVerifier();
  const all: Record<string, string | null> = {
    client_id: site.id,
    redirect_uri: site.redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: randomBytes(8).toString('hex'),
    nonce: randomBytes(8).toString('hex'),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  return { verifier, parameters: Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null)) };
}

/** Sends a person to the authorization endpoint. */
export async function authorize(person: Person, asked: Asked, step: Step = {}): Promise<Visit> {
  const query = new URLSearchParams(asked.parameters).toString();
  if (step.method === 'POST') return visit(person, OAUTH.authorize, { ...step, fields: asked.parameters });
  return visit(person, `${OAUTH.authorize}?${query}`, step);
}

/** The parameters at the redirect URI; state and issuer are as they have to be (RFC 6749 4.1.2, RFC 9207). */
export function callbackOf(site: Site, asked: Asked, { left, pages, last }: Visit): URLSearchParams {
  assert.ok(left !== null, `the browser came back; seen: ${pages.join(', ')}; last: ${last.status} ${last.text.slice(0, 300)}`);
  assert.equal(left.origin + left.pathname, site.redirectUri);
  assert.equal(left.hash, '', 'no answer in a fragment');
  assert.equal(left.searchParams.get('state'), asked.parameters['state'] ?? null);
  assert.equal(left.searchParams.get('iss'), ISSUER);
  return left.searchParams;
}

/** A code, and nothing that does not belong beside it. */
export function codeOf(site: Site, asked: Asked, visited: Visit): string {
  const answer = callbackOf(site, asked, visited);
  assert.deepEqual([...answer.keys()].sort(), ['code', 'iss', ...(asked.parameters['state'] === undefined ? [] : ['state'])].sort());
  const code = answer.get('code') ?? '';
  assert.ok(code.length * 8 >= 128 && Buffer.byteLength(code) === code.length, 'at least 128 bits');
  return code;
}

/** An error that came back to the client: in plain characters, with a state, and without a code (RFC 6749 4.1.2.1). */
export function errorOf(site: Site, asked: Asked, visited: Visit): string {
  const answer = callbackOf(site, asked, visited);
  const allowed = ['error', 'error_description', 'error_uri', 'iss', 'state'];
  assert.deepEqual(
    [...answer.keys()].filter((name) => !allowed.includes(name)),
    [],
  );
  assert.match(answer.get('error_description') ?? '', /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/);
  return answer.get('error') ?? '';
}

/** The errors by which an OP says that it would have had to show a page (OpenID Connect Core 3.1.2.6). */
export const WANTS_A_PAGE = ['interaction_required', 'login_required', 'account_selection_required', 'consent_required'];

/** A call of the token endpoint, by client_secret_basic unless the fields bring the secret. */
export async function callToken(world: World, site: Site, fields: Readonly<Record<string, string>>): Promise<Answered> {
  const basic: Record<string, string> = 'client_secret' in fields || site.secret === null ? {} : { authorization: basicOf(site) };
  return world.browser().send('POST', OAUTH.token, new URLSearchParams(fields).toString(), {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: undefined,
      'sec-fetch-site': undefined,
      cookie: undefined,
      ...basic,
    },
  });
}

export function codeFields(site: Site, asked: Asked, code: string): Record<string, string> {
  return { grant_type: 'authorization_code', code, redirect_uri: site.redirectUri, code_verifier: asked.verifier };
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly scope: string;
}

/** An answer of the token endpoint that gives tokens: JSON, never cached, a Bearer token with a life (RFC 6749 5.1). */
export function tokensOf(answer: Answered): Tokens {
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  assert.match(String(answer.headers['cache-control']), /no-store/);
  const { body } = answer;
  assert.equal(String(body['token_type']).toLowerCase(), 'bearer');
  assert.match(String(body['access_token']), /^[\x20-\x7E]{20,}$/);
  assert.ok(typeof body['expires_in'] === 'number' && body['expires_in'] > 0 && body['expires_in'] <= 31_536_000);
  if (body['refresh_token'] !== undefined) assert.match(body['refresh_token'] as string, /^[\x20-\x7E]{22,}$/);
  const text = (name: string) => (typeof body[name] === 'string' ? body[name] : '');
  return { accessToken: text('access_token'), refreshToken: text('refresh_token'), idToken: text('id_token'), scope: text('scope') };
}

/** A refusal of the token endpoint: 400, JSON, plain words (RFC 6749 5.2). */
export function tokenErrorOf(answer: Answered): string {
  assert.equal(answer.status, 400, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  assert.match((answer.body['error_description'] ?? '') as string, /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/);
  return String(answer.body.error);
}

/** What may stand in an ID token without being asked for: whoever signed in, when and how, and for whom. Nothing of the profile. */
const UNASKED = ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'azp', 'at_hash', 'nbf', 'jti', 'sid'];

/** The checks that every module makes of every ID token (OpenID Connect Core 2 and 3.1.3.7), with the published keys. */
export async function claimsOfIdToken(
  world: World,
  site: Site,
  idToken: string,
  { nonce, alg = 'ES256' }: { nonce?: string | undefined; alg?: string } = {},
): Promise<JWTPayload> {
  const keys = (await world.browser().send('GET', SYSTEM.jwks)).body as unknown as JSONWebKeySet;
  const { payload, protectedHeader } = await jwtVerify(idToken, createLocalJWKSet(keys), {
    issuer: ISSUER,
    audience: site.id,
    algorithms: [alg],
    currentDate: new Date(world.deps.now()),
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
    clockTolerance: 0,
  });
  assert.equal(typeof protectedHeader.kid, 'string', 'which key');
  assert.ok(payload.sub !== undefined && payload.sub !== '' && payload.sub.length <= 255);
  assert.ok(Math.abs((payload.iat ?? 0) * 1000 - world.deps.now()) < 60_000, 'just made');
  assert.equal(payload['nonce'], nonce);
  assert.deepEqual(
    Object.keys(payload).filter((name) => !UNASKED.includes(name)),
    [],
    'a name, an address and the like come from the user info',
  );
  return payload;
}

export interface SignedIn {
  readonly asked: Asked;
  readonly visited: Visit;
  readonly code: string;
  readonly tokens: Tokens;
  readonly claims: JWTPayload;
}

/** The whole way: a request, a person who says yes, a code, tokens, a good ID token, and user info that opens. */
export async function signInAt(
  person: Person,
  site: Site,
  changes: Readonly<Record<string, string | null>> = {},
  { step = {}, alg = 'ES256' }: { step?: Step; alg?: string } = {},
): Promise<SignedIn> {
  const { world } = person;
  const asked = authorizationRequest(site, changes);
  const visited = await authorize(person, asked, step);
  const code = codeOf(site, asked, visited);
  const tokens = tokensOf(await callToken(world, site, codeFields(site, asked, code)));
  const claims = await claimsOfIdToken(world, site, tokens.idToken, { nonce: asked.parameters['nonce'], alg });
  const info = await userInfo(world, tokens.accessToken);
  assert.equal(info.status, 200, info.text);
  assert.equal(info.body['sub'], claims.sub);
  return { asked, visited, code, tokens, claims };
}

/** The user info endpoint; a token in the header unless a form is given. */
export async function userInfo(
  world: World,
  accessToken: string,
  { method = 'GET', inBody = false }: { method?: 'GET' | 'POST'; inBody?: boolean } = {},
): Promise<Answered> {
  const headers = { origin: undefined, 'sec-fetch-site': undefined, cookie: undefined };
  if (!inBody)
    return world.browser().send(method, OAUTH.userinfo, undefined, { headers: { ...headers, authorization: `Bearer ${accessToken}` } });
  return world.browser().send('POST', OAUTH.userinfo, new URLSearchParams({ access_token: accessToken }).toString(), {
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
  });
}

/** Standard claims have the types that OpenID Connect Core 5.1 gives them; `sub` is always there. */
export function standardClaims(answer: Answered): Readonly<Record<string, unknown>> {
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  const { body } = answer;
  assert.ok(typeof body['sub'] === 'string' && body['sub'] !== '');
  for (const name of ['name', 'email', 'preferred_username', 'picture', 'locale', 'zoneinfo'])
    if (body[name] !== undefined) assert.ok(typeof body[name] === 'string' && body[name] !== '', name);
  if (body['email_verified'] !== undefined) assert.equal(typeof body['email_verified'], 'boolean');
  if (body['updated_at'] !== undefined) assert.ok(Number.isInteger(body['updated_at']));
  return body;
}
