import type { Action } from '@portico/protocol/events';
import type { ListPage } from './index.ts';
import type { Connection } from './new-site.ts';

export interface SiteFacts {
  readonly id: string;
  readonly name: string;
  readonly kind: 'web' | 'spa' | 'native' | 'machine' | 'secondary';
  readonly authentication: 'secret' | 'private_key_jwt' | 'none';
  readonly redirectUris: readonly string[];
  readonly postLogoutUris: readonly string[];
  readonly origins: readonly string[];
  readonly backchannelLogoutUri: string | null;
  readonly logoUri: string | null;
  readonly scopes: readonly string[];
  /** Names of the roles that the site defines. */
  readonly roles: readonly string[];
  readonly audiences: readonly string[];
  readonly accessAlg: string;
  readonly idAlg: string;
  /** Null: the setting of the installation, as `idleMinutes`. */
  readonly accessMinutes: number | null;
  readonly idleMinutes: number | null;
  readonly confirmation: string;
  readonly reuseEnds: string;
  readonly pkce: string;
  readonly disabledAt: number | null;
  readonly createdAt: number;
}

/** A secret as it may be known: never itself. */
export interface SecretFacts {
  readonly id: string;
  readonly purpose: 'authentication' | 'signing';
  readonly createdAt: number;
  readonly currentFrom: number;
  /** Null: it has no end. */
  readonly expiresAt: number | null;
}

/** Somebody who has roles at the site. */
export interface SiteMember {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly string[];
}

/** What the screen “Client site” shows; the list is of who has roles. */
export interface SiteContent extends ListPage<SiteMember> {
  readonly site: SiteFacts;
  /** Of what can be changed: a change names the one that it was made from. */
  readonly version: string;
  /** Without a secret: that was told once. */
  readonly connection: Connection;
  readonly secrets: readonly SecretFacts[];
  readonly keys: readonly { readonly kid: string | null; readonly alg: string }[];
  readonly open: { readonly sessions: number; readonly isMore: boolean };
  /** The newest first. */
  readonly events: readonly { readonly id: string; readonly at: number; readonly action: Action; readonly actorId: string | null }[];
  readonly now: number;
}

/** A secret that is shown this once. */
export interface SecretShown {
  readonly purpose: SecretFacts['purpose'];
  readonly id: string;
  readonly secret: string;
  /** Until when the one before it is good too; null = there was none. */
  readonly overlapsUntil: number | null;
}

/** How a test of the logout address went. */
export interface LogoutTested {
  readonly uri: string;
  readonly outcome: 'taken' | 'answered' | 'refused' | 'silent';
  readonly status: number | null;
  readonly reason: string | null;
  readonly milliseconds: number;
}
