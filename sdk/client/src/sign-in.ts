import { AUTHORIZE } from '@portico/protocol/app-routes';
import type { App, Place } from './app.ts';
import { random } from './attempt.ts';
import { PorticoError } from './error.ts';
import { readTab, takeTab, writeTab } from './tab-storage.ts';
import type { SignInOptions } from './types.ts';

/** A sign-in that left this tab. Stored by its state, so that two of them do not mix. */
export interface Leaving {
  readonly state: string;
  readonly returnTo: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

/** What the address brought back, and the sign-in that it belongs to. */
export interface Back {
  readonly leaving: Leaving;
  readonly code: string | null;
  /** Why there is none. */
  readonly error: string | null;
}

/** Who it is, and what they are called. */
const SCOPE = 'openid profile email';
const MOST = 3;
/** Milliseconds. */
const LOOP = 10_000;
/** What an answer of authorize consists of (RFC 6749 4.1.2, RFC 9207). */
const ANSWER = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'];

/** A path of this origin, as the browser itself will read it; null for whatever could lead elsewhere. */
export function ownPath(wish: string): string | null {
  if (!wish.startsWith('/') || !URL.canParse(wish, location.origin)) return null;
  const { origin, pathname, search, hash } = new URL(wish, location.origin);
  // Open redirect: "//evil", "/\evil" and "/<tab>/evil" are other hosts, and "/.//evil" becomes one when it is written again.
  return origin !== location.origin || pathname.startsWith('//') ? null : pathname + search + hash;
}

/** Throws `return_to_refused`, and `redirect_loop` instead of a fourth redirect. */
export function leave({ scope }: App, { returnTo }: SignInOptions): Leaving {
  const path = ownPath(returnTo ?? location.pathname + location.search + location.hash);
  if (path === null && returnTo !== undefined) throw new PorticoError('return_to_refused');
  if (lately(scope).length >= MOST) {
    const why = readTab<string>(`${scope} why`);
    throw new PorticoError('redirect_loop', { answer: why === null ? {} : { error: why } });
  }
  return { state: random(), returnTo: path ?? '/', verifier: random(32) };
}

/** Counts the redirect that happens now. */
export function countLeaving({ scope }: App): void {
  writeTab(`${scope} went`, [...lately(scope), Date.now()]);
}

/** Whoever signs out on purpose goes round in no loop, however soon they are back. */
export function forgetLeavings({ scope }: App): void {
  takeTab(`${scope} went`);
}

function lately(scope: string): readonly number[] {
  return (readTab<number[]>(`${scope} went`) ?? []).filter((at) => Math.abs(Date.now() - at) < LOOP);
}

/** False: the tab cannot remember it. */
export function remember({ scope }: App, leaving: Leaving): boolean {
  return writeTab(`${scope} ${leaving.state}`, leaving);
}

/**
 * Takes the answer of a sign-in out of the address, at once, before a router reads it. Null: there is none, or none that this tab asked for:
 * then nothing is redeemed (login CSRF: whoever's code it is, it is not this person's; RFC 9207: nor one of another issuer).
 */
export function takeBack(app: App): Back | null {
  const url = new URL(location.href);
  const { searchParams: query } = url;
  const state = query.get('state');
  if (state === null) return null;
  const leaving = takeTab<Leaving>(`${app.scope} ${state}`);
  const isOurs = query.get('iss') === app.issuer;
  // An app may have a `state` of its own.
  if (leaving === null && !isOurs) return null;
  const [code, error] = [query.get('code'), query.get('error')];
  for (const name of ANSWER) query.delete(name);
  history.replaceState(
    history.state,
    '',
    (leaving === null ? null : ownPath(leaving.returnTo)) ?? ownPath(url.pathname + url.search + url.hash) ?? '/',
  );
  writeTab(`${app.scope} why`, error);
  return leaving !== null && isOurs ? { leaving, code, error } : null;
}

export function redirectUriOf({ redirectUri }: Place): string {
  return redirectUri ?? `${location.origin}/`;
}

/** GET /oauth/authorize, with what both ways through it say. */
export function authorizeAddress(
  { clientId, options }: App,
  place: Place,
  { prompt, loginHint }: SignInOptions,
  more: Readonly<Record<string, string | undefined>>,
): string {
  const said = {
    client_id: clientId,
    redirect_uri: redirectUriOf(place),
    scope: options.scope ?? SCOPE,
    prompt,
    login_hint: loginHint,
    ...more,
  };
  const url = new URL(AUTHORIZE, place.api);
  for (const [name, value] of Object.entries(said)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
