import { createHash, randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Config } from '../src/config.ts';
import { createNetwork, type Network } from '../src/platform/network.ts';
import type { Answered, Browser } from './browser.ts';
import { allTables } from './schema.ts';
import type { World } from './world.ts';

/** Somebody who has an account at a provider. */
export interface Person {
  readonly subject: string;
  readonly email: string | null;
  /** As the provider says it: only the boolean true is a yes. */
  readonly verified?: unknown;
  readonly login?: string;
}

/** The four providers in memory, as strict as they are: codes work once, PKCE, redirect address and secret are checked. Each may be spoiled. */
export interface FakeProviders {
  readonly access: Config['providers'];
  readonly network: Network;
  /** Every call, as `POST https://…`. */
  readonly calls: string[];
  /** Every token that was handed out. */
  readonly tokens: string[];
  readonly revoked: string[];
  /** Answers instead of the provider; undefined lets it answer. */
  spoil: (url: string, init: RequestInit) => Response | undefined | Promise<Response | undefined>;
  /** Changes an ID token before it is signed. */
  alter: (claims: JWTPayload) => JWTPayload;
  /** The person says yes on the provider's page; what the browser then brings back. */
  consent(oAuthUrl: string, person: Person): Record<string, string>;
  honest(): void;
}

export const PROVIDER_NAMES = ['github', 'discord', 'gitlab', 'google'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

const access = (name: string, addresses: object) => ({ clientId: `${name}-client`, clientSecret: `${name}-secret`, addresses });
const ISSUERS: Readonly<Record<string, string>> = {
  'gitlab.com': 'https://gitlab.com',
  'accounts.google.com': 'https://accounts.google.com',
};

interface Grant {
  readonly person: Person;
  readonly asked: URLSearchParams;
}

export async function fakeProviders(options: { callWithin?: number; flowWithin?: number } = {}): Promise<FakeProviders> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const stranger = (await generateKeyPair('RS256')).privateKey;
  const codes = new Map<string, Grant>();
  const granted = new Map<string, Person>();
  const json = (body: unknown, status = 200) => Response.json(body, { status });

  async function token(url: URL, init: RequestInit): Promise<Response> {
    const sent = new URLSearchParams(bodyOf(init));
    const grant = codes.get(sent.get('code') ?? '');
    codes.delete(sent.get('code') ?? '');
    const fits =
      grant !== undefined &&
      sent.get('redirect_uri') === grant.asked.get('redirect_uri') &&
      sent.get('client_secret') === `${grant.asked.get('client_id')?.replace('-client', '')}-secret` &&
      createHash('sha256')
        .update(sent.get('code_verifier') ?? '')
        .digest('base64url') === grant.asked.get('code_challenge');
    // GitHub refuses with status 200.
    if (!fits) return json({ error: 'bad_verification_code' }, url.hostname === 'github.com' ? 200 : 400);
    return json({ ...issue(grant.person), ...(await idToken(url.hostname, grant)) });
  }

  function issue(person: Person): object {
    const [access, refresh] = [`at_${randomBytes(12).toString('hex')}`, `rt_${randomBytes(12).toString('hex')}`];
    fake.tokens.push(access, refresh);
    granted.set(access, person);
    return { access_token: access, refresh_token: refresh, token_type: 'bearer', expires_in: 7200, scope: 'any' };
  }

  async function idToken(host: string, { person, asked }: Grant): Promise<object> {
    const issuer = ISSUERS[host];
    if (issuer === undefined) return {};
    const claims = fake.alter({ iss: issuer, aud: asked.get('client_id') ?? '', nonce: asked.get('nonce') ?? '', ...claimsOf(person) });
    const key = claims['signedByAStranger'] === true ? stranger : privateKey;
    const signed = new SignJWT({ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 600, ...claims });
    return { id_token: await signed.setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(key) };
  }

  const claimsOf = ({ subject, email, verified = true, login }: Person) => ({
    sub: subject,
    name: login ?? 'Ada Lovelace',
    preferred_username: login ?? 'ada',
    ...(email === null ? {} : { email, email_verified: verified }),
  });

  function api(url: URL, person: Person): Response {
    const { subject, email, verified = true, login = 'ada' } = person;
    switch (url.hostname + url.pathname) {
      case 'api.github.com/user':
        // What anybody may write there themselves.
        return json({ id: Number(subject), login, name: 'Ada Lovelace', email: 'public@example.com' });
      case 'api.github.com/user/emails':
        return json([
          { email: 'other@example.com', primary: false, verified: true },
          ...(email === null ? [] : [{ email, primary: true, verified }]),
        ]);
      case 'discord.com/api/v10/users/@me':
        return json({ id: subject, username: login, global_name: 'Ada Lovelace', email, verified });
      default:
        return json(claimsOf(person));
    }
  }

  async function answer(url: URL, init: RequestInit): Promise<Response> {
    const path = url.pathname;
    if (path.endsWith('/.well-known/openid-configuration')) {
      const base = url.origin;
      return json({
        issuer: base,
        authorization_endpoint: `${base}/oauth/authorize`,
        token_endpoint: `${base}/oauth/token`,
        userinfo_endpoint: `${base}/oauth/userinfo`,
        revocation_endpoint: `${base}/oauth/revoke`,
        jwks_uri: `${base}/oauth/keys`,
        id_token_signing_alg_values_supported: ['RS256'],
      });
    }
    if (path === '/oauth/keys') return json({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] });
    if (path.endsWith('/revoke')) {
      fake.revoked.push(new URLSearchParams(bodyOf(init)).get('token') ?? '');
      return new Response(null, { status: 200 });
    }
    if (path.startsWith('/applications/')) {
      fake.revoked.push((JSON.parse(bodyOf(init)) as { access_token: string }).access_token);
      return new Response(null, { status: 204 });
    }
    if (init.method === 'POST') return token(url, init);
    const person = granted.get((new Headers(init.headers).get('authorization') ?? '').replace(/^Bearer /i, ''));
    return person === undefined ? json({ message: 'Bad credentials' }, 401) : api(url, person);
  }

  const fake: FakeProviders = {
    access: {
      github: access('github', { URL: 'https://github.com', API_URL: '' }),
      discord: access('discord', { URL: 'https://discord.com', API_URL: 'https://discord.com/api/v10' }),
      gitlab: access('gitlab', { URL: 'https://gitlab.com' }),
      google: access('google', { ISSUER: 'https://accounts.google.com' }),
    },
    network: createNetwork({
      ...options,
      fetch: async (input, init = {}) => {
        const url = input instanceof Request ? input.url : input.toString();
        fake.calls.push(`${init.method ?? 'GET'} ${url}`);
        const spoiled = await Promise.race([fake.spoil(url, init), aborted(init.signal)]);
        return spoiled ?? answer(new URL(url), init);
      },
    }),
    calls: [],
    tokens: [],
    revoked: [],
    spoil: () => undefined,
    alter: (claims) => claims,
    consent: (oAuthUrl, person) => {
      const asked = new URL(oAuthUrl).searchParams;
      const code = randomBytes(12).toString('hex');
      codes.set(code, { person, asked });
      return { code, state: asked.get('state') ?? '' };
    },
    honest: () => {
      fake.spoil = () => undefined;
      fake.alter = (claims) => claims;
    },
  };
  return fake;
}

function bodyOf({ body }: RequestInit): string {
  return body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : '';
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
}

/** Seed 001 as our page walks it: asks for the address, comes back, posts what came. */
export async function byPage(
  fake: FakeProviders,
  browser: Browser,
  authProvider: string,
  person: Person,
  query: Record<string, string> = {},
): Promise<Answered> {
  const begun = await browser.call('oAuthUrl', undefined, { params: { authProvider }, query });
  if (begun.status !== 200) return begun;
  const { code = '', state = '' } = fake.consent(String(begun.body['oAuthUrl']), person);
  return browser.call('signIn', { tokenExchangeCode: code, csrfState: state }, { params: { authProvider } });
}

/** Seed 000: two redirects; answers the second. */
export async function byRedirect(
  fake: FakeProviders,
  browser: Browser,
  authProvider: string,
  person: Person,
  query: Record<string, string> = {},
): Promise<Answered> {
  const begun = await browser.call('providerStart', undefined, { params: { authProvider }, query });
  if (begun.status !== 302) return begun;
  const back = fake.consent(String(begun.headers['location']), person);
  return browser.call('providerCallback', undefined, { params: { authProvider }, query: back });
}

/** Every row of every table but the counters of tries, which count what was refused too. */
export async function everyRow(world: World): Promise<string> {
  const tables = allTables().filter((table) => table !== 'counters');
  return JSON.stringify(
    await Promise.all(tables.map(async (table) => [table, await world.deps.db.all(`select * from ${table} order by 1, 2`)])),
  );
}

/** The provider's page for this browser. */
export async function beginPage(browser: Browser, authProvider: string, query: Record<string, string> = {}): Promise<string> {
  const begun = await browser.call('oAuthUrl', undefined, { params: { authProvider }, query });
  return String(begun.body['oAuthUrl']);
}

/** What our page posts. */
export function bring(
  browser: Browser,
  authProvider: string,
  { code = '', state = '', ...rest }: Record<string, string>,
): Promise<Answered> {
  const iss = rest['iss'];
  const body = { tokenExchangeCode: code, csrfState: state, ...(iss === undefined ? {} : { iss }) };
  return browser.call('signIn', body, { params: { authProvider } });
}
