/** What stands in an access token (RFC 9068), once for the server, the pages and every verifier. */

export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** No access token lives longer, whatever is set for the whole or for one client: a revocation is kept no longer. In milliseconds. */
export const LONGEST_ACCESS_LIFE = 15 * 60_000;

/** The client that Portico's own pages and dashboard are: the first party. It is also the audience of Portico's own API. */
export const FIRST_PARTY_CLIENT = 'portico';

export const ROLES = ['user', 'support', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Authentication methods (RFC 8176 where it has a word): `pwd` a password, `otp` a code by mail. */
export type Amr = 'pwd' | 'otp' | 'fed';

export interface AccessClaims {
  readonly iss: string;
  readonly aud: string;
  /** User id. */
  readonly sub: string;
  /** Session id: one per sign-in, shared by every site that hangs from it. */
  readonly sid: string;
  readonly jti: string;
  /** Seconds since the epoch, as are `exp` and `auth_time`. */
  readonly iat: number;
  readonly exp: number;
  readonly auth_time: number;
  readonly amr: readonly string[];
  /** RFC 9068: the client it was made for; equal to `aud`. */
  readonly client_id: string;
  /** First party only: Portico's own role never leaves for another audience. */
  readonly role?: Role;
  /** Of a client site: the roles that the user has there, in that site's words. */
  readonly roles?: readonly string[];
  readonly scope?: string;
  /** Of a client site: the family of refresh tokens that it came from. What ends is this, when a user leaves a site and stays signed in. */
  readonly fid?: string;
  /** Of a client site: client version. Rises when the site is disabled; older tokens are then refused. */
  readonly cv?: number;
  /** User version: rises when rights fall or a password changes; older tokens are then refused. */
  readonly uv: number;
  /** First party only, epoch milliseconds: CSRF tokens issued before this moment end one access life later. */
  readonly csrf_from?: number;
}

/** What stands in the token of a machine: it speaks for the client itself, and its subject is the client. */
export type MachineClaims = Pick<AccessClaims, 'iss' | 'aud' | 'sub' | 'client_id' | 'jti' | 'iat' | 'exp'> & {
  readonly scope: string;
  readonly cv: number;
};

/** The user as answered to the user's own browser. */
export interface PublicUser {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
}

/** The user as told to a client site: no more than the scopes of the grant allow, and never Portico's own role. */
export interface SiteUser {
  readonly id: string;
  readonly roles: readonly string[];
  /** With `profile`. */
  readonly displayName?: string;
  /** With `email`. */
  readonly email?: string;
  readonly emailVerified?: boolean;
}

/** Tickets: proofs of a sign-in that are good once, for a minute, at one client. Types of their own, so that none passes for another token. */
export const TICKET_TYPES = { signIn: 'signin-ticket+jwt', join: 'join-ticket+jwt' } as const;

export interface TicketClaims {
  readonly iss: string;
  /** The client that may redeem it. */
  readonly aud: string;
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly auth_time: number;
  /** User version: a ticket from before a password change or a suspension opens nothing. */
  readonly uv: number;
  /** What whoever redeems it may know of the user. */
  readonly scope: string;
  /** Of a sign-in ticket: S256 of the verifier that stays in the browser's own cookie at the secondary server. */
  readonly code_challenge?: string;
}

export const SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes as people read them: who one is first, then what is told, then how long; a site's own words last. */
export function inReadingOrder(scopes: readonly string[]): string[] {
  const own = scopes.filter((scope) => !(SCOPES as readonly string[]).includes(scope));
  return [...SCOPES.filter((scope) => scopes.includes(scope)), ...new Set(own.sort())];
}

/** How access tokens are signed: with Portico's keys, or with a secret that the site shares. */
export const ACCESS_ALGS = ['ES256', 'EdDSA', 'HS256'] as const;
export type AccessAlg = (typeof ACCESS_ALGS)[number];
export const SIGNING_ALGS = ['ES256', 'EdDSA', 'RS256'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

export type SessionStatus = 'SIGNED_OUT' | 'UNVERIFIED' | 'HELD' | 'VERIFIED';

/** Why a sign-in was found unusual. The words for it stand in `texts`; an attacker learns nothing from them that was not done by him. */
export const UNUSUAL_REASONS = [
  'new_device',
  'new_network',
  'new_browser',
  'wrong_tries',
  'many_wrong_tries',
  'long_absence',
  'held_before',
  'recovered_before',
] as const;
export type UnusualReason = (typeof UNUSUAL_REASONS)[number];
