import { type ADMIN_EXPORTS, ADMIN_FORMS, ADMIN_PAGES, type AdminAct, type AdminScreenName, type StaffRole } from '@portico/protocol/admin';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';

/**
 * Who gets through where. `open`: everybody, and the verb decides by what the request shows; `person`: whoever is signed in; `site`: a
 * client site by its secret; `token`: a person, or a site by its token; `secondary`: the page of a secondary server.
 */
export type Access = 'open' | 'person' | 'token' | 'site' | 'secondary' | StaffRole;

/** By the name of a guard; those of the admin page are looked up by what they lead to. */
export const BY_GUARD: Readonly<Record<string, Access>> = {
  open: 'open',
  ownPages: 'open',
  ownOrigin: 'open',
  browserClient: 'open',
  browserClientReads: 'open',
  browserClientOrBody: 'open',
  namedByCookie: 'open',
  cookie: 'person',
  cookieAndDatabase: 'person',
  cookieAndCsrf: 'person',
  cookieCsrfAndDatabase: 'person',
  userSomewhere: 'token',
  client: 'site',
  secondaryPage: 'secondary',
};

export const SCREENS: Readonly<Record<AdminScreenName, StaffRole>> = {
  home: 'support',
  sites: 'support',
  newSite: 'admin',
  site: 'support',
  users: 'support',
  user: 'support',
  invitations: 'support',
  sessions: 'support',
  suspensions: 'support',
  audit: 'support',
  keys: 'support',
  mail: 'support',
  providers: 'support',
  settings: 'support',
  system: 'support',
};

export const FILES: Readonly<Record<keyof typeof ADMIN_EXPORTS, StaffRole>> = { users: 'support', sessions: 'support', audit: 'support' };

/** An admin acts; what gives rights, ends keys or cannot be brought back is an owner's. */
export const ACTS: Readonly<Record<AdminAct, StaffRole>> = {
  addSite: 'admin',
  changeSite: 'admin',
  rotateSecret: 'admin',
  rotateSigningSecret: 'admin',
  replaceSiteKeys: 'admin',
  testLogout: 'admin',
  disableSite: 'admin',
  enableSite: 'admin',
  removeSite: 'admin',
  setSiteRoles: 'admin',
  setRole: 'owner',
  setUserSiteRoles: 'admin',
  suspendUser: 'admin',
  reinstateUser: 'admin',
  forceReset: 'admin',
  endUserSessions: 'admin',
  unlinkIdentity: 'admin',
  deleteUser: 'owner',
  invite: 'admin',
  withdrawInvitation: 'admin',
  endSession: 'admin',
  liftSuspension: 'admin',
  allowNetwork: 'admin',
  disallowNetwork: 'admin',
  rotateKeys: 'owner',
  dropKey: 'owner',
  retryMail: 'admin',
  dropMail: 'admin',
  retryLogout: 'admin',
  testProvider: 'admin',
  runJob: 'admin',
};

/** Pages of a signed-in person, and their forms; every other page is open, and so are the forms before a sign-in. */
const ROOMS: ReadonlySet<string> = new Set([
  PAGES.dashboard,
  PAGES.dashboardSecurity,
  PAGES.dashboardActivity,
  PAGES.dashboardAccount,
  PAGES.dashboardProof,
  PAGES.dashboardSites,
  PAGES.device,
  PAGES.consent,
  PAGE_FORMS.dashboardPassword,
  PAGE_FORMS.dashboardEndSession,
  PAGE_FORMS.dashboardEndOthers,
  PAGE_FORMS.dashboardExtend,
  PAGE_FORMS.dashboardEmail,
  PAGE_FORMS.dashboardUnlink,
  PAGE_FORMS.dashboardLink,
  PAGE_FORMS.dashboardName,
  PAGE_FORMS.dashboardExport,
  PAGE_FORMS.dashboardDelete,
  PAGE_FORMS.dashboardProofCode,
  PAGE_FORMS.dashboardProofProvider,
  PAGE_FORMS.dashboardLeaveSite,
  PAGE_FORMS.consentDeny,
  PAGE_FORMS.deviceAnswer,
  PAGE_FORMS.setupOwn,
]);
const OPEN_PAGES: ReadonlySet<string> = new Set([
  PAGES.landing,
  PAGES.signIn,
  PAGES.signUp,
  PAGES.verifySignIn,
  PAGES.authCallback,
  PAGES.verifyEmail,
  PAGES.confirmEmail,
  PAGES.undoEmail,
  PAGES.notMe,
  PAGES.forgot,
  PAGES.reset,
  PAGES.freshen,
  PAGES.setup,
  PAGES.signOut,
  PAGES.error,
  PAGES.devMail,
  PAGE_FORMS.verifyResend,
  PAGE_FORMS.verifyNotMe,
  PAGE_FORMS.verifyOtherAccount,
  // A sign-out, and of a sign-in that waits as well.
  PAGE_FORMS.consentOtherAccount,
]);

/** Null: a page that nobody has thought about. */
export function accessOfPage(url: string): Access | null {
  if (ROOMS.has(url)) return 'person';
  if (OPEN_PAGES.has(url)) return 'open';
  const screen = (Object.keys(ADMIN_PAGES) as AdminScreenName[]).find((name) => ADMIN_PAGES[name] === url);
  return screen === undefined ? null : SCREENS[screen];
}

export const isForm = (url: string): boolean => url.startsWith(`${ADMIN_FORMS}/`) || Object.values<string>(PAGE_FORMS).includes(url);
