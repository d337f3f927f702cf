import type { AdminScreenName } from '@portico/protocol/admin';
import type { AdminContents, Done, RefusedForm } from '../../src/admin/views/index.ts';
import { auditSamples } from './audit.ts';
import { homeSamples } from './home.ts';
import { invitationsSamples } from './invitations.ts';
import { keysSamples } from './keys.ts';
import { mailSamples } from './mail.ts';
import { newSiteSamples } from './new-site.ts';
import { providersSamples } from './providers.ts';
import { sessionsSamples } from './sessions.ts';
import { settingsSamples } from './settings.ts';
import { siteSamples } from './site.ts';
import { sitesSamples } from './sites.ts';
import { suspensionsSamples } from './suspensions.ts';
import { systemSamples } from './system.ts';
import { userSamples } from './user.ts';
import { usersSamples } from './users.ts';

/** Every screen of the admin page in every state that looks different: for the tests and the eye. */
export interface AdminSample<Name extends AdminScreenName = AdminScreenName> {
  readonly name: string;
  readonly screen: Name;
  readonly content: AdminContents[Name];
  readonly address: string;
  /** `owner` unless given. */
  readonly role?: 'support' | 'admin' | 'owner';
  readonly form?: RefusedForm;
  readonly done?: Done;
}

export const adminSamples: readonly AdminSample[] = [
  ...homeSamples,
  ...sitesSamples,
  ...newSiteSamples,
  ...siteSamples,
  ...usersSamples,
  ...userSamples,
  ...invitationsSamples,
  ...sessionsSamples,
  ...suspensionsSamples,
  ...auditSamples,
  ...keysSamples,
  ...mailSamples,
  ...providersSamples,
  ...settingsSamples,
  ...systemSamples,
];
