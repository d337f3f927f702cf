import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { sendResponse, toRequest } from '@portico/server/node-http';
import {
  createSecondary as createKit,
  type SecondaryOptions as KitOptions,
  type SignIn,
  type SignOutWish,
} from '@portico/server/secondary';

/** A game with an auth server of its own: it takes over a sign-in of Portico, and has sessions, cookies and CSRF tokens of its own. */

export interface SecondaryOptions extends Omit<KitOptions, 'onSignIn'> {
  /** Where the page asks for tickets. */
  readonly authOrigin: string;
}

interface OwnSession {
  readonly signIn: SignIn;
  readonly csrfToken: string;
  points: number;
}

const PAGE = join(import.meta.dirname, '..', 'page');
const page = (name: string) => readFileSync(join(PAGE, name), 'utf8');
const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url');
const random = () => randomBytes(32).toString('base64url');
const json = (body: object, status = 200, headers: Record<string, string> = {}) => Response.json(body, { status, headers });

export function createSecondary({ authOrigin, ...options }: SecondaryOptions): Server {
  const sessions = new Map<string, OwnSession>();
  const secure = options.baseUrl.startsWith('https:');
  const name = `${secure ? '__Host-' : ''}secondary_session`;
  const cookie = (value: string, maxAge: number | null) =>
    `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${maxAge === null ? '' : `; Max-Age=${maxAge}`}${secure ? '; Secure' : ''}`;
  const keyOf = ({ headers }: Request) => {
    const pairs = (headers.get('cookie') ?? '').split('; ').map((pair) => pair.split('=', 2));
    return hashOf(pairs.find(([key]) => key === name)?.[1] ?? '');
  };

  const kit = createKit({
    ...options,
    onSignIn: (signIn, request) => {
      const before = sessions.get(keyOf(request));
      sessions.delete(keyOf(request));
      const [id, csrfToken] = [random(), random()];
      const points = before?.signIn.user.id === signIn.user.id ? before.points : 0;
      sessions.set(hashOf(id), { signIn, csrfToken, points });
      const maxAge = signIn.keep ? Math.max(1, Math.floor((signIn.expiresAt - Date.now()) / 1000)) : null;
      return json({ user: signIn.user, csrfToken }, 200, { 'set-cookie': cookie(id, maxAge) });
    },
  });

  /** Null: nobody is signed in here, or Portico says that the sign-in is over. */
  async function sessionOf(request: Request): Promise<OwnSession | null> {
    const session = sessions.get(keyOf(request)) ?? null;
    if (session === null || (await kit.isAlive(session.signIn.sid))) return session;
    sessions.delete(keyOf(request));
    return null;
  }

  async function me(request: Request): Promise<Response> {
    const session = await sessionOf(request);
    if (session === null) return json({ error: 'signed_out' }, 401);
    const { user, expiresAt } = session.signIn;
    return json({ user, csrfToken: session.csrfToken, points: session.points, expiresAt });
  }

  /** What changes something: from this server's own page, and with the token of this session. */
  async function change(request: Request, act: (session: OwnSession) => Promise<Response> | Response): Promise<Response> {
    const session = await sessionOf(request);
    if (session === null) return json({ error: 'signed_out' }, 401);
    const [given, own] = [request.headers.get('x-csrf-token') ?? '', session.csrfToken].map((text) => Buffer.from(hashOf(text)));
    if (!kit.mayUseCookies(request) || given === undefined || own === undefined || !timingSafeEqual(given, own))
      return json({ error: 'csrf_failed' }, 403);
    return act(session);
  }

  const score = (session: OwnSession) => json({ points: ++session.points });
  /** Signed out of one is signed out of all; with `local` of this server alone, with `everywhere` on all devices. */
  const logout = (request: Request) => async (session: OwnSession) => {
    const { local = false, everywhere = false } = (await request.json()) as SignOutWish;
    await kit.signOut(session.signIn.refreshToken, { local, everywhere });
    sessions.delete(keyOf(request));
    return new Response(null, { status: 204, headers: { 'set-cookie': cookie('', 0) } });
  };

  async function answer(request: Request): Promise<Response> {
    const own = await kit.handle(request);
    if (own !== null) return own;
    switch (`${request.method} ${new URL(request.url).pathname}`) {
      case 'GET /':
        return new Response(page('index.html'), { headers: { 'content-type': 'text/html; charset=utf-8' } });
      case 'GET /page.js':
        return new Response(page('page.js'), { headers: { 'content-type': 'text/javascript; charset=utf-8' } });
      case 'GET /me':
        return me(request);
      case 'POST /score':
        return change(request, score);
      case 'POST /logout':
        return change(request, logout(request));
      default:
        return json({ error: 'not_found' }, 404);
    }
  }

  const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ${authOrigin}; base-uri 'none'; frame-ancestors 'none'`;
  return createServer((incoming, outgoing) => {
    const request = toRequest(incoming, kit.origin) ?? new Request(kit.origin);
    outgoing.setHeader('cache-control', 'no-store');
    outgoing.setHeader('x-content-type-options', 'nosniff');
    outgoing.setHeader('content-security-policy', policy);
    answer(request)
      // Trouble is no sign-out: the cookie stays.
      .catch(kit.refused)
      .then((response) => sendResponse(response, outgoing))
      .catch(() => outgoing.destroy());
  });
}
