import type { AdminAct, AdminScreenName } from '@portico/protocol/admin';
import type { Role } from '@portico/protocol/tokens';
import type { FormState } from '../../form-state.ts';
import type { Frame } from '../../views.ts';
import type { AuditContent } from './audit.ts';
import type { HomeContent } from './home.ts';
import type { InvitationsContent } from './invitations.ts';
import type { KeysContent } from './keys.ts';
import type { MailContent } from './mail.ts';
import type { NewSiteContent } from './new-site.ts';
import type { ProvidersContent } from './providers.ts';
import type { SessionsContent } from './sessions.ts';
import type { SettingsContent } from './settings.ts';
import type { SiteContent } from './site.ts';
import type { SitesContent } from './sites.ts';
import type { SuspensionsContent } from './suspensions.ts';
import type { SystemContent } from './system.ts';
import type { UserContent } from './user.ts';
import type { UsersContent } from './users.ts';

export type * from './audit.ts';
export type * from './home.ts';
export type * from './invitations.ts';
export type * from './keys.ts';
export type * from './mail.ts';
export type * from './new-site.ts';
export type * from './providers.ts';
export type * from './sessions.ts';
export type * from './settings.ts';
export type * from './site.ts';
export type * from './sites.ts';
export type * from './suspensions.ts';
export type * from './system.ts';
export type * from './user.ts';
export type * from './users.ts';

/** What each screen shows, and what its call answers. */
export interface AdminContents {
  readonly home: HomeContent;
  readonly sites: SitesContent;
  readonly newSite: NewSiteContent;
  readonly site: SiteContent;
  readonly users: UsersContent;
  readonly user: UserContent;
  readonly invitations: InvitationsContent;
  readonly sessions: SessionsContent;
  readonly suspensions: SuspensionsContent;
  readonly audit: AuditContent;
  readonly keys: KeysContent;
  readonly mail: MailContent;
  readonly providers: ProvidersContent;
  readonly settings: SettingsContent;
  readonly system: SystemContent;
}

/** One page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** The `cursor` of the following page. */
  readonly next: string | null;
}

/** A form that was refused. */
export interface RefusedForm {
  readonly act: AdminAct;
  /** Where it was posted to: of several forms of one kind, which. */
  readonly at: string;
  readonly state: FormState;
}

/** What has just been done, and what is shown of it this once. */
export interface Done {
  readonly act: AdminAct;
  readonly body: object;
}

export type AdminView = {
  readonly [Name in AdminScreenName]: {
    readonly screen: Name;
    readonly content: AdminContents[Name];
    /** Path and query: where forms come back to, and what links to other pages of a list are made from. */
    readonly address: string;
    readonly me: { readonly id: string; readonly displayName: string; readonly email: string; readonly role: Role };
    readonly form: RefusedForm | null;
    readonly done: Done | null;
  };
}[AdminScreenName];

/** A whole HTML document, without inline script or style. */
export type RenderAdmin = (view: AdminView, frame: Frame) => string;
