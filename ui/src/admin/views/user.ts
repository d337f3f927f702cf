import type { Action } from '@portico/protocol/events';
import type { UserItem } from './users.ts';

export interface UserSessionItem {
  readonly id: string;
  readonly state: 'unverified' | 'active' | 'held';
  /** "Firefox on Windows" */
  readonly device: string;
  readonly address: string;
  /** Epoch milliseconds, as every moment here. */
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  /** Names of the sites that are open in it. */
  readonly sites: readonly string[];
  /** The session of whoever asks. */
  readonly current: boolean;
}

export interface UserIdentityItem {
  readonly authProvider: string;
  /** What people call the service. */
  readonly service: string;
  /** What the service calls the user. */
  readonly label: string;
  readonly linkedAt: number;
  readonly lastUsedAt: number;
}

export interface UserSiteItem {
  readonly clientId: string;
  readonly name: string;
  /** The roles that the site defines. */
  readonly defined: readonly string[];
  readonly roles: readonly string[];
}

export interface UserEventItem {
  readonly id: string;
  readonly at: number;
  readonly action: Action;
  readonly reason: string | null;
  readonly address: string;
  /** The user did it. */
  readonly own: boolean;
}

/** What the screen “User” shows. */
export interface UserContent {
  readonly user: UserItem & {
    /** When the account was last recovered by mail. */
    readonly recoveredAt: number | null;
    /** Where codes still go, a week long after a change of address. */
    readonly previousEmail: string | null;
    readonly previousEmailUntil: number | null;
    /** Null: there is no password. */
    readonly passwordChangedAt: number | null;
  };
  /** Whoever asks looks at their own account. */
  readonly own: boolean;
  /** What whoever asks may do here. */
  readonly may: { readonly act: boolean; readonly decide: boolean };
  /** Newest first, at most `USER_SESSIONS`. */
  readonly sessions: readonly UserSessionItem[];
  readonly identities: readonly UserIdentityItem[];
  /** Sites that are open or where there are roles, and the one that was asked for. */
  readonly sites: readonly UserSiteItem[];
  /** Further sites that define roles. */
  readonly otherSites: readonly { readonly clientId: string; readonly name: string }[];
  /** The newest ones. */
  readonly events: readonly UserEventItem[];
}
