import { APP_PATHS, AUTH_PREFIX, AUTHORIZE, PORTICO_DOCUMENT, VERIFY_SIGN_IN_PAGE } from './app-routes.ts';

/** Every path that Portico answers, once. Server, pages and SDKs import them; a path written anywhere else fails the architecture test. */

export { AUTH_PREFIX };
/** The second spelling of the same prefix (both stand in the founding documents). */
export const AUTH_PREFIX_ALIAS = '/api/auth/v1';

/** Below `AUTH_PREFIX`. `:authProvider` and `:id` are filled with `fillPath`. */
export const AUTH_PATHS = {
  signUp: '/signup',
  signInCredential: '/signin/credential',
  signIn: '/signin/:authProvider',
  oAuthUrl: '/get-oauth-url/:authProvider',
  providerStart: '/:authProvider',
  providerCallback: '/:authProvider/callback',
  verifySignIn: '/verify-signin',
  resendCode: '/resend-code',
  notMe: '/not-me',
  ...APP_PATHS,
  forgotPassword: '/forgot-password',
  resetPassword: '/reset-password',
  verifyEmail: '/verify-email',
  confirmEmail: '/confirm-email',
  undoEmail: '/undo-email',
  setup: '/setup',
  setupLink: '/setup/link',
  me: '/me',
  myEmail: '/me/email',
  myExport: '/me/export',
  myActivity: '/me/activity',
  myProof: '/me/proof',
  myProofCode: '/me/proof/code',
  myProofByProvider: '/me/proof/:authProvider',
  myIdentities: '/me/identities',
  myIdentity: '/me/identities/:authProvider',
  myIdentityTokens: '/me/identities/:authProvider/tokens',
  myPassword: '/me/password',
  mySites: '/me/sites',
  mySite: '/me/sites/:clientId',
  myJoinTicket: '/me/join-ticket',
  consent: '/consent',
  mySetup: '/me/setup',
  myDevice: '/me/device',
  myDeviceAnswer: '/me/device/answer',
  mySessions: '/me/sessions',
  mySession: '/me/sessions/:id',
} as const;

export const PAGES = {
  landing: '/',
  signIn: '/login',
  signUp: '/signup',
  verifySignIn: VERIFY_SIGN_IN_PAGE,
  authCallback: '/auth/callback/:authProvider',
  verifyEmail: '/auth/verify-email',
  confirmEmail: '/auth/confirm-email',
  undoEmail: '/auth/undo-email',
  notMe: '/auth/not-me',
  forgot: '/forgot',
  reset: '/reset',
  dashboard: '/dashboard',
  dashboardSecurity: '/dashboard/security',
  dashboardActivity: '/dashboard/activity',
  dashboardAccount: '/dashboard/account',
  dashboardProof: '/dashboard/confirm',
  dashboardSites: '/dashboard/sites',
  consent: '/consent',
  device: '/device',
  freshen: '/continue',
  setup: '/setup',
  signOut: '/logout',
  error: '/error',
  devMail: '/dev/mail',
} as const;

/** Form posts of the dashboard: what a page without JavaScript submits to. */
export const PAGE_FORMS = {
  dashboardPassword: '/dashboard/password',
  dashboardEndSession: '/dashboard/sessions/end',
  dashboardEndOthers: '/dashboard/sessions/end-others',
  dashboardExtend: '/dashboard/extend',
  dashboardEmail: '/dashboard/security/email',
  dashboardUnlink: '/dashboard/security/unlink',
  dashboardLink: '/dashboard/security/link',
  dashboardName: '/dashboard/account/name',
  dashboardExport: '/dashboard/account/export',
  dashboardDelete: '/dashboard/account/delete',
  dashboardProofCode: '/dashboard/confirm/code',
  dashboardProofProvider: '/dashboard/confirm/service',
  dashboardLeaveSite: '/dashboard/sites/leave',
  consentDeny: '/consent/deny',
  consentOtherAccount: '/consent/other-account',
  deviceAnswer: '/device/answer',
  setupOwn: '/setup/own',
  verifyResend: '/auth/verify-signin/resend',
  verifyNotMe: '/auth/verify-signin/not-me',
  verifyOtherAccount: '/auth/verify-signin/other-account',
} as const;

/** OAuth 2.1 and OpenID Connect. */
export const OAUTH = {
  authorize: AUTHORIZE,
  pushed: '/oauth/par',
  token: '/oauth/token',
  deviceAuthorization: '/oauth/device_authorization',
  revoke: '/oauth/revoke',
  introspect: '/oauth/introspect',
  userinfo: '/oauth/userinfo',
  logout: '/oauth/logout',
} as const;

/** The same in plain JSON, for a backend with its client secret. Below `EXTERNAL_PREFIX`. */
export const EXTERNAL_PREFIX = '/api/v1/external';
export const EXTERNAL_PATHS = {
  token: '/token',
  refresh: '/refresh',
  peek: '/peek',
  session: '/session',
  signOut: '/signout',
  redeemTicket: '/sso/ticket/redeem',
  join: '/join',
} as const;

export const SSO = {
  ticket: '/api/v1/sso/ticket',
  redeemTicket: '/api/v1/sso/ticket/redeem',
} as const;

export const REVOCATIONS = {
  stream: '/api/v1/revocations/stream',
  poll: '/api/v1/revocations',
} as const;

export const SYSTEM = {
  openIdConfiguration: '/.well-known/openid-configuration',
  oauthServer: '/.well-known/oauth-authorization-server',
  jwks: '/.well-known/jwks.json',
  portico: PORTICO_DOCUMENT,
  changePassword: '/.well-known/change-password',
  health: '/healthz',
  ready: '/readyz',
  metrics: '/metrics',
  openapi: '/openapi.json',
  assets: '/assets',
} as const;

/** What `@portico/server/site` answers at a site with a backend of its own, below `SITE_PREFIX`; `@portico/client` calls it there. */
export const SITE_PREFIX = '/auth';
export const SITE_PATHS = {
  signIn: '/login',
  callback: '/callback',
  refresh: '/refresh',
  me: '/me',
  signOut: '/logout',
  backchannelLogout: '/backchannel-logout',
} as const;

/** What `@portico/server/secondary` answers at an auth server that takes over sign-ins, below `SITE_PREFIX`. */
export const SECONDARY_PATHS = { begin: '/begin', signIn: '/login', callback: '/callback' } as const;

/** Fills `:name` parts: `fillPath(AUTH_PATHS.mySession, { id })`. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

/** The full path of an API call. */
export function authPath(name: keyof typeof AUTH_PATHS): string {
  return AUTH_PREFIX + AUTH_PATHS[name];
}
