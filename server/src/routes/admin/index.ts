import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { AUDIT } from './audit.ts';
import { HOME } from './home.ts';
import { INVITATIONS } from './invitations.ts';
import { KEYS } from './keys.ts';
import { MAIL } from './mail.ts';
import { NEW_SITE } from './new-site.ts';
import { PROVIDERS } from './providers.ts';
import { SESSIONS } from './sessions.ts';
import { SETTINGS } from './settings.ts';
import { SITE } from './site.ts';
import { SITES } from './sites.ts';
import { SUSPENSIONS } from './suspensions.ts';
import { SYSTEM } from './system.ts';
import { USER } from './user.ts';
import { USERS } from './users.ts';

/** Every screen, act and file of the admin page; fixed addresses before those with a name in them. */
const ALL: readonly AdminRows[] = [
  HOME,
  SITES,
  NEW_SITE,
  SITE,
  USERS,
  USER,
  INVITATIONS,
  SESSIONS,
  SUSPENSIONS,
  AUDIT,
  KEYS,
  MAIL,
  PROVIDERS,
  SETTINGS,
  SYSTEM,
];

export const ADMIN_ROWS: AdminRows = {
  screens: ALL.flatMap(({ screens }) => screens),
  deeds: ALL.flatMap(({ deeds }) => deeds),
  exports: ALL.flatMap((rows) => rows.exports),
};
export const ADMIN_ROUTES = [...ADMIN_ROWS.screens, ...ADMIN_ROWS.deeds, ...ADMIN_ROWS.exports].map(({ route }) => route);
