import { OAUTH, SECONDARY_PATHS, SITE_PREFIX, SSO } from '@portico/protocol/routes';
import type { SiteUser } from '@portico/protocol/tokens';
import { createBackend } from '../backend.ts';
import { createRedemption, landing, readCallback } from '../callback.ts';
import { type KitOptions, readKitOptions } from '../kit-options.ts';
import { createOwnCookies } from '../own-cookies.ts';
import { isOwnPage, mayUseCookies } from '../own-page.ts';
import { readFields } from '../read-body.ts';
import { refused, refusedPage, SiteRefusal } from '../refusals.ts';
import { reply } from '../replies.ts';
import { safeReturnTo } from '../return-to.ts';
import { createTransactions } from '../transactions.ts';
import { createAliveQuestion } from './alive.ts';

/** A sign-in that was taken over. Times in epoch milliseconds. */
export interface SignIn {
  readonly user: SiteUser;
  readonly sid: string;
  /** When it ends at Portico, whatever is done in it: no session of yours should outlive it. */
  readonly expiresAt: number;
  /** False: the user did not tick "keep me signed in". Then a session of yours ends with the browser: its cookie has no Max-Age. */
  readonly keep: boolean;
  /** What signs out there. It never leaves this server. */
  readonly refreshToken: string;
}

export interface SecondaryOptions extends KitOptions {
  /** Opens a session of this server's own, as its own sign-in does: a new id, whatever the browser had before. The answer brings its cookies. */
  readonly onSignIn: (signIn: SignIn, request: Request) => Response | Promise<Response>;
}

export interface SignOutWish {
  readonly everywhere?: boolean;
  /** This server alone. */
  readonly local?: boolean;
}

/** An auth server that takes over the sign-ins of Portico, and has sessions of its own. */
export interface Secondary {
  readonly origin: string;
  /** The answer to a request below `SITE_PREFIX`; null: the request is none of these. */
  handle(request: Request): Promise<Response | null>;
  /** Whether the sign-in goes on at Portico, as of a second ago. Throws when that cannot be known; `refused` makes the answer of it. */
  isAlive(sid: string): Promise<boolean>;
  /** Throws when Portico cannot be told: then it did not happen, and must not look as if it had. */
  signOut(refreshToken: string, wish?: SignOutWish): Promise<void>;
  /** CSRF: whether this request's cookies may speak for it. */
  mayUseCookies(request: Request): boolean;
  refused(error: unknown): Response;
}

const path = (name: keyof typeof SECONDARY_PATHS) => SITE_PREFIX + SECONDARY_PATHS[name];

/** Throws TypeError for options that make no sense. */
export function createSecondary({ onSignIn, ...options }: SecondaryOptions): Secondary {
  const { settings, origin, clientId } = readKitOptions(options);
  const { now } = settings;
  const backend = createBackend(settings);
  const transactions = createTransactions(createOwnCookies(origin, clientId), now);
  const redeemCode = createRedemption<SignIn>(backend, origin + path('callback'), now);

  /** The verifier stays in a cookie that no script reads: only this browser can use a ticket that is asked for with its challenge. */
  async function begin(request: Request): Promise<Response> {
    const { returnTo } = await readFields(request);
    const ticketUrl = new URL((await backend.authorizeUrl()).replace(OAUTH.authorize, SSO.ticket));
    const { begun, challenge, cookies } = transactions.begin(request.headers, safeReturnTo(returnTo, origin));
    ticketUrl.searchParams.set('code_challenge', challenge);
    return reply(200, { body: { state: begun.state, ticketUrl: ticketUrl.href }, cookies });
  }

  async function signIn(request: Request): Promise<Response> {
    const { ticket, state } = await readFields(request);
    if (typeof ticket !== 'string' || typeof state !== 'string') throw new SiteRefusal('invalid_fields');
    // Login CSRF: a ticket that somebody else asked for, planted in this browser, has another verifier or none.
    const transaction = transactions.find(request.headers, state);
    if (transaction === null) throw new SiteRefusal('request_expired');
    const said = await backend.call('redeemTicket', { ticket, codeVerifier: transaction.verifier });
    if (said.kind === 'refused') throw new SiteRefusal('ticket_refused');
    const opened = await onSignIn(said.body as unknown as SignIn, request);
    return withCookies(opened, opened.headers.getSetCookie(), transactions.end(state));
  }

  /** The same sign-in by a top-level redirect, where no ticket was given. */
  async function comeBack(request: Request): Promise<Response> {
    const back = readCallback(request, transactions, settings.issuer);
    const location = landing(origin, back);
    const over = transactions.end(back.transaction.state);
    if (back.kind === 'error') return reply(302, { location, cookies: [over] });
    const found = await redeemCode(back.code, back.transaction);
    if (found === null) throw new SiteRefusal('grant_refused');
    const opened = await onSignIn(found, request);
    // What it refuses, such as somebody who may not come here, is its own answer.
    if (!opened.ok) return withCookies(opened, opened.headers.getSetCookie(), over);
    return reply(302, { location, cookies: [...opened.headers.getSetCookie(), over] });
  }

  const posts = new Map([
    [path('begin'), begin],
    [path('signIn'), signIn],
  ]);
  return {
    origin,
    handle: async (request) => {
      const { pathname } = new URL(request.url);
      if (request.method === 'GET' && pathname === path('callback'))
        return comeBack(request).catch((error: unknown) => refusedPage(error, '/'));
      const act = posts.get(pathname);
      if (act === undefined) return null;
      if (request.method !== 'POST') return refused(new SiteRefusal('method_not_allowed'));
      if (!isOwnPage(request.headers, origin)) return refused(new SiteRefusal('origin_refused'));
      return act(request).catch(refused);
    },
    isAlive: createAliveQuestion(backend, now),
    signOut: async (refreshToken, { everywhere = false, local = false } = {}) => {
      const said = await backend.call('signOut', { refreshToken, everywhere, local });
      if (said.kind === 'refused') throw new SiteRefusal('invalid_fields');
    },
    mayUseCookies: (request) => mayUseCookies(request, origin),
    refused,
  };
}

function withCookies({ body, status, headers: given }: Response, lines: readonly string[], over: string): Response {
  const headers = new Headers(given);
  headers.delete('set-cookie');
  for (const line of [...lines, over]) headers.append('set-cookie', line);
  headers.set('cache-control', 'no-store');
  return new Response(body, { status, headers });
}
