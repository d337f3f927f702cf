import type { PublicUser, SiteUser } from './tokens.ts';

/** What Portico, a site's backend and the SDK of an app in the browser say to one another. */

/**
 * How an app in the browser holds its sign-in. `cookie`: it lives on Portico's own site, and the refresh token in a cookie of Portico's.
 * `site`: it has a backend that keeps the tokens in cookies of its own. `pkce`: it has neither, and keeps a refresh token that only its own
 * key can use.
 */
export const APP_MODES = ['cookie', 'site', 'pkce'] as const;
export type AppMode = (typeof APP_MODES)[number];

/** `GET /.well-known/portico`. */
export interface PorticoDocument {
  readonly issuer: string;
  /** Origin of the pages. */
  readonly app: string;
  /** What the paths of the browser API are added to. */
  readonly api: string;
  readonly jwks_uri: string;
  /** With `?client_id=`, asked by the page of that client: how it holds its sign-in. Absent: no such client, or not at this origin. */
  readonly client?: {
    readonly id: string;
    readonly name: string;
    readonly mode: AppMode;
    /** Where the browser comes back to in the modes `cookie` and `pkce`: the registered address at the origin that asks. */
    readonly redirectUri?: string;
  };
}

/** Whom an app is told of. Portico's own pages know the address and the role of their user; a client site what its scopes allow. */
export type AppUser = PublicUser | SiteUser;

/** `POST refresh`, at Portico or below `SITE_PREFIX`. Times in epoch milliseconds, `expiresIn` in seconds. */
export interface RefreshAnswer {
  readonly kind: 'rotated' | 'replayed';
  /** Not of a site with a backend: there it never reaches a script. */
  readonly accessToken?: string;
  readonly expiresIn: number;
  readonly gen: number;
  /** For the calls that change something by cookie alone. */
  readonly csrfToken?: string;
  readonly user: AppUser;
  /** When the session ends, whatever is done in it. */
  readonly expiresAt: number;
  /** Only of a token that came in the body. */
  readonly refreshToken?: string;
}

/** `portico` in an answer of the token endpoint that brings a refresh token. */
export type TokensOfApp = Pick<RefreshAnswer, 'gen' | 'user' | 'expiresAt'>;
