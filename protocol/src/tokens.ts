/** What stands in an access token (RFC 9068), once for the server, the pages and every verifier. */

export const ACCESS_TOKEN_TYPE = 'at+jwt';

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
  readonly role: Role;
  /** User version: rises when rights fall or a password changes; older tokens are then refused. */
  readonly uv: number;
  /** First party only, epoch milliseconds: CSRF tokens issued before this moment end one access life later. */
  readonly csrf_from?: number;
}

/** The user as answered to the user's own browser. */
export interface PublicUser {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
}

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
