import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createMainServer, type MainServerOptions, type SignIn } from './main-server.ts';

/** A secondary auth server: it takes over a sign-in of the main one, and has sessions, cookies and CSRF tokens of its own. */

export interface SecondaryOptions extends MainServerOptions {
  /** Where browsers find this server; `/callback` below it is its redirect URI. */
  readonly baseUrl: string;
  /** Where browsers find the main server. */
  readonly authOrigin: string;
}

interface OwnSession {
  readonly signIn: SignIn;
  readonly csrfToken: string;
  points: number;
  checkedAt: number;
}

interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly text?: string;
  readonly type?: string;
  readonly location?: string;
  readonly cookies?: readonly string[];
}

/** The main server is asked about a session again after this long, in milliseconds. */
const CHECK_AFTER = 1000;
const PAGE = join(import.meta.dirname, '..', 'page');
const CLOSED: Reply = { status: 401, body: { error: 'signed_out' } };

export function createSecondary(options: SecondaryOptions): Server {
  const main = createMainServer(options);
  const sessions = new Map<string, OwnSession>();
  const secure = options.baseUrl.startsWith('https:');
  const cookieName = (name: string) => `${secure ? '__Host-' : ''}secondary_${name}`;
  const cookie = (name: string, value: string, maxAge: number) =>
    `${cookieName(name)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${secure ? '; Secure' : ''}`;
  const readCookie = (request: IncomingMessage, name: string): string => {
    const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('=', 2));
    return pairs.find(([key]) => key === cookieName(name))?.[1] ?? '';
  };

  /** The verifier stays in a cookie that no script reads: only this browser can use a ticket that is asked for with its challenge. */
  function begin(): Reply {
    const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(16).toString('base64url')];
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return { status: 200, body: { challenge, state }, cookies: [cookie('tx', `${verifier}.${state}`, 600)] };
  }

  async function login(request: IncomingMessage): Promise<Reply> {
    const [verifier = ''] = readCookie(request, 'tx').split('.');
    const { ticket } = await jsonOf(request);
    // Login CSRF: a ticket that somebody else asked for, planted in this browser, has another verifier or none.
    if (verifier === '' || typeof ticket !== 'string') return { status: 400, body: { error: 'no_transaction' } };
    const signIn = await main.redeemTicket(ticket, verifier);
    return signIn === null ? { status: 400, body: { error: 'ticket_refused' } } : opened(request, signIn);
  }

  /** The same sign-in by a top-level redirect, where no ticket was given. */
  async function callback(request: IncomingMessage, url: URL): Promise<Reply> {
    const [verifier = '', state = ''] = readCookie(request, 'tx').split('.');
    if (verifier === '' || !same(state, url.searchParams.get('state') ?? '')) return { status: 400, body: { error: 'no_transaction' } };
    const signIn = await main.redeemCode(url.searchParams.get('code') ?? '', verifier, `${options.baseUrl}/callback`);
    if (signIn === null) return { status: 400, body: { error: 'sign_in_failed' } };
    return { ...opened(request, signIn), status: 302, location: '/' };
  }

  /** Its own full sign-in: a new session id, whatever the browser had before, and a CSRF token for it. */
  function opened(request: IncomingMessage, signIn: SignIn): Reply {
    sessions.delete(hashOf(readCookie(request, 'session')));
    const id = randomBytes(32).toString('base64url');
    const csrfToken = randomBytes(32).toString('base64url');
    sessions.set(hashOf(id), { signIn, csrfToken, points: 0, checkedAt: Date.now() });
    const maxAge = Math.max(1, Math.floor((signIn.expiresAt - Date.now()) / 1000));
    return { status: 200, body: { user: signIn.user, csrfToken }, cookies: [cookie('session', id, maxAge), cookie('tx', '', 0)] };
  }

  /** Null: nobody is signed in here, or the main server says that the sign-in is over. Throws when it cannot be asked. */
  async function sessionOf(request: IncomingMessage): Promise<OwnSession | null> {
    const key = hashOf(readCookie(request, 'session'));
    const session = sessions.get(key);
    if (session === undefined) return null;
    if (Date.now() - session.checkedAt > CHECK_AFTER) {
      if (!(await main.isAlive(session.signIn.sid))) {
        sessions.delete(key);
        return null;
      }
      session.checkedAt = Date.now();
    }
    return session;
  }

  async function me(request: IncomingMessage): Promise<Reply> {
    const session = await sessionOf(request);
    if (session === null) return CLOSED;
    return { status: 200, body: { user: session.signIn.user, csrfToken: session.csrfToken, points: session.points } };
  }

  /** Something that changes: only with the token of this session. */
  async function score(request: IncomingMessage): Promise<Reply> {
    const session = await sessionOf(request);
    if (session === null) return CLOSED;
    if (!hasCsrfToken(request, session)) return { status: 403, body: { error: 'csrf_failed' } };
    session.points += 1;
    return { status: 200, body: { points: session.points } };
  }

  /** Signed out of one is signed out of all; with `local` of this server alone. */
  async function logout(request: IncomingMessage): Promise<Reply> {
    const key = hashOf(readCookie(request, 'session'));
    const session = sessions.get(key);
    if (session !== undefined) {
      if (!hasCsrfToken(request, session)) return { status: 403, body: { error: 'csrf_failed' } };
      const { local } = await jsonOf(request);
      await main.signOut(session.signIn.refreshToken, local === true);
      sessions.delete(key);
    }
    return { status: 204, cookies: [cookie('session', '', 0)] };
  }

  async function answer(request: IncomingMessage): Promise<Reply> {
    const url = new URL(request.url ?? '/', options.baseUrl);
    if (request.method === 'POST') {
      if (!isOwnPage(request, options.baseUrl)) return { status: 403, body: { error: 'foreign_page' } };
      const act = { '/login/begin': begin, '/login': login, '/score': score, '/logout': logout }[url.pathname];
      return act === undefined ? { status: 404 } : act(request);
    }
    switch (url.pathname) {
      case '/':
        return { status: 200, type: 'text/html; charset=utf-8', text: page('index.html').replace('AUTH_ORIGIN', options.authOrigin) };
      case '/page.js':
        return { status: 200, type: 'text/javascript; charset=utf-8', text: page('page.js') };
      case '/callback':
        return callback(request, url);
      case '/me':
        return me(request);
      default:
        return { status: 404, body: { error: 'not_found' } };
    }
  }

  const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ${options.authOrigin}; base-uri 'none'; frame-ancestors 'none'`;
  return createServer((request, response) => {
    void answer(request)
      // Trouble is no sign-out: the cookie stays.
      .catch((): Reply => ({ status: 503, body: { error: 'unavailable' } }))
      .then((reply) => send(response, reply, policy));
  });
}

/** No other page can send this request: fetch metadata where there is any, the exact origin where not, and JSON, which no form sends. */
function isOwnPage({ headers }: IncomingMessage, baseUrl: string): boolean {
  const own = headers['sec-fetch-site'] === undefined ? headers.origin === baseUrl : headers['sec-fetch-site'] === 'same-origin';
  return own && headers['content-type'] === 'application/json';
}

function hasCsrfToken({ headers }: IncomingMessage, session: OwnSession): boolean {
  return same(String(headers['x-csrf-token'] ?? ''), session.csrfToken);
}

function same(a: string, b: string): boolean {
  return a !== '' && timingSafeEqual(Buffer.from(hashOf(a)), Buffer.from(hashOf(b)));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function page(name: string): string {
  return readFileSync(join(PAGE, name), 'utf8');
}

async function jsonOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += piece;
    if (text.length > 16_384) throw new Error('too much');
  }
  return JSON.parse(text === '' ? '{}' : text) as Readonly<Record<string, unknown>>;
}

function send(response: ServerResponse, { status, body, text, type, location, cookies = [] }: Reply, policy: string): void {
  response.writeHead(status, {
    'content-type': type ?? 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': policy,
    ...(location === undefined ? {} : { location }),
    ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
  });
  response.end(text ?? (body === undefined ? '' : JSON.stringify(body)));
}
