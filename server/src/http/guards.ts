import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import { type AuthenticatedClient, authenticateClient } from '../clients/authenticate-client.ts';
import { type Client, findAppAt, findSecondaryAt } from '../clients/client.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { bothScopes } from '../oauth/scope.ts';
import { type BrowserClient, OUR_PAGES } from '../sessions/browser-client.ts';
import { requireCsrf } from '../sessions/csrf.ts';
import type { Grant } from '../sessions/session.ts';
import { liveSiteToken } from '../sessions/site-token.ts';
import { type CurrentSession, provenByAccessToken, provenInDatabase, type VerifiedSession } from '../sessions/verified-session.ts';

/** A guard lets a request through with the proof that its handler asks for, or refuses. */
export type Guard<Proof> = (deps: Deps, caller: Caller) => Promise<Proof>;

/** Nobody has to be anybody, and no cookie counts: safe reads. */
export const open: Guard<null> = async () => null;

/**
 * Unsafe calls that no cookie authenticates (sign-in, sign-up). A browser says where the call comes from and must say: from our own
 * pages (login CSRF). A program that is no browser says nothing.
 */
export const ownPages: Guard<null> = async ({ config }, caller) => {
  if (caller.originHeader === null && caller.fetchSite === null) return null;
  requireOwnOrigin(config, caller);
  return null;
};

/** Unsafe calls that a cookie authenticates but that need no CSRF token yet, because a starting page has none: refresh, extend-auth-soft. */
export const ownOrigin: Guard<null> = async ({ config }, caller) => {
  requireOwnOrigin(config, caller);
  return null;
};

/** As `ownOrigin`; or the page of an app, from whose origin nothing but the cookie of that app counts. */
export const browserClient: Guard<BrowserClient> = async (deps, caller) => {
  const app = await findAsking(deps, caller);
  if (app === null) requireOwnOrigin(deps.config, caller);
  return app ?? OUR_PAGES;
};

/** The same for a read: with it our own pages send no Origin. */
export const browserClientReads: Guard<BrowserClient> = async (deps, caller) =>
  caller.originHeader === null ? OUR_PAGES : browserClient(deps, caller);

/** As `browserClient` for browsers; a program that brings its token in the body instead of a cookie has no origin to show. */
export const browserClientOrBody: Guard<BrowserClient> = async (deps, caller) => {
  const isBrowser = caller.cookies.refresh !== null || caller.originHeader !== null || caller.fetchSite !== null;
  return isBrowser ? browserClient(deps, caller) : OUR_PAGES;
};

/** Guard 1 of four (seed 004): the cookie alone. No database; a revocation arrives within a second. */
export const cookie: Guard<VerifiedSession> = async (deps, caller) => {
  const token = caller.bearer ?? caller.cookies.access;
  const session = token === null ? null : await provenByAccessToken(deps, token);
  if (session === null) throw new Refusal('signed_out');
  return session;
};

/** Guard 2: the cookie, and the database agrees now. */
export const cookieAndDatabase: Guard<CurrentSession> = async (deps, caller) => provenInDatabase(deps, await cookie(deps, caller));

/** Guard 3: the cookie and a CSRF token, for unsafe methods. A stranger's page cannot send a bearer token, so that stands for itself. */
export const cookieAndCsrf: Guard<VerifiedSession> = async (deps, caller) => {
  if (caller.bearer === null) requireOwnOrigin(deps.config, caller);
  const session = await cookie(deps, caller);
  if (caller.bearer === null) requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
  return session;
};

/** Guard 4: all of them. */
export const cookieCsrfAndDatabase: Guard<CurrentSession> = async (deps, caller) =>
  provenInDatabase(deps, await cookieAndCsrf(deps, caller));

/** Sign-out and extend-auth-hard: a genuine refresh cookie of any age names the session, and the handler checks its CSRF token. */
export const namedByCookie: Guard<BrowserClient> = async (deps, caller) => {
  const app = await findAsking(deps, caller);
  if (app === null && caller.bearer === null) requireOwnOrigin(deps.config, caller);
  return app ?? OUR_PAGES;
};

/**
 * Which app asks is said by the exact Origin alone, never by a parameter: the page of client B gets nothing by the cookie of client A.
 * What a browser calls another site is refused, also where cookies came along with it. Null: no app.
 */
async function findAsking({ config, db }: Deps, { originHeader, fetchSite }: Caller): Promise<BrowserClient | null> {
  if (originHeader === null || originHeader === config.appOrigin) return null;
  const app = await findAppAt(db, originHeader);
  if (app === null) return null;
  if (fetchSite !== 'same-site' && fetchSite !== 'same-origin' && fetchSite !== null) throw new Refusal('origin_refused');
  return { id: app.id, app };
}

/**
 * The browser client has exactly one origin. `Sec-Fetch-Site` cannot be forged by a page; where an old browser does not send it, the
 * exact `Origin` decides; where neither is there, nothing shows that it was our page. Browsers that keep their address to themselves
 * send `Origin: null` with a form, and then only `same-origin` will do.
 */
export function requireOwnOrigin(config: Pick<Config, 'appOrigin'>, caller: Pick<Caller, 'originHeader' | 'fetchSite'>): void {
  const { originHeader, fetchSite } = caller;
  const exact = originHeader === config.appOrigin;
  const unsaid = originHeader === null || originHeader === 'null';
  const ours = fetchSite === 'same-origin' ? exact || unsaid : exact && (fetchSite === 'same-site' || fetchSite === null);
  if (!ours) throw new Refusal('origin_refused');
}

/** The backend of a client site: client id and secret in the Authorization header. No cookie counts. */
export const client: Guard<AuthenticatedClient> = async (deps, caller) => {
  const { basic } = caller;
  const asked =
    basic === null ? null : await authenticateClient(deps, caller, { clientId: basic.id, secret: basic.secret, assertion: null });
  // A public client proves nothing by naming itself.
  if (asked === null || !asked.isProven) throw new Refusal('client_refused');
  return asked;
};

/** A page of a secondary auth server that asks for a ticket. */
export interface SecondaryPage {
  readonly client: Client;
  /** False: the browser counts it as another site, and brought no cookie along. */
  readonly sameSite: boolean;
}

/**
 * Which secondary asks is said by the exact Origin alone, never by a parameter. Fetch metadata no page can forge: a link, a form, a picture
 * or a script, and a browser too old to say, get nothing, and neither does any other origin.
 */
export const secondaryPage: Guard<SecondaryPage> = async ({ db }, { originHeader, fetchSite, fetchMode }) => {
  const client = originHeader === null ? null : await findSecondaryAt(db, originHeader);
  const asked = fetchMode === 'cors' && (fetchSite === 'same-site' || fetchSite === 'cross-site');
  if (client === null || !asked) throw new Refusal('origin_refused');
  return { client, sameSite: fetchSite === 'same-site' };
};

/** A signed-in user, at our own pages or at a client site whose token the call brings. */
export interface UserSomewhere {
  readonly grant: Grant;
  /** Of a client site: what it may know of the user. Null: our own pages. */
  readonly site: { readonly id: string; readonly scope: string } | null;
}

/**
 * As `cookieCsrfAndDatabase`; or an access token of a client site, behind which a living grant stands. What it says is not believed: the
 * grant is read. A token that is signed with a site's own secret will not do: whoever verifies such tokens could make them.
 */
export const userSomewhere: Guard<UserSomewhere> = async (deps, caller) => {
  const live = caller.bearer === null ? null : await liveSiteToken(deps, caller.bearer);
  if (live !== null && live.client.accessAlg !== 'HS256')
    return { grant: live.grant, site: { id: live.client.id, scope: bothScopes(live.claims.scope ?? '', live.family.scope) } };
  return { grant: (await cookieCsrfAndDatabase(deps, caller)).grant, site: null };
};

export type Verified = VerifiedSession;
export type Current = CurrentSession;
