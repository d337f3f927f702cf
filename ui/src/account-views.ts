import type { PublicUser } from '@portico/protocol/tokens';

/** What the pages of a signed-in person show, and what the API answers them. */

export interface SessionItem {
  readonly id: string;
  readonly current: boolean;
  /** "Firefox on Windows" */
  readonly device: string;
  /** Where it was last seen, as far as an address tells: masked. */
  readonly address: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly methods: readonly string[];
  /** Names of the sites that are open in it. */
  readonly sites: readonly string[];
}

/** A site that opens with this account. */
export interface SiteItem {
  readonly clientId: string;
  readonly name: string;
  readonly kind: string;
  /** What it may know and do; words for them stand in the texts. */
  readonly scopes: readonly string[];
  /** In the site's own words. */
  readonly roles: readonly string[];
  readonly since: number;
  /** Null: it is open nowhere. */
  readonly lastUsedAt: number | null;
  /** In how many sessions it is open. */
  readonly open: number;
  /** It is open in this session. */
  readonly current: boolean;
}

/** `GET me/sites`. */
export interface SitesAnswer {
  readonly items: readonly SiteItem[];
}

/** An account elsewhere that opens this one. */
export interface IdentityItem {
  readonly authProvider: string;
  /** What people call the service. */
  readonly service: string;
  /** What the service calls them. */
  readonly label: string;
  /** The operator still offers it: only then can it be signed in with. */
  readonly offered: boolean;
  readonly linkedAt: number;
  readonly lastUsedAt: number;
  readonly hasTokens: boolean;
}

/** `GET me/identities`: every way into the account. */
export interface WaysIn {
  readonly items: readonly IdentityItem[];
  readonly linkable: readonly { readonly authProvider: string; readonly service: string }[];
  readonly hasPassword: boolean;
}

/** What the page of the ways in shows. */
export interface Security extends WaysIn {
  readonly email: string;
  /** Epoch milliseconds: until then sensitive acts need no further proof. */
  readonly freshUntil: number;
}

export interface ActivityItem {
  readonly id: string;
  readonly at: number;
  /** Its words stand in the texts. */
  readonly action: string;
  readonly reason: string | null;
  readonly address: string;
  readonly device: string;
  readonly current: boolean;
}

/** `GET me/activity`, newest first; `next` is the `cursor` of the following page. */
export interface ActivityAnswer {
  readonly items: readonly ActivityItem[];
  readonly next: string | null;
}

/** What the page of name and data shows. */
export interface Profile {
  readonly user: PublicUser;
  /** Epoch milliseconds. */
  readonly freshUntil: number;
}

/** How somebody who is signed in may show once more who they are. */
export interface ProofWays {
  readonly hasPassword: boolean;
  readonly services: readonly { readonly authProvider: string; readonly service: string }[];
  readonly codeSent: boolean;
  /** Epoch milliseconds when another code may be asked for. */
  readonly resendAt: number;
  readonly triesLeft: number | null;
}

export interface Account {
  readonly user: PublicUser;
  readonly createdAt: number;
  /** The current session is first. */
  readonly sessions: readonly SessionItem[];
}

/** `GET me`. */
export interface MeAnswer extends PublicUser {
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds. */
  readonly freshUntil: number;
}

/** `GET me/sessions`, the current session first; `next` is the `cursor` of the following page. */
export interface SessionsAnswer {
  readonly items: readonly SessionItem[];
  readonly next: string | null;
}
