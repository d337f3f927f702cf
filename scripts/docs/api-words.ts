import type { COOKIES, CookieName, HEADERS } from '@portico/protocol/cookies';
import type { ErrorCode } from '@portico/protocol/errors';
import type { PAGES, SYSTEM } from '@portico/protocol/routes';

/** What the tables of docs/api.md say where the program itself has only a name. */

interface GuardWords {
  readonly sentence: string;
  readonly errors: readonly ErrorCode[];
}

/** By the name of the function in server/src/http/guards.ts. */
export const GUARDS: Readonly<Record<string, GuardWords>> = {
  open: { sentence: 'Anybody.', errors: [] },
  ownPages: {
    sentence: 'A browser must come from our own pages (`Sec-Fetch-Site`, exact `Origin`); a program that is no browser says nothing.',
    errors: ['origin_refused'],
  },
  ownOrigin: { sentence: 'The call must show that it comes from our own pages.', errors: ['origin_refused'] },
  browserClient: {
    sentence:
      'As `ownOrigin`; or a page whose exact `Origin` is that of an app in the browser (`spa`) on the same site, which speaks with the cookie of that app alone and may read the answer.',
    errors: ['origin_refused'],
  },
  browserClientReads: { sentence: 'As `browserClient`; our own pages send no `Origin` with a read.', errors: ['origin_refused'] },
  browserClientOrBody: {
    sentence: 'As `browserClient`; a program that brings its token in the body has no origin to show.',
    errors: ['origin_refused'],
  },
  namedByCookie: {
    sentence:
      'As `browserClient`, and the CSRF token of the session that the refresh cookie names, however old that cookie is. `signout` with a bearer token needs neither.',
    errors: ['origin_refused', 'csrf_failed'],
  },
  cookie: { sentence: 'An access token, as cookie or bearer. No database: a revocation arrives within a second.', errors: ['signed_out'] },
  cookieAndDatabase: { sentence: 'As `cookie`, and the database agrees now.', errors: ['signed_out'] },
  cookieAndCsrf: {
    sentence: 'As `cookie`. By cookie also our own origin and the CSRF token; a bearer token needs neither.',
    errors: ['signed_out', 'origin_refused', 'csrf_failed'],
  },
  cookieCsrfAndDatabase: {
    sentence: 'As `cookieAndCsrf`, and the database agrees now.',
    errors: ['signed_out', 'origin_refused', 'csrf_failed'],
  },
  client: {
    sentence:
      'The backend of a client site: client id and secret in the Authorization header, each form-encoded (RFC 6749 2.3.1). Cookies do not count.',
    errors: ['client_refused'],
  },
  userSomewhere: {
    sentence:
      'As `cookieCsrfAndDatabase`; or an access token of a client site as bearer, signed with a key of Portico’s, with a living grant behind it.',
    errors: ['signed_out', 'origin_refused', 'csrf_failed'],
  },
  secondaryPage: {
    sentence:
      'A script (`Sec-Fetch-Mode: cors`) of a page whose exact `Origin` is registered by a client of kind `secondary`. It alone may read the answer.',
    errors: ['origin_refused'],
  },
};

/** By the name of the limit in server/src/guessing/limits.ts. */
export const LIMITS: Readonly<Record<string, string>> = {
  'signin-account': 'wrong passwords for one account, from browsers that it does not know',
  'signin-device': 'wrong passwords for one account from one device that it knows',
  'guess-network': 'guesses of one network that are under way or were wrong, known devices not counted',
  'guess-wider-network': 'the same in an IPv4 /24 or IPv6 /48',
  'wrong-network': 'wrong guesses of one network; when it is full the network is suspended, each time for longer',
  'provider-network': 'codes of providers that proved nobody, from one network',
  'mail-network': 'letters that one network may cause, to whomever',
  'mail-address': 'letters to one address, whoever asks',
  'code-account': 'codes typed for one account',
  'held-codes': 'codes for held sign-ins of one account',
  'waiting-account': 'sign-ups with one address, or unusual sign-ins of one account that wait',
  'signin-codes': 'codes for unusual sign-ins of one account',
  'signin-notices': 'letters about sign-ins of one account from one place',
  'wrong-account': 'wrong passwords for one account; refuses nothing, but makes a new device more unusual',
  'proof-codes': 'codes for one signed-in user who shows once more who they are',
  'exports-user': 'exports of one signed-in user',
  'forced-resets': 'resets of one account that operators force',
  'authorize-network': 'requests of client sites kept for one network',
  'logout-tests': 'test logouts to one host',
  'device-network': 'codes asked for by devices of one network',
  'device-user': 'wrong codes of devices typed by one user',
  'password-user': 'own passwords typed by one signed-in user',
  'client-refusals': 'failed proofs of one client site that are written into the audit log; refuses nothing',
};

export const COOKIE_WORDS: Readonly<Record<keyof typeof COOKIES, string>> = {
  refresh: 'The refresh token of the browser. Lives as long as the sign-in, or until the browser closes.',
  access: 'An access token, for pages and for calls without a bearer token. As long as the token.',
  waiting: 'A sign-up, or an unusual sign-in, that waits for its code. 12 hours (`PORTICO_UNVERIFIED_LIFE`).',
  device: 'This browser, for "keep me signed in": set at a sign-in where it is missing. 400 days; survives sign-out.',
  csrf: 'The CSRF token, for the header `Portico-CSRF`. As long as the refresh token.',
  generation: 'The generation of the refresh token, for `Portico-Attempt`. As long as the refresh token.',
  transaction: 'One random value that form tokens, sign-ins at a provider and codes of held sign-ins are bound to. 400 days.',
  lastWay: 'The provider that was signed in with last, for the badge on its button. 400 days; a sign-in by password removes it.',
};

/** Set without HttpOnly. Never a token that signs in. */
export const READABLE: ReadonlySet<CookieName> = new Set(['portico_csrf', 'portico_g']);

export const HEADER_WORDS: Readonly<Record<keyof typeof HEADERS, string>> = {
  attempt:
    'Request, at `refresh` and `extend-auth-hard`: `<generation>.<128 random bits as base64url, 22 characters>`. Chosen once for each generation, stored before it is sent, repeated in every retry.',
  csrf: 'Request, where the guard asks for it: the `csrfToken` of the newest answer, or the cookie `portico_csrf`.',
  dpop: 'Request, at the OAuth endpoints: the proof of a key that refresh tokens are bound to (RFC 9449).',
  requestId: 'Answer: the name of this request in the log.',
};

export const PAGE_WORDS: Readonly<Record<keyof typeof PAGES, string>> = {
  landing: 'Start page, or the operator’s own (`PORTICO_STATIC_DIR`)',
  signIn: 'Sign in; `?returnTo=/path` says where to go afterwards, on our own origin only',
  signUp: 'Create an account',
  verifySignIn: 'Type the code',
  authCallback: 'Where a provider sends the browser back to; takes the code and signs in',
  verifyEmail: 'The link of a sign-up letter; works in the browser that signed up',
  confirmEmail: 'The link that proves a new address',
  undoEmail: 'The link that takes a change of address back',
  notMe: 'The link of a sign-in notice: ends every session and asks for a new password',
  forgot: 'Ask for a link to choose a new password',
  reset: 'Choose a new password with the link from the letter',
  dashboard: 'Profile, devices and sessions',
  dashboardSecurity: 'Ways in: address, password, linked services',
  dashboardActivity: 'What happened in the account',
  dashboardAccount: 'Name, export, deletion',
  dashboardSites: 'Connected sites: what they may know; sign out of one, or take back what it was allowed',
  consent: '"Continue to B as Ada": asked once for each site, or as the site is registered',
  device: 'Type the code that a device shows, and let it sign in',
  freshen: 'Rotates the browser’s own refresh token on the way to a site, where that was long ago',
  dashboardProof: 'Confirm who you are, before something sensitive',
  setup:
    'Where the one-use link of `portico admin link` leads: makes an owner; its secret is the fragment, which reaches no server by itself',
  signOut: 'Log out here or everywhere',
  error: '`?code=<status>&reason=<code>`: what went wrong, in words',
  devMail:
    'The letters of a development server, as a page or, with `Accept: application/json`, as `[{ to, subject, text, html, at }]`, newest first. Not in production; only from the machine itself',
};

export const SYSTEM_WORDS: Readonly<Record<keyof typeof SYSTEM, string>> = {
  openIdConfiguration: 'OpenID Connect Discovery: what the OAuth endpoints are and can do',
  oauthServer: 'The same for OAuth (RFC 8414)',
  jwks: 'The public keys that verify access tokens. Cache for 30 seconds at most',
  portico:
    'Where issuer, pages, API and keys are. With `?client_id=`, asked by a page of that client: `client` with `mode`, how its app holds a sign-in (`cookie`, `site` or `pkce`)',
  changePassword: 'Leads to the page where the password is changed, for password managers',
  health: '200 while the process lives',
  ready:
    '200 while this node serves: the database answers, its migrations fit, keys are loaded, the clocks differ by five seconds at most, and nobody asked it to end. Else 503, and `failing` names what is missing: `database`, `migrations`, `keys`, `clock`, `leaving`',
  metrics: 'Figures for Prometheus, for whoever shows PORTICO_METRICS_TOKEN ([observability](observability.md))',
  openapi: 'The API as OpenAPI 3.1, from the schemas that validate',
  assets: 'Scripts, styles and pictures of the pages, each named by its content',
};
