import type { RefreshAnswer } from '@portico/protocol/apps';
import { SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import type { SiteUser } from '@portico/protocol/tokens';
import { createBackend } from '../backend.ts';
import { PorticoError } from '../errors.ts';
import { type KitOptions, readKitOptions } from '../kit-options.ts';
import { createOwnCookies } from '../own-cookies.ts';
import { isOwnPage } from '../own-page.ts';
import { readFields } from '../read-body.ts';
import { refused, refusedPage, SiteRefusal } from '../refusals.ts';
import { reply } from '../replies.ts';
import { safeReturnTo } from '../return-to.ts';
import { createTransactions } from '../transactions.ts';
import { createVerifier, type Verifier } from '../verifier.ts';
import { createEndedHere } from './ended-here.ts';
import { createOwnTokens, profileOf } from './own-tokens.ts';
import { createRenewal } from './renewal.ts';
import { beginSignIn, createSignInEnd, type SignInParts } from './sign-in.ts';
import { endSignIn } from './sign-out.ts';
import { refusalOf, seeVisitor, type Visit, withTokens } from './visit.ts';

export interface SiteOptions extends KitOptions {
  /** What is asked for at the sign-in: `openid profile email offline_access`. */
  readonly scope?: string;
}

/** A site with a backend of its own: it keeps the tokens of its users in cookies of its own, and never sees a password. */
export interface PorticoSite {
  readonly origin: string;
  /** The answer to a request below `SITE_PREFIX`; null: the request is none of these. */
  handle(request: Request): Promise<Response | null>;
  /**
   * Who asks, renewed if need be; the cookies belong on the answer. A request that another site's page may have sent is nobody's. Throws
   * where nothing can be known: `refused` makes the answer of it.
   */
  user(request: Request): Promise<Visit>;
  /** The same for an answer that can set no cookies: nothing is spent. */
  peek(request: Request): Promise<Visit>;
  /** What to answer for what `user` and `require` throw. Rethrows what is none of theirs. */
  refused(error: unknown): Response;
  /** Where to send a browser that has to sign in, to come back to this path. */
  signInPath(returnTo?: string): string;
  readonly verifier: Verifier;
  /** Revocations were heard for the first time. */
  readonly ready: Promise<void>;
  close(): void;
}

const path = (name: keyof typeof SITE_PATHS) => SITE_PREFIX + SITE_PATHS[name];

/** Throws TypeError for options that make no sense. */
export function createPorticoSite(options: SiteOptions): PorticoSite {
  const { scope = 'openid profile email offline_access', ...given } = options;
  const kit = readKitOptions(given);
  const { settings, origin, clientId } = kit;
  const { now } = settings;
  const cookies = createOwnCookies(origin, clientId);
  const backend = createBackend(settings);
  const verifier = createVerifier(kit.verifier);
  const parts: SignInParts = {
    origin,
    backend,
    verifier,
    tokens: createOwnTokens(cookies, kit.clientSecret, now),
    ended: createEndedHere(now),
    renew: createRenewal(backend, now),
    now,
    needs: kit.needs,
    issuer: settings.issuer,
    clientId,
    redirectUri: origin + path('callback'),
    scope,
    transactions: createTransactions(cookies, now),
  };
  const signInPath = (returnTo = '/') =>
    `${path('signIn')}?${new URLSearchParams({ returnTo: safeReturnTo(returnTo, origin) }).toString()}`;
  const asPage = (act: (request: Request) => Promise<Response>) => (request: Request) =>
    act(request).catch((error: unknown) => refusedPage(error, signInPath()));
  const ownOnly = (act: (parts: SignInParts, request: Request) => Promise<Response>) => async (request: Request) => {
    if (!isOwnPage(request.headers, origin)) throw new SiteRefusal('origin_refused');
    return act(parts, request);
  };
  const routes = new Map<string, readonly [method: string, act: (request: Request) => Promise<Response>]>([
    [path('signIn'), ['GET', asPage((request) => beginSignIn(parts, request))]],
    [path('callback'), ['GET', asPage(createSignInEnd(parts))]],
    [path('me'), ['GET', (request) => tellMe(parts, request)]],
    [path('refresh'), ['POST', ownOnly(refresh)]],
    [path('signOut'), ['POST', ownOnly(endSignIn)]],
    [path('backchannelLogout'), ['POST', (request) => hearLogout(parts, request)]],
  ]);
  // The guard of a route and the hook before it ask about one request.
  const seen = new WeakMap<Request, Promise<Visit>>();

  return {
    origin,
    handle: async (request) => {
      const [method, act] = routes.get(new URL(request.url).pathname) ?? [];
      if (act === undefined || method === undefined) return null;
      if (request.method !== method) return withAllow(refused(new SiteRefusal('method_not_allowed')), method);
      return act(request).catch(refused);
    },
    user: (request) => {
      const visit = seen.get(request) ?? seeVisitor(parts, request, true);
      seen.set(request, visit);
      return visit;
    },
    peek: (request) => seeVisitor(parts, request, false),
    refused,
    signInPath,
    verifier,
    ready: verifier.ready,
    close: () => verifier.close(),
  };
}

function withAllow(response: Response, method: string): Response {
  response.headers.set('allow', method);
  return response;
}

/** `GET /me`. */
async function tellMe(parts: SignInParts, request: Request): Promise<Response> {
  const visit = await seeVisitor(parts, request, true);
  const user = visit.somebody();
  const told: SiteUser = { id: user.id, roles: user.roles, ...profileOf(user) };
  const body = { user: told, expiresIn: visit.expiresIn, expiresAt: user.endsAt };
  return reply(200, { body, cookies: visit.cookies });
}

/** `POST /refresh`: as Portico answers it, without the token. */
async function refresh(parts: SignInParts, request: Request): Promise<Response> {
  const held = parts.tokens.refresh(request.headers);
  if (held === null) throw new SiteRefusal('refresh_invalid');
  const said = await parts.renew(held);
  if (said.kind === 'refused') throw refusalOf(said);
  const { kind, expiresIn, gen, expiresAt, user } = said.tokens;
  const visit = await withTokens(parts, said.tokens);
  visit.somebody();
  const body: RefreshAnswer = { kind, expiresIn, gen, user, expiresAt };
  return reply(200, { body, cookies: visit.cookies });
}

/** `POST /backchannel-logout` (OpenID Connect Back-Channel Logout 1.0): Portico's own call, proven by its signature. No cookie counts. */
async function hearLogout({ verifier, ended }: SignInParts, request: Request): Promise<Response> {
  const { logout_token: token } = await readFields(request);
  try {
    const { sid, sub, issuedAt } = await verifier.readLogout(typeof token === 'string' ? token : '');
    // With a session it is this one alone, whoever the user is.
    ended.add(sid ?? sub ?? '', issuedAt);
    return reply(200);
  } catch (error) {
    if (error instanceof PorticoError && error.status === 401) throw new SiteRefusal('invalid_fields');
    throw error;
  }
}
