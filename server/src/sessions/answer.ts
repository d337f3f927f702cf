import { COOKIES, type CookieName } from '@portico/protocol/cookies';
import type { PublicUser } from '@portico/protocol/tokens';
import { publicUser } from '../accounts/user.ts';
import type { Deps } from '../deps.ts';
import { signAccessToken } from './access-token.ts';
import { makeCsrfToken } from './csrf.ts';
import type { Grant } from './session.ts';

/** What a verb answers; the HTTP edge writes it, as JSON for programs or as a redirect for a plain form. */
export interface Answer {
  readonly status?: number;
  readonly body?: object;
  /** A file of any length, written as it is read: JSON unless it says otherwise. */
  readonly download?: { readonly name: string; readonly pieces: AsyncIterable<string>; readonly type?: string };
  /** An answer that goes on: written as it comes, until either side ends it. */
  readonly stream?: AnswerStream;
  readonly cookies?: readonly SetCookie[];
  /** Instead of a body: where a navigation goes on. */
  readonly redirectTo?: string;
  /** `Clear-Site-Data`: what a sign-out leaves behind in the browser. */
  readonly clearSiteData?: boolean;
  /** Headers that belong to this answer alone. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnswerStream {
  readonly type: string;
  /** Begins to write; answers what is to be done when the other side has gone. */
  readonly open: (sink: Sink) => () => void;
}

export interface Sink {
  write(text: string): void;
  /** All is said. */
  end(): void;
  /** What was said is no whole answer: the connection breaks, and the other side asks again. */
  fail(): void;
  /** Calls `hear` when this process ends: whatever has no end of its own is to end now, and goes on at another node. */
  onLeaving(hear: () => void): void;
}

export interface SetCookie {
  readonly name: CookieName;
  readonly value: string;
  /** Seconds; null = until the browser is closed; 0 = gone. */
  readonly maxAge: number | null;
  /** Scripts may read it. Never a token. */
  readonly readable?: boolean;
}

/** 400 days: the longest that browsers keep a cookie. In seconds. */
export const DEVICE_COOKIE_AGE = 400 * 86_400;
const TRANSACTION_COOKIE_AGE = 400 * 86_400;

/** A link of the browser's family and the session it stands for, ready to be answered. */
export interface Issued {
  readonly grant: Grant;
  readonly gen: number;
  readonly refreshToken: string;
  readonly idleAt: number;
  readonly provedAt: number;
  /** Set when this browser is to get a new device cookie. */
  readonly newDevice?: string | null;
}

export interface SignedInBody {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly gen: number;
  readonly csrfToken: string;
  readonly user: PublicUser;
  readonly expiresAt: number;
}

/** The body and the cookies of a sign-in or refresh. */
export function signedIn(deps: Deps, issued: Issued): { body: SignedInBody; cookies: SetCookie[] } {
  const { grant } = issued;
  const access = signAccessToken(deps, grant, issued.provedAt);
  const csrfToken = makeCsrfToken(deps, grant.session.id);
  return {
    body: {
      accessToken: access.token,
      expiresIn: access.expiresIn,
      gen: issued.gen,
      csrfToken,
      user: publicUser(grant.user),
      expiresAt: grant.session.expiresAt,
    },
    cookies: [
      ...sessionCookies(issued, csrfToken),
      { name: COOKIES.access, value: access.token, maxAge: lasting(grant, access.expiresIn) },
      ...(issued.newDevice == null ? [] : [{ name: COOKIES.device, value: issued.newDevice, maxAge: DEVICE_COOKIE_AGE }]),
    ],
  };
}

/** The refresh cookie and the two readable ones that go with it. Their age ends with the session or with its idleness. */
export function sessionCookies(issued: Omit<Issued, 'newDevice'>, csrfToken: string): SetCookie[] {
  const maxAge = refreshCookieAge(issued);
  return [
    { name: COOKIES.refresh, value: issued.refreshToken, maxAge },
    { name: COOKIES.csrf, value: csrfToken, maxAge, readable: true },
    { name: COOKIES.generation, value: String(issued.gen), maxAge, readable: true },
  ];
}

/** In seconds: until the session ends, or its family has rested too long. */
export function refreshCookieAge({ grant, idleAt, provedAt }: Pick<Issued, 'grant' | 'idleAt' | 'provedAt'>): number | null {
  return lasting(grant, Math.floor((Math.min(idleAt, grant.session.expiresAt) - provedAt) / 1000));
}

/** Without "keep me signed in" every cookie goes with the browser. */
function lasting(grant: Grant, seconds: number): number | null {
  return grant.session.persistence === 'kept' ? Math.max(1, seconds) : null;
}

export function waitingCookie(value: string, deps: Pick<Deps, 'config'>): SetCookie {
  return { name: COOKIES.waiting, value, maxAge: Math.floor(deps.config.unverifiedLife / 1000) };
}

export function transactionCookie(value: string): SetCookie {
  return { name: COOKIES.transaction, value, maxAge: TRANSACTION_COOKIE_AGE };
}

/** Only sign-out clears the cookies of a sign-in; the device cookie stays, or every sign-out would forget the known device. */
export const CLEARED_SESSION: readonly SetCookie[] = [
  COOKIES.refresh,
  COOKIES.access,
  COOKIES.csrf,
  COOKIES.generation,
  COOKIES.waiting,
].map((name) => ({ name, value: '', maxAge: 0, ...(name === COOKIES.csrf || name === COOKIES.generation ? { readable: true } : {}) }));

export const CLEARED_WAITING: SetCookie = { name: COOKIES.waiting, value: '', maxAge: 0 };
