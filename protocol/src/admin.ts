import type { Role } from './tokens.ts';

/** The admin page and its API: paths, who may do what, and the limits that pages and server share. */

/** Who may read the admin page; of these `admin` acts, and `owner` decides about roles and keys. */
export type StaffRole = Exclude<Role, 'user'>;

/** A destructive act needs a proof of who one is that is at most this old, in milliseconds. */
export const ADMIN_FRESH_FOR = 5 * 60_000;

export const ADMIN_PREFIX = '/api/v1/admin';

/** What is read, below `ADMIN_PREFIX`: each is a screen too. */
export const ADMIN_READS = {
  home: '/home',
  sites: '/clients',
  newSite: '/clients/new',
  site: '/clients/:clientId',
  users: '/users',
  user: '/users/:userId',
  invitations: '/invitations',
  sessions: '/sessions',
  suspensions: '/suspensions',
  audit: '/events',
  keys: '/keys',
  mail: '/mail',
  providers: '/providers',
  settings: '/settings',
  system: '/system',
} as const;
export type AdminScreenName = keyof typeof ADMIN_READS;

/** Where it begins, for people. */
export const ADMIN_HOME = '/admin';

/** The same for people. */
export const ADMIN_PAGES = {
  home: ADMIN_HOME,
  sites: '/admin/sites',
  newSite: '/admin/sites/new',
  site: '/admin/sites/:clientId',
  users: '/admin/users',
  user: '/admin/users/:userId',
  invitations: '/admin/invitations',
  sessions: '/admin/sessions',
  suspensions: '/admin/suspensions',
  audit: '/admin/audit',
  keys: '/admin/keys',
  mail: '/admin/mail',
  providers: '/admin/providers',
  settings: '/admin/settings',
  system: '/admin/system',
} as const satisfies Record<AdminScreenName, string>;

/** Lists as CSV, below `ADMIN_PREFIX` and, for people, below the admin page. */
export const ADMIN_EXPORTS = {
  users: '/users.csv',
  sessions: '/sessions.csv',
  audit: '/events.csv',
} as const;
export const ADMIN_EXPORT_PAGES = '/admin/export';

/**
 * What is done, all by POST below `ADMIN_PREFIX`: destructive acts bring the typed name in the body, and a DELETE has none. A plain form
 * posts to the same path below `ADMIN_FORMS`.
 */
export const ADMIN_ACTS = {
  addSite: '/clients',
  changeSite: '/clients/:clientId/change',
  rotateSecret: '/clients/:clientId/rotate-secret',
  rotateSigningSecret: '/clients/:clientId/rotate-signing-secret',
  replaceSiteKeys: '/clients/:clientId/replace-keys',
  testLogout: '/clients/:clientId/test-logout',
  disableSite: '/clients/:clientId/disable',
  enableSite: '/clients/:clientId/enable',
  removeSite: '/clients/:clientId/remove',
  setSiteRoles: '/clients/:clientId/roles',
  setRole: '/users/:userId/role',
  setUserSiteRoles: '/users/:userId/site-roles',
  suspendUser: '/users/:userId/suspend',
  reinstateUser: '/users/:userId/reinstate',
  forceReset: '/users/:userId/force-reset',
  endUserSessions: '/users/:userId/end-sessions',
  unlinkIdentity: '/users/:userId/unlink',
  deleteUser: '/users/:userId/delete',
  invite: '/invitations',
  withdrawInvitation: '/invitations/withdraw',
  endSession: '/sessions/:sessionId/end',
  liftSuspension: '/suspensions/lift',
  allowNetwork: '/suspensions/allow',
  disallowNetwork: '/suspensions/disallow',
  rotateKeys: '/keys/rotate',
  dropKey: '/keys/:keyId/drop',
  retryMail: '/mail/letters/:mailId/retry',
  dropMail: '/mail/letters/:mailId/drop',
  retryLogout: '/mail/logouts/:logoutId/retry',
  testProvider: '/providers/:authProvider/test',
  runJob: '/system/run-job',
} as const;
export type AdminAct = keyof typeof ADMIN_ACTS;

export const ADMIN_FORMS = '/admin/do';

/** Rows of a page of a list, unless asked otherwise, and at most. */
export const ADMIN_PAGE_ROWS = 25;
export const ADMIN_PAGE_ROWS_MAX = 100;

/** What waits in an outbox is counted no further than this. */
export const OUTBOX_COUNTED_MOST = 1000;
