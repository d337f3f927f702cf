import type { AppMode, AppUser } from '@portico/protocol/apps';

export type { AppMode, AppUser };

export interface PorticoOptions {
  /** Portico's origin. */
  readonly issuer: string;
  readonly clientId: string;
  /** Asked of Portico unless given; given, it saves the first visit one request. */
  readonly mode?: AppMode;
  /** Origin of Portico's API, where `mode` is given and the API is on another host than the issuer. */
  readonly api?: string;
  /** Origins besides the page's own that `fetch` may send the access token to. */
  readonly origins?: readonly string[];
  /** Where the browser comes back to after the sign-in: one of the registered addresses, unless the only one. */
  readonly redirectUri?: string;
  readonly scope?: string;
}

export type SessionStatus = 'loading' | 'signed-out' | 'unverified' | 'signed-in' | 'offline';

/** A new object whenever something changes, and only then: fit for `===`. */
export interface PorticoSession {
  readonly status: SessionStatus;
  /** Also while offline: who was signed in a moment ago, and still is until Portico says otherwise. */
  readonly user: AppUser | null;
  /** Epoch milliseconds: the end of the sign-in, whatever is done. */
  readonly expiresAt: number | null;
  /** While `unverified`: the page where the mailed code is typed. */
  readonly verifyUrl: string | null;
}

export interface SignInOptions {
  /** A path of this app, `location` unless said otherwise. Never another origin. */
  readonly returnTo?: string;
  readonly prompt?: 'login' | 'select_account';
  readonly loginHint?: string;
}

export interface SignOutOptions {
  /** All devices. */
  readonly everywhere?: boolean;
  /** This app only; Portico and the other sites go on. */
  readonly local?: boolean;
}

export interface Portico {
  /** Resolves when it is known who is signed in, or that nothing can be known now. Never throws. */
  readonly ready: Promise<void>;
  readonly session: PorticoSession;
  /** Hears of every change, in this tab and the others. Answers how to stop. */
  subscribe(listener: (session: PorticoSession) => void): () => void;
  /** As the browser's own, with the access token for allow-listed origins, refreshed where needed and sent once more after a 401. */
  readonly fetch: typeof globalThis.fetch;
  /** Leaves the page. Throws PorticoError. */
  signIn(options?: SignInOptions): Promise<void>;
  /** This browser on all sites, unless said otherwise. Throws PorticoError when Portico could not be told. */
  signOut(options?: SignOutOptions): Promise<void>;
  /** Refreshes now. False: nobody is signed in. Throws PorticoError when nothing can be known. */
  refresh(): Promise<boolean>;
  /** Keeps an idle sign-in alive, with a new CSRF token where cookies are used. */
  extend(): Promise<void>;
  /** Of the cookie mode; else null. */
  getCsrfToken(): string | null;
  /** A living access token where one reaches scripts (not in the mode `site`), or null. */
  getAccessToken(): Promise<string | null>;
  /** Ends timers and listeners; for tests and hot reload. */
  close(): void;
}
