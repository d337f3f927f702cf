import { ERRORS, type ErrorCode, type FieldProblem, HTTP_CODES } from '@portico/protocol/errors';
import type { Texts } from '@portico/protocol/texts';
import type { FormState, PageName, PageView, ViewOf } from './views.ts';

/** Each page is sent its own texts and no others: they travel with every page, and count against its size. */
const OF_PAGE = {
  landing: (texts: Texts) => texts.pages.landing,
  'sign-in': (texts: Texts) => ({ ...texts.pages.signIn, ...texts.pages.site, providers: texts.pages.providers }),
  'sign-up': (texts: Texts) => ({ ...texts.pages.signUp, ...texts.pages.site, providers: texts.pages.providers }),
  'provider-return': (texts: Texts) => texts.pages.providerReturn,
  'verify-sign-in': (texts: Texts) => ({ ...texts.pages.verifySignIn, unusual: texts.unusual }),
  forgot: (texts: Texts) => texts.pages.forgot,
  reset: (texts: Texts) => texts.pages.reset,
  setup: (texts: Texts) => texts.pages.setup,
  'mail-link': (texts: Texts) => texts.pages.mailLink,
  dashboard: (texts: Texts) => texts.pages.dashboard,
  sites: (texts: Texts) => ({ ...texts.pages.sites, scopes: texts.scopes }),
  security: (texts: Texts) => texts.pages.security,
  activity: (texts: Texts) => ({ ...texts.pages.activity, words: texts.activity, unusual: texts.unusual }),
  account: (texts: Texts) => texts.pages.account,
  confirm: (texts: Texts) => texts.pages.confirm,
  consent: (texts: Texts) => texts.pages.consent,
  device: (texts: Texts) => ({ ...texts.pages.device, scopes: texts.scopes }),
  freshen: (texts: Texts) => texts.pages.freshen,
  onward: (texts: Texts) => texts.pages.onward,
  'sign-out': (texts: Texts) => texts.pages.signOut,
  error: (texts: Texts) => texts.pages.error,
  'dev-mail': (texts: Texts) => texts.pages.devMail,
} as const satisfies Record<PageName, (texts: Texts) => object>;

/** What can go wrong on any page that talks to the API. */
const ANYWHERE = [
  'bad_request',
  'invalid_fields',
  'csrf_failed',
  'origin_refused',
  'retry',
  'too_many_requests',
  'internal',
  'unavailable',
  'busy',
] as const satisfies readonly ErrorCode[];

/** What beginning a way through a provider can end with. */
const TO_PROVIDER = ['provider_failed', 'provider_not_offered'] as const satisfies readonly ErrorCode[];

/** What a way through a provider can end with. */
const AT_PROVIDER = [
  'bad_state',
  'provider_refused',
  'provider_email_missing',
  'provider_not_offered',
  'provider_failed',
  'email_taken',
  'identity_taken',
  'other_identity_linked',
  'signup_closed',
  'signup_by_invitation',
  'signup_domain_refused',
  'fresh_signin_required',
  'address_suspended',
  'account_throttled',
  'wrong_credentials',
  'signed_out',
  'session_ended',
] as const satisfies readonly ErrorCode[];

/** Who may have an account. */
const REFUSED_SIGN_UP = ['signup_closed', 'signup_by_invitation', 'signup_domain_refused'] as const satisfies readonly ErrorCode[];

const ERRORS_OF: Readonly<Record<PageName, readonly ErrorCode[]>> = {
  landing: [],
  'sign-in': [...ANYWHERE, 'provider_failed', 'provider_not_offered', 'wrong_credentials', 'account_throttled', 'address_suspended'],
  'provider-return': [...ANYWHERE, ...AT_PROVIDER],
  'sign-up': [
    ...ANYWHERE,
    ...REFUSED_SIGN_UP,
    'provider_failed',
    'provider_not_offered',
    'password_refused',
    'account_throttled',
    'address_suspended',
  ],
  'verify-sign-in': [
    ...ANYWHERE,
    ...REFUSED_SIGN_UP,
    'wrong_code',
    'code_expired',
    'signed_out',
    'session_ended',
    'account_throttled',
    'address_suspended',
  ],
  forgot: [...ANYWHERE, 'account_throttled', 'address_suspended'],
  reset: [...ANYWHERE, 'link_expired', 'password_refused', 'address_suspended'],
  setup: [
    ...ANYWHERE,
    'link_expired',
    'link_of_another',
    'email_taken',
    'password_refused',
    'address_suspended',
    'account_throttled',
    'session_ended',
    'signed_out',
  ],
  'mail-link': [...ANYWHERE, 'link_expired', 'email_taken', ...REFUSED_SIGN_UP, 'session_ended', 'signed_out', 'address_suspended'],
  dashboard: [...ANYWHERE, 'not_found', 'signed_out'],
  sites: [...ANYWHERE, 'not_found', 'signed_out'],
  security: [
    ...ANYWHERE,
    ...TO_PROVIDER,
    'signup_domain_refused',
    'address_suspended',
    'wrong_password',
    'password_refused',
    'account_throttled',
    'last_way_in',
    'not_found',
    'signed_out',
  ],
  activity: [...ANYWHERE, 'signed_out'],
  account: [...ANYWHERE, 'last_owner', 'signed_out'],
  confirm: [
    ...ANYWHERE,
    ...TO_PROVIDER,
    'wrong_password',
    'wrong_code',
    'code_expired',
    'account_throttled',
    'address_suspended',
    'signed_out',
  ],
  consent: [...ANYWHERE, 'request_expired', 'signed_out'],
  device: [...ANYWHERE, 'user_code_unknown', 'account_throttled', 'address_suspended', 'signed_out'],
  freshen: ANYWHERE,
  onward: [],
  'sign-out': ANYWHERE,
  error: [],
  'dev-mail': [],
};

const FIELDS_OF: Readonly<Record<PageName, readonly FieldProblem[]>> = {
  landing: [],
  'sign-in': ['missing', 'malformed', 'email_malformed', 'password_too_long'],
  'sign-up': ['missing', 'malformed', 'email_malformed', 'password_too_short', 'password_too_long', 'password_common', 'password_context'],
  'verify-sign-in': ['missing', 'malformed'],
  forgot: ['missing', 'malformed', 'email_malformed'],
  reset: ['missing', 'malformed', 'password_too_short', 'password_too_long', 'password_common', 'password_context'],
  setup: ['missing', 'malformed', 'email_malformed', 'password_too_short', 'password_too_long', 'password_common', 'password_context'],
  'mail-link': [],
  'provider-return': [],
  dashboard: [],
  sites: [],
  security: ['missing', 'malformed', 'email_malformed', 'password_too_short', 'password_too_long', 'password_common', 'password_context'],
  activity: [],
  account: ['missing', 'malformed', 'confirm_differs'],
  confirm: ['missing', 'malformed'],
  consent: [],
  device: [],
  freshen: [],
  onward: [],
  'sign-out': [],
  error: [],
  'dev-mail': [],
};

const NEW_PASSWORD: readonly PageName[] = ['sign-up', 'reset', 'setup', 'security'];
const ANY_PASSWORD: readonly PageName[] = [...NEW_PASSWORD, 'sign-in', 'confirm'];

/** The pages of a signed-in person that hang together by their links. */
const ROOMS = ['dashboard', 'sites', 'security', 'activity', 'account'] as const satisfies readonly PageName[];
export type RoomName = (typeof ROOMS)[number];
type OwnRoom = RoomName | 'confirm';

export interface PageTexts<P extends PageName = PageName> {
  readonly frame: Texts['pages']['frame'];
  readonly page: ReturnType<(typeof OF_PAGE)[P]>;
  readonly errors: Readonly<Partial<Record<ErrorCode, string>>>;
  readonly fields: Readonly<Partial<Record<FieldProblem, string>>>;
  /** What the pages of a signed-in person share. */
  readonly room: P extends OwnRoom ? Texts['pages']['room'] : null;
  readonly password: Texts['pages']['password'] | null;
  readonly newPassword: Texts['pages']['newPassword'] | null;
  /** The error page's own title, sentence and action. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly title: string;
  readonly sentence: string;
  readonly action: string;
  /** Where its action leads. */
  readonly next: 'landing' | 'signIn';
}

export function pageTexts<P extends PageName>(view: ViewOf<P>, texts: Texts): PageTexts<P> {
  const name: P = view.page;
  const any: PageView = view;
  const form = formOf(any);
  return {
    frame: texts.pages.frame,
    page: OF_PAGE[name](texts) as PageTexts<P>['page'],
    // The server may refuse a form for a reason that no list here foresees.
    errors: pick(texts.errors, form?.error ? [...ERRORS_OF[name], form.error] : ERRORS_OF[name]),
    fields: pick(texts.fields, [...FIELDS_OF[name], ...Object.values(form?.fields ?? {})]),
    room: (isRoom(name) ? texts.pages.room : null) as PageTexts<P>['room'],
    password: ANY_PASSWORD.includes(name) ? texts.pages.password : null,
    newPassword: NEW_PASSWORD.includes(name) ? texts.pages.newPassword : null,
    failure: any.page === 'error' ? failureOf(any, texts) : null,
  };
}

function isRoom(name: PageName): name is OwnRoom {
  return name === 'confirm' || ROOMS.some((room) => room === name);
}

/** An unknown status is told as 500. The reason is closer to what happened, as long as it is one of this status: anybody can write an address. */
export function failureOf(view: ViewOf<'error'>, texts: Texts): Failure {
  const byStatus: Readonly<Record<number, Omit<Failure, 'next'>>> = texts.errorPages;
  const words = Object.hasOwn(byStatus, view.status) ? byStatus[view.status] : undefined;
  // The start page knows where to go on from, for everybody but who is to sign in.
  if (words === undefined) return { ...texts.errorPages[500], next: 'landing' };
  const failure: Failure = { ...words, next: view.status === HTTP_CODES.unauthorized ? 'signIn' : 'landing' };
  if (view.reason === null || ERRORS[view.reason] !== view.status) return failure;
  const sentence = texts.errors[view.reason];
  const titles: Partial<Record<ErrorCode, string>> = texts.signInFailures;
  const title = titles[view.reason];
  const closer: Partial<Record<ErrorCode, string>> = texts.refusalTitles;
  return title === undefined
    ? { ...failure, title: closer[view.reason] ?? failure.title, sentence }
    : { title, sentence, action: texts.errorPages[HTTP_CODES.unauthorized].action, next: 'signIn' };
}

function formOf(view: PageView): FormState | null {
  return 'form' in view ? view.form : null;
}

function pick<K extends string>(all: Readonly<Record<K, string>>, keys: readonly K[]): Partial<Record<K, string>> {
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(all, key)).map((key) => [key, all[key]])) as Partial<Record<K, string>>;
}
