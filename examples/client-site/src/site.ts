import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createVerifier, PorticoError, type RevocationMode, type VerifiedUser } from '@portico/server';
import * as oauth from 'openid-client';
import { createCookies } from './cookies.ts';

export interface SiteOptions {
  /** Portico. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of a site whose tokens are HS256. */
  readonly jwtSecret?: string;
  /** Where the site is; `/callback` below it is its redirect URI, `/backchannel-logout` where logouts are sent. */
  readonly baseUrl: string;
  readonly revocation?: RevocationMode;
  readonly fetch?: typeof fetch;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly location?: string;
  readonly cookies?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

type Tokens = oauth.TokenEndpointResponse & oauth.TokenEndpointResponseHelpers;

/** A site with a backend of its own: it keeps the user's tokens in its own cookies, and never sees a password. */
export function createSite(options: SiteOptions): { readonly server: Server; readonly ready: Promise<void> } {
  const { issuer, clientId, clientSecret, baseUrl } = options;
  const cookies = createCookies(baseUrl, clientId);
  const verifier = createVerifier({ ...options, audience: clientId });
  // Of sessions that ended here by a back-channel logout: when. The stream says the same; this also serves a site without one.
  const endedAt = new Map<string, number>();
  const refreshing = new Map<string, Promise<Tokens>>();
  let discovered: Promise<oauth.Configuration> | null = null;

  const provider = () => {
    discovered ??= oauth
      .discovery(new URL(issuer), clientId, undefined, oauth.ClientSecretBasic(clientSecret), {
        ...(issuer.startsWith('http:') ? { execute: [oauth.allowInsecureRequests] } : {}),
        ...(options.fetch === undefined ? {} : { [oauth.customFetch]: options.fetch as oauth.CustomFetch }),
      })
      .catch((cause: unknown) => {
        // The next request tries again.
        discovered = null;
        throw cause;
      });
    return discovered;
  };

  async function login(url: URL): Promise<Reply> {
    const [verifierOfCode, state, nonce] = [oauth.randomPKCECodeVerifier(), oauth.randomState(), oauth.randomNonce()];
    const prompt = url.searchParams.get('prompt');
    const to = oauth.buildAuthorizationUrl(await provider(), {
      redirect_uri: `${baseUrl}/callback`,
      scope: 'openid profile email offline_access',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifierOfCode),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(prompt === null ? {} : { prompt }),
    });
    return { status: 302, location: to.href, cookies: [cookies.line('tx', `${verifierOfCode}.${state}.${nonce}`, 600)] };
  }

  async function callback(request: IncomingMessage, url: URL): Promise<Reply> {
    const [pkceCodeVerifier, expectedState, expectedNonce] = cookies.read(request, 'tx')?.split('.') ?? [];
    // Without the cookie somebody else began this sign-in: it would put a stranger's account into this browser.
    if (pkceCodeVerifier === undefined || expectedState === undefined || expectedNonce === undefined)
      return { status: 400, body: { error: 'no_transaction' } };
    const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
    const tokens = await oauth.authorizationCodeGrant(await provider(), new URL(`${baseUrl}/callback${url.search}`), checks);
    return { status: 302, location: '/', cookies: [...kept(tokens), cookies.line('tx')] };
  }

  const kept = (tokens: Tokens): string[] => [
    cookies.line('at', tokens.access_token),
    ...(tokens.refresh_token === undefined ? [] : [cookies.line('rt', tokens.refresh_token)]),
    ...(tokens.id_token === undefined ? [] : [cookies.line('id', tokens.id_token)]),
  ];
  const forgotten = () => ['at', 'rt', 'id'].map((name) => cookies.line(name));

  /** One request for each token, however many pages ask at once. */
  const refresh = (token: string): Promise<Tokens> => {
    const asked =
      refreshing.get(token) ??
      provider()
        .then((config) => oauth.refreshTokenGrant(config, token))
        .finally(() => refreshing.delete(token));
    refreshing.set(token, asked);
    return asked;
  };

  async function verified(token: string): Promise<VerifiedUser> {
    const user = await verifier.verify(token);
    if (user.sid !== null && Number(user.claims.iat) <= (endedAt.get(user.sid) ?? 0)) throw new PorticoError('token_revoked');
    return user;
  }

  /** Who asks; an expired or revoked token is renewed once, and only Portico's own "no" ends the sign-in here. */
  async function signedIn(request: IncomingMessage): Promise<{ user: VerifiedUser; set: readonly string[] }> {
    try {
      return { user: await verified(cookies.read(request, 'at') ?? ''), set: [] };
    } catch (error) {
      const token = cookies.read(request, 'rt');
      if (!(error instanceof PorticoError) || error.status !== 401 || token === undefined) throw error;
      const tokens = await refresh(token);
      return { user: await verified(tokens.access_token), set: kept(tokens) };
    }
  }

  async function me(request: IncomingMessage): Promise<Reply> {
    const { user, set } = await signedIn(request);
    return { status: 200, body: { id: user.id, sid: user.sid, roles: user.roles, scope: user.scope }, cookies: set };
  }

  async function logout(request: IncomingMessage): Promise<Reply> {
    // Another site's page must not sign anybody out. Old browsers say nothing; the cookies are SameSite=Lax.
    if ((request.headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin') return { status: 403, body: { error: 'foreign_page' } };
    const hint = cookies.read(request, 'id');
    const to = oauth.buildEndSessionUrl(await provider(), {
      post_logout_redirect_uri: `${baseUrl}/`,
      client_id: clientId,
      ...(hint === undefined ? {} : { id_token_hint: hint }),
    });
    return { status: 303, location: to.href, cookies: forgotten() };
  }

  async function backChannelLogout(request: IncomingMessage): Promise<Reply> {
    try {
      const { sid, issuedAt } = await verifier.readLogout(new URLSearchParams(await bodyOf(request)).get('logout_token') ?? '');
      if (sid !== null) endedAt.set(sid, issuedAt);
      return { status: 200 };
    } catch (error) {
      if (!(error instanceof PorticoError) || error.status >= 500) throw error;
      return { status: 400, body: { error: 'invalid_request' } };
    }
  }

  async function answer(request: IncomingMessage): Promise<Reply> {
    const url = new URL(request.url ?? '/', baseUrl);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /':
        return { status: 200, body: { site: clientId, signIn: '/login', signedIn: '/me' } };
      case 'GET /login':
        return login(url);
      case 'GET /callback':
        return callback(request, url);
      case 'GET /me':
        return me(request);
      case 'POST /logout':
        return logout(request);
      case 'POST /backchannel-logout':
        return backChannelLogout(request);
      default:
        return { status: 404, body: { error: 'not_found' } };
    }
  }

  /** Trouble is 503, and leaves the cookies where they are. */
  function refusal(error: unknown): Reply {
    if (error instanceof PorticoError) return { status: error.status, body: error.body, headers: error.headers };
    if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant')
      return { status: 401, body: { error: 'signed_out' }, cookies: forgotten() };
    if (error instanceof oauth.AuthorizationResponseError) return { status: 400, body: { error: error.error } };
    if (error instanceof oauth.ClientError) return { status: 400, body: { error: 'sign_in_failed' } };
    return { status: 503, body: { error: 'unavailable' } };
  }

  const server = createServer((request, response) => {
    void answer(request)
      .catch(refusal)
      .then((reply) => send(response, reply));
  });
  server.on('close', () => verifier.close());
  return { server, ready: verifier.ready };
}

function send(response: ServerResponse, { status, body, location, cookies = [], headers = {} }: Reply): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
    ...(location === undefined ? {} : { location }),
    ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
  });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += piece;
    if (text.length > 65_536) throw new Error('too much');
  }
  return text;
}
