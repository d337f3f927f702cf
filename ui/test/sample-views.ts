import { en } from '@portico/protocol/texts/en';
import type {
  ActivityItem,
  DevMail,
  FormState,
  Frame,
  IdentityItem,
  PageView,
  ProofWays,
  ProviderButton,
  Security,
  SessionItem,
  SiteItem,
  Waiting,
  WaitingDevice,
} from '../src/views.ts';

/** Every page in every state that looks different: for the budget, the tests and the eye. */
export interface Sample {
  readonly name: string;
  readonly view: PageView;
  readonly frame?: Partial<Frame>;
}

export const NOW = Date.UTC(2026, 10, 21, 14, 2);
const DAY = 86_400_000;

export const sampleFrame: Frame = {
  language: 'en',
  texts: en,
  host: 'auth.example.com',
  assetBase: '',
  apiOrigin: '',
  appOrigin: '',
  landingOrigin: '',
  formsWork: true,
  formToken: 'form-token-kM3xT0vB2Qp9',
  csrfToken: 'csrf-token-8sLw1Zr7Yd5e',
  userId: 'usr_1',
  requestId: '01JDK7Z9-3QWERT',
  now: NOW,
  passwordMin: 15,
  signUpOpen: true,
  development: false,
};

const blank: FormState = { values: {}, error: null, fields: {}, retryAfter: null };

const thisDevice: SessionItem = {
  id: 'ses_1',
  current: true,
  device: 'Firefox on Windows',
  address: '203.0.113.•••',
  createdAt: NOW - 9 * DAY,
  lastSeenAt: NOW - 60_000,
  expiresAt: NOW + 21 * DAY,
  methods: ['pwd', 'otp'],
  sites: ['Space Snake', 'Notes'],
};
const otherDevices: readonly SessionItem[] = [
  {
    ...thisDevice,
    id: 'ses_2',
    current: false,
    device: 'Safari on iPhone',
    address: '198.51.100.•••',
    lastSeenAt: NOW - DAY,
    methods: ['pwd'],
    sites: ['Notes'],
  },
  {
    ...thisDevice,
    id: 'ses_3',
    current: false,
    device: 'Chrome on Linux',
    address: '2001:db8:42:•••',
    lastSeenAt: NOW - 5 * DAY,
    methods: ['fed'],
    sites: [],
  },
];
/** A request of a site that waits. */
const REQUEST = '/oauth/authorize?client_id=snake&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Akept';
const asking = { name: 'Space Snake', initial: 'S', host: 'snake.example.net', logo: null };
const user = { id: 'usr_1', email: 'ada@example.com', displayName: 'Ada Lovelace', role: 'admin' } as const;

const waiting: Waiting = {
  reason: 'sign_up',
  maskedEmail: 'a••@example.com',
  codeSent: true,
  resendAt: NOW + 45_000,
  triesLeft: null,
  seen: null,
};

const github = { name: 'github', label: 'GitHub' };
const providers: readonly ProviderButton[] = [
  { ...github, lastUsed: false },
  { name: 'google', label: 'Google', lastUsed: true },
  { name: 'gitlab', label: 'GitLab', lastUsed: false },
  { name: 'discord', label: 'Discord', lastUsed: false },
  { name: 'house', label: 'House', lastUsed: false },
];

const identity = (authProvider: string, service: string, label: string, days: number): IdentityItem => ({
  authProvider,
  service,
  label,
  offered: true,
  linkedAt: NOW - 300 * DAY,
  lastUsedAt: NOW - days * DAY,
  hasTokens: true,
});
const linkedGithub = identity('github', 'GitHub', 'ada-lovelace', 2);
const linkedGoogle = identity('google', 'Google', 'ada@example.com', 40);
const linkable = [
  { authProvider: 'gitlab', service: 'GitLab' },
  { authProvider: 'discord', service: 'Discord' },
];
const security: Security = {
  email: 'ada@example.com',
  freshUntil: NOW * 2,
  hasPassword: true,
  items: [linkedGithub, linkedGoogle],
  linkable,
};
const site = (clientId: string, name: string, more: Partial<SiteItem> = {}): SiteItem => ({
  clientId,
  name,
  kind: 'web',
  scopes: ['email', 'offline_access', 'openid', 'profile'],
  roles: [],
  since: NOW - 100 * DAY,
  lastUsedAt: NOW - DAY,
  open: 1,
  current: false,
  ...more,
});
const waitingDevice: WaitingDevice = {
  userCode: 'WDJB-MJHT',
  app: 'Space Snake',
  device: 'Unknown browser on Linux',
  address: '203.0.113.x',
  scopes: ['openid', 'profile'],
  createdAt: NOW - 40_000,
  expiresAt: NOW + 560_000,
};

const sites: readonly SiteItem[] = [
  site('notes', 'Notes', { roles: ['editor', 'moderator'], open: 2, current: true }),
  site('space-snake', 'Space Snake', { kind: 'native', scopes: ['openid', 'profile'] }),
  site('long', 'A site whose name goes on and on beyond what fits on a small telephone', { open: 0, lastUsedAt: null, kind: 'spa' }),
];
const stale = 0;

const happened = (action: string, hours: number, more: Partial<ActivityItem> = {}): ActivityItem => ({
  id: `evt_${action}_${hours}`,
  at: NOW - hours * 3_600_000,
  action,
  reason: null,
  address: '203.0.113.x',
  device: 'Firefox on Windows',
  current: false,
  ...more,
});
const activity: readonly ActivityItem[] = [
  happened('proof.given', 0.1, { reason: 'pwd', current: true }),
  happened('signin.succeeded', 0.2, { reason: 'pwd', current: true }),
  happened('signin.failed', 20, { address: '198.51.100.x', device: 'Chrome on Linux' }),
  happened('signin.held', 21, { reason: '70 new_device new_network', address: '192.0.2.x', device: 'Chrome on Linux' }),
  happened('session.ended', 47, { reason: 'ended_by_user', device: 'Safari on iPhone' }),
  happened('profile.changed', 50),
  happened('password.changed', 200),
  happened('signup.completed', 4000),
];

const proof: ProofWays = {
  hasPassword: true,
  services: [{ authProvider: 'github', service: 'GitHub' }],
  codeSent: false,
  resendAt: 0,
  triesLeft: null,
};

const mails: readonly DevMail[] = [
  {
    to: 'ada@example.com',
    subject: '40817263 is your code for auth.example.com',
    text: 'Your code\n\n40817263\n\nType this code in the browser where you began. It works once, for 10 minutes, and only there.',
    html: '<p>Your code</p>',
    at: NOW - 120_000,
  },
  {
    to: 'ada@example.com',
    subject: 'You already have an account at auth.example.com',
    text: 'You have one already: sign in at https://auth.example.com/login\n\nIf this was not you, nothing happened.',
    html: '<p>You have one</p>',
    at: NOW - 3_600_000,
  },
];

const LINK_TOKEN = 'kM3xT0vB2Qp9kM3xT0vB2Qp9kM3xT0vB2Qp9kM3xT0v';
const STATUSES = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504];
const threeHosts: Partial<Frame> = {
  apiOrigin: 'https://api.example.com',
  appOrigin: 'https://app.example.com',
  landingOrigin: 'https://example.com',
  formsWork: false,
  formToken: null,
  csrfToken: null,
  userId: null,
};

export const sampleViews: readonly Sample[] = [
  { name: 'landing', view: { page: 'landing', status: 'SIGNED_OUT' } },
  { name: 'landing-signed-in', view: { page: 'landing', status: 'VERIFIED' } },
  { name: 'landing-held', view: { page: 'landing', status: 'HELD' } },
  { name: 'landing-three-hosts', view: { page: 'landing', status: null }, frame: threeHosts },
  { name: 'sign-in', view: { page: 'sign-in', form: blank, returnTo: '/dashboard', notice: null, providers, site: null } },
  { name: 'sign-in-notice', view: { page: 'sign-in', form: blank, returnTo: '', notice: 'session_ended', providers: [], site: null } },
  { name: 'sign-in-signed-out', view: { page: 'sign-in', form: blank, returnTo: '', notice: 'signed_out', providers: [], site: null } },
  { name: 'sign-in-not-me', view: { page: 'sign-in', form: blank, returnTo: '', notice: 'not_me', providers: [], site: null } },
  {
    name: 'sign-in-refused',
    view: {
      page: 'sign-in',
      form: {
        values: { email: 'ada@example' },
        error: 'account_throttled',
        fields: { email: 'email_malformed', password: 'missing' },
        retryAfter: 240,
      },
      returnTo: '/dashboard',
      notice: null,
      providers: [],
      site: null,
    },
  },
  {
    name: 'sign-in-three-hosts',
    view: { page: 'sign-in', form: blank, returnTo: '', notice: null, providers, site: null },
    frame: threeHosts,
  },
  { name: 'setup', view: { page: 'setup', form: blank, email: null, unread: false, token: '' } },
  {
    name: 'setup-refused',
    view: {
      page: 'setup',
      form: { ...blank, values: { email: 'ada@example.com' }, error: 'password_refused', fields: { password: 'password_too_short' } },
      email: null,
      unread: false,
      token: 'kM3xT0vB2Qp9',
    },
  },
  { name: 'setup-known', view: { page: 'setup', form: { ...blank, error: 'email_taken' }, email: null, unread: false, token: '' } },
  { name: 'setup-own', view: { page: 'setup', form: blank, email: 'ada@example.com', unread: false, token: '' } },
  { name: 'setup-over', view: { page: 'setup', form: { ...blank, error: 'link_expired' }, email: null, unread: false, token: '' } },
  { name: 'sign-up', view: { page: 'sign-up', form: blank, returnTo: '', providers, invitation: null, closed: null, site: null } },
  {
    name: 'sign-up-refused',
    view: {
      page: 'sign-up',
      form: {
        values: { email: 'ada@example.com', displayName: 'Ada' },
        error: 'password_refused',
        fields: { password: 'password_too_short' },
        retryAfter: null,
      },
      returnTo: '',
      providers: [],
      invitation: null,
      closed: null,
      site: null,
    },
  },
  {
    name: 'sign-up-invited',
    view: {
      page: 'sign-up',
      form: blank,
      returnTo: '',
      providers: [],
      invitation: { token: LINK_TOKEN, email: 'ada@example.com' },
      closed: null,
      site: null,
    },
    frame: { signUpOpen: false },
  },
  {
    name: 'sign-up-closed',
    view: { page: 'sign-up', form: blank, returnTo: '', providers: [], invitation: null, closed: 'signup_by_invitation', site: null },
    frame: { signUpOpen: false },
  },
  {
    name: 'sign-in-reset',
    view: { page: 'sign-in', form: blank, returnTo: '', notice: 'password_reset', providers: [], site: null },
    frame: { signUpOpen: false },
  },
  { name: 'landing-closed', view: { page: 'landing', status: 'SIGNED_OUT' }, frame: { signUpOpen: false } },
  { name: 'forgot', view: { page: 'forgot', form: blank, sent: false } },
  { name: 'forgot-sent', view: { page: 'forgot', form: blank, sent: true } },
  {
    name: 'forgot-refused',
    view: {
      page: 'forgot',
      form: { values: { email: 'ada@example' }, error: 'invalid_fields', fields: { email: 'email_malformed' }, retryAfter: null },
      sent: false,
    },
  },
  { name: 'reset', view: { page: 'reset', form: blank, token: LINK_TOKEN } },
  {
    name: 'reset-refused',
    view: {
      page: 'reset',
      form: { values: {}, error: 'password_refused', fields: { password: 'password_common' }, retryAfter: null },
      token: LINK_TOKEN,
    },
  },
  { name: 'reset-over', view: { page: 'reset', form: blank, token: null } },
  { name: 'reset-three-hosts', view: { page: 'reset', form: blank, token: LINK_TOKEN }, frame: threeHosts },
  ...(['verifyEmail', 'confirmEmail', 'undoEmail', 'notMe'] as const).flatMap((act): Sample[] => [
    { name: `link-${act}`, view: { page: 'mail-link', act, token: LINK_TOKEN, form: blank, done: false } },
    { name: `link-${act}-over`, view: { page: 'mail-link', act, token: null, form: { ...blank, error: 'link_expired' }, done: false } },
  ]),
  {
    name: 'link-taken',
    view: { page: 'mail-link', act: 'confirmEmail', token: LINK_TOKEN, form: { ...blank, error: 'email_taken' }, done: false },
  },
  { name: 'link-confirmed', view: { page: 'mail-link', act: 'confirmEmail', token: null, form: blank, done: true } },
  { name: 'link-disowned', view: { page: 'mail-link', act: 'notMe', token: null, form: blank, done: true } },
  { name: 'link-undone', view: { page: 'mail-link', act: 'undoEmail', token: null, form: blank, done: true } },
  {
    name: 'provider-return',
    view: {
      page: 'provider-return',
      provider: github,
      answer: { tokenExchangeCode: 'c0de', csrfState: 'v1.5tate' },
      declined: false,
      form: blank,
    },
  },
  { name: 'provider-declined', view: { page: 'provider-return', provider: github, answer: null, declined: true, form: blank } },
  {
    name: 'provider-refused',
    view: { page: 'provider-return', provider: github, answer: null, declined: false, form: { ...blank, error: 'email_taken' } },
  },
  { name: 'verify-sign-up', view: { page: 'verify-sign-in', form: blank, returnTo: '', ...waiting } },
  {
    name: 'verify-wrong-code',
    view: {
      page: 'verify-sign-in',
      form: { values: {}, error: 'wrong_code', fields: {}, retryAfter: null },
      returnTo: '/dashboard',
      ...waiting,
      reason: 'unusual',
      seen: { device: 'Firefox on Windows', at: NOW, reasons: ['new_device', 'new_network'] },
      triesLeft: 3,
      resendAt: NOW,
    },
  },
  {
    name: 'verify-held',
    view: { page: 'verify-sign-in', form: blank, returnTo: '', ...waiting, reason: 'held', codeSent: false, resendAt: NOW },
  },
  {
    name: 'verify-three-hosts',
    view: {
      page: 'verify-sign-in',
      form: blank,
      returnTo: '',
      reason: null,
      maskedEmail: '',
      codeSent: true,
      resendAt: 0,
      triesLeft: null,
      seen: null,
    },
    frame: threeHosts,
  },
  {
    name: 'dashboard',
    view: {
      page: 'dashboard',
      account: { user, createdAt: NOW - 400 * DAY, sessions: [thisDevice, ...otherDevices] },
      form: blank,
      notice: null,
    },
  },
  {
    name: 'dashboard-alone',
    view: {
      page: 'dashboard',
      account: { user: { ...user, displayName: '', role: 'user' }, createdAt: NOW, sessions: [thisDevice] },
      form: { values: {}, error: 'not_found', fields: {}, retryAfter: null },
      notice: null,
    },
  },
  {
    name: 'dashboard-notice',
    view: { page: 'dashboard', account: { user, createdAt: NOW, sessions: [thisDevice] }, form: blank, notice: 'others_ended' },
  },
  {
    name: 'dashboard-error',
    view: {
      page: 'dashboard',
      account: { user, createdAt: NOW, sessions: [thisDevice, ...otherDevices] },
      form: { ...blank, error: 'unavailable', retryAfter: 5 },
      notice: null,
    },
  },
  { name: 'dashboard-loading', view: { page: 'dashboard', account: null, form: blank, notice: null }, frame: threeHosts },
  { name: 'dashboard-renew', view: { page: 'dashboard', account: null, form: blank, notice: null } },
  { name: 'security', view: { page: 'security', security, form: blank, refused: null, notice: 'unlinked' } },
  {
    name: 'security-refused',
    view: {
      page: 'security',
      security: { ...security, items: [], linkable: [] },
      form: { values: {}, error: 'wrong_password', fields: { currentPassword: 'malformed' }, retryAfter: null },
      refused: 'password',
      notice: null,
    },
  },
  {
    name: 'security-stale',
    view: { page: 'security', security: { ...security, freshUntil: stale }, form: blank, refused: null, notice: null },
  },
  {
    name: 'security-last-way',
    view: {
      page: 'security',
      security: { ...security, hasPassword: false, items: [linkedGithub] },
      form: { ...blank, error: 'last_way_in' },
      refused: 'services',
      notice: null,
    },
  },
  {
    name: 'security-first-password',
    view: {
      page: 'security',
      security: { ...security, hasPassword: false, freshUntil: stale, items: [linkedGithub] },
      form: blank,
      refused: null,
      notice: null,
    },
  },
  {
    name: 'security-loading',
    view: { page: 'security', security: null, form: blank, refused: null, notice: null },
    frame: threeHosts,
  },
  { name: 'security-renew', view: { page: 'security', security: null, form: blank, refused: null, notice: null } },
  { name: 'sites-renew', view: { page: 'sites', sites: null, form: blank, notice: null } },
  { name: 'sites', view: { page: 'sites', sites, form: blank, notice: 'site_left' } },
  { name: 'sites-empty', view: { page: 'sites', sites: [], form: blank, notice: null } },
  { name: 'sites-loading', view: { page: 'sites', sites: null, form: blank, notice: null }, frame: threeHosts },
  { name: 'activity-renew', view: { page: 'activity', activity: null, cursor: null } },
  { name: 'account-renew', view: { page: 'account', profile: null, form: blank, refused: null, notice: null } },
  {
    name: 'confirm-renew',
    view: { page: 'confirm', proof: null, form: blank, returnTo: '/dashboard/account', back: '/dashboard/account' },
  },
  { name: 'activity', view: { page: 'activity', activity: { items: activity, next: 'mhzz.AAAA' }, cursor: null } },
  { name: 'activity-last', view: { page: 'activity', activity: { items: activity.slice(5), next: null }, cursor: 'mhzz.AAAA' } },
  { name: 'activity-empty', view: { page: 'activity', activity: { items: [], next: null }, cursor: 'mhzz.AAAA' } },
  { name: 'activity-loading', view: { page: 'activity', activity: null, cursor: null }, frame: threeHosts },
  {
    name: 'account',
    view: { page: 'account', profile: { user, freshUntil: NOW * 2 }, form: blank, refused: null, notice: 'name_changed' },
  },
  { name: 'account-stale', view: { page: 'account', profile: { user, freshUntil: stale }, form: blank, refused: null, notice: null } },
  {
    name: 'account-refused',
    view: {
      page: 'account',
      profile: { user, freshUntil: NOW * 2 },
      form: { values: {}, error: 'invalid_fields', fields: { confirm: 'confirm_differs' }, retryAfter: null },
      refused: 'delete',
      notice: null,
    },
  },
  {
    name: 'account-loading',
    view: { page: 'account', profile: null, form: blank, refused: null, notice: null },
    frame: threeHosts,
  },
  { name: 'confirm', view: { page: 'confirm', proof, form: blank, returnTo: '/dashboard/account', back: '/dashboard/account' } },
  {
    name: 'confirm-wrong-password',
    view: {
      page: 'confirm',
      proof,
      form: { values: {}, error: 'wrong_password', fields: { password: 'malformed' }, retryAfter: null },
      returnTo: '/dashboard/account',
      back: '/dashboard/account',
    },
  },
  {
    name: 'confirm-wrong-code',
    view: {
      page: 'confirm',
      proof: { ...proof, codeSent: true, resendAt: NOW, triesLeft: 3 },
      form: { ...blank, error: 'wrong_code' },
      returnTo: '/dashboard/account',
      back: '/dashboard/account',
    },
  },
  {
    name: 'confirm-without-password',
    view: {
      page: 'confirm',
      proof: { ...proof, hasPassword: false },
      form: blank,
      returnTo: '/dashboard/security',
      back: '/dashboard/security',
    },
  },
  {
    name: 'confirm-loading',
    view: { page: 'confirm', proof: null, form: blank, returnTo: '/dashboard', back: '/dashboard' },
    frame: threeHosts,
  },
  { name: 'sign-in-deleted', view: { page: 'sign-in', form: blank, returnTo: '', notice: 'account_deleted', providers: [], site: null } },
  { name: 'sign-out', view: { page: 'sign-out', site: null, next: '', returnTo: '' } },
  {
    name: 'sign-out-asked',
    view: { page: 'sign-out', site: { name: 'Space Snake' }, next: '/oauth/logout?client_id=snake', returnTo: '' },
  },
  { name: 'sign-in-for-site', view: { page: 'sign-in', form: blank, returnTo: REQUEST, notice: null, providers, site: asking } },
  {
    name: 'sign-up-for-site',
    view: { page: 'sign-up', form: blank, returnTo: REQUEST, providers: [], invitation: null, closed: null, site: asking },
  },
  {
    name: 'consent',
    view: {
      page: 'consent',
      site: asking,
      scopes: ['openid', 'profile', 'email', 'offline_access', 'scores.write'],
      user,
      until: NOW + 30 * DAY,
      returnTo: REQUEST,
      form: blank,
    },
  },
  {
    name: 'consent-on-device',
    view: {
      page: 'consent',
      site: { ...asking, host: null, logo: '/assets/snake.png' },
      scopes: ['openid'],
      user: { ...user, displayName: '' },
      until: null,
      returnTo: REQUEST,
      form: { ...blank, error: 'unavailable' },
    },
  },
  {
    name: 'consent-loading',
    view: { page: 'consent', site: asking, scopes: ['openid'], user: null, until: null, returnTo: REQUEST, form: blank },
    frame: threeHosts,
  },
  { name: 'device', view: { page: 'device', typed: 'WDJB-MJHT', waiting: null, answered: null, form: blank } },
  {
    name: 'device-refused',
    view: { page: 'device', typed: 'WDJB-MJHX', waiting: null, answered: null, form: { ...blank, error: 'user_code_unknown' } },
  },
  { name: 'device-asked', view: { page: 'device', typed: waitingDevice.userCode, waiting: waitingDevice, answered: null, form: blank } },
  { name: 'device-approved', view: { page: 'device', typed: '', waiting: null, answered: 'approved', form: blank } },
  { name: 'device-loading', view: { page: 'device', typed: '', waiting: null, answered: null, form: blank }, frame: threeHosts },
  { name: 'freshen', view: { page: 'freshen', returnTo: REQUEST, form: blank } },
  { name: 'freshen-again', view: { page: 'freshen', returnTo: REQUEST, form: { ...blank, error: 'retry' } } },
  { name: 'onward', view: { page: 'onward', to: REQUEST } },
  ...STATUSES.map((status): Sample => ({ name: `error-${status}`, view: { page: 'error', status, reason: null } })),
  { name: 'error-unknown', view: { page: 'error', status: 418, reason: null } },
  { name: 'error-reason', view: { page: 'error', status: 409, reason: 'retry' } },
  { name: 'dev-mail', view: { page: 'dev-mail', mails }, frame: { development: true } },
  { name: 'dev-mail-empty', view: { page: 'dev-mail', mails: [] }, frame: { development: true } },
];

/** The names of those that are looked at one by one: the sixteen error pages differ only in their words. */
export const samples: readonly string[] = sampleViews.map(({ name }) => name).filter((name) => !/^error-(?!404|503|reason)/.test(name));
