import type { COOKIES } from '@portico/protocol/cookies';
import type { ErrorCode } from '@portico/protocol/errors';

type Cookie = keyof typeof COOKIES;

/** What docs/api.md says about one call beyond its row in server/src/app.ts. `api-calls.test.ts` holds it against the server. */
export interface Call {
  readonly sentence: string;
  /** Names of `FIELDS`; a name with `?` is answered only where its sentence says so. None: 204 without a body. */
  readonly answer: readonly string[];
  /** What each of `items` is, where there are any. */
  readonly items?: keyof typeof SHAPES;
  readonly sets: readonly Cookie[];
  readonly clears: readonly Cookie[];
  /** Answered with 302 and no body. */
  readonly redirects?: true;
  /** Beside those of the guard and those that every call can give. */
  readonly errors: readonly ErrorCode[];
}

const SIGNED_IN = ['accessToken', 'expiresIn', 'gen', 'csrfToken', 'user', 'expiresAt'];
const SESSION_COOKIES: readonly Cookie[] = ['refresh', 'access', 'csrf', 'generation'];
const SPENDING: readonly ErrorCode[] = ['bad_attempt', 'refresh_invalid', 'session_ended', 'session_held', 'retry'];

const AT_PROVIDER: readonly ErrorCode[] = ['not_found', 'provider_not_offered', 'provider_failed'];

/** By method and path below the prefix. */
export const CALLS: Readonly<Record<string, Call>> = {
  'POST /signup': {
    sentence:
      'Signs nobody in and tells nobody whether the address is known: the answer is the same, byte for byte, after the same work. A new address is mailed a code, a known one "you already have an account". Who may sign up is set by the operator; what is refused for that reason is refused alike for every address of a domain.',
    answer: ['status', 'verifyUrl'],
    sets: ['waiting'],
    clears: [],
    errors: [
      'signup_closed',
      'signup_by_invitation',
      'signup_domain_refused',
      'password_refused',
      'address_suspended',
      'account_throttled',
      'busy',
    ],
  },
  'POST /signin/credential': {
    sentence:
      'An address that was never proven answers as a wrong password does, and its code is mailed again. The session that the browser had before ends. A sign-in that is unusual for the account answers `UNVERIFIED` with `verifyUrl` and the cookie `waiting`, no token of any kind; its code is mailed, and until it was typed nothing ends.',
    answer: ['status', ...SIGNED_IN],
    sets: [...SESSION_COOKIES, 'device'],
    clears: [],
    errors: ['wrong_credentials', 'address_suspended', 'account_throttled', 'busy'],
  },
  'POST /signin/:authProvider': {
    sentence:
      'For the page that the provider sends the browser back to. The first time makes an account, if the provider confirms an address that no account has; later only the provider’s own name for the person counts. What was begun with `me/identities/:authProvider` or `me/proof/:authProvider` ends here too, with `status` `LINKED` or `PROVED`. A state is good for ten minutes, in one browser, for one provider.',
    answer: ['status', ...SIGNED_IN, 'returnTo'],
    sets: [...SESSION_COOKIES, 'device', 'lastWay'],
    clears: [],
    errors: [
      ...AT_PROVIDER,
      'bad_state',
      'provider_refused',
      'provider_email_missing',
      'email_taken',
      'identity_taken',
      'other_identity_linked',
      'signup_closed',
      'signup_by_invitation',
      'signup_domain_refused',
      'address_suspended',
      'fresh_signin_required',
    ],
  },
  'GET /get-oauth-url/:authProvider': {
    sentence:
      'The provider sends the browser back to `/auth/callback/:authProvider` on the origin of the pages, which must be registered there.',
    answer: ['oAuthUrl'],
    sets: ['transaction'],
    clears: [],
    errors: AT_PROVIDER,
  },
  'GET /:authProvider': {
    sentence:
      'For plain links: 302 to the provider, which sends the browser back to `/:authProvider/callback` below this prefix, on the origin of the API; that must be registered too. Called from another site it leads to `/login`.',
    answer: [],
    redirects: true,
    sets: ['transaction'],
    clears: [],
    errors: AT_PROVIDER,
  },
  'GET /:authProvider/callback': {
    sentence:
      'Takes `code`, `state`, `iss` and `error` of the provider’s redirect. 302 to `returnTo` in the app; whatever went wrong, to the page that says what to do.',
    answer: [],
    redirects: true,
    sets: [...SESSION_COOKIES, 'device', 'lastWay'],
    clears: [],
    errors: ['not_found', 'provider_not_offered'],
  },
  'POST /verify-signin': {
    sentence:
      'Finishes a sign-up, or brings the owner of a held sign-in back. Five tries a code; a try is spent before it is compared. Spaces and dashes in the code do not matter.',
    answer: ['status', ...SIGNED_IN],
    sets: [...SESSION_COOKIES, 'device'],
    clears: ['waiting'],
    errors: ['wrong_code', 'code_expired', 'session_ended', 'address_suspended', 'account_throttled'],
  },
  'POST /resend-code': {
    sentence:
      'The new code kills the old one. A minute must lie between two, and there are five for one waiting sign-in. For a held sign-in this is also how the first code is asked for; then `portico_tx` is set.',
    answer: ['status', 'triesLeft', 'resendAt'],
    sets: [],
    clears: [],
    errors: ['code_expired', 'too_many_requests', 'account_throttled'],
  },
  'POST /not-me': {
    sentence:
      'Also for "use another account". A held sign-in loses its other cookies too. With the `token` of the letter about a new sign-in it ends every session of the account instead, makes the password worthless and mails a link to choose a new one; that works once, for seven days.',
    answer: ['status'],
    sets: [],
    clears: ['waiting'],
    errors: ['link_expired', 'address_suspended'],
  },
  'POST /refresh': {
    sentence:
      'By cookie, without fields; or, for a public client, with `refreshToken` and `clientId`. The same attempt again is answered with the same successor, however late. No answer of this call clears a cookie. To [an app in the browser](#cookies): an access token for that app, the user as its scopes allow, and its own cookie alone.',
    answer: ['kind', ...SIGNED_IN, 'refreshToken?'],
    sets: SESSION_COOKIES,
    clears: [],
    errors: [...SPENDING, 'two_tokens'],
  },
  'GET /session': {
    sentence:
      'A safe look that spends nothing. A browser that waits for a code, or is held, learns its status and nothing else; one whose sign-in was unusual learns why in `unusual`. To an app: how the app stands in this browser; of a sign-in that waits for its code it hears nothing.',
    answer: ['status', 'user?', 'expiresAt?', 'gen?', 'csrfToken?', 'unusual?'],
    sets: [],
    clears: [],
    errors: ['retry'],
  },
  'POST /signout': {
    sentence:
      'Idempotent: a browser that is signed out already is answered the same. The device cookie stays. `local` is for apps: it ends the sign-in at the app that asks and clears its cookie, and nothing else; it does not go with `everywhere`.',
    answer: [],
    sets: [],
    clears: [...SESSION_COOKIES, 'waiting'],
    errors: [],
  },
  'POST /extend-auth-soft': {
    sentence: 'Moves the idle end, never the absolute one. Answers nothing, so a page may send it at its start and forget it.',
    answer: [],
    sets: ['refresh', 'csrf', 'generation'],
    clears: [],
    errors: ['refresh_invalid', 'session_ended', 'session_held', 'retry'],
  },
  'POST /extend-auth-hard': {
    sentence: 'CSRF tokens from before end one access-token life later, so that other tabs learn of it in time.',
    answer: ['kind', ...SIGNED_IN],
    sets: SESSION_COOKIES,
    clears: [],
    errors: SPENDING,
  },
  'POST /forgot-password': {
    sentence:
      'The same answer for every address, given before anybody looks whether it has an account; only an account gets a letter. An account without a password gets its first one this way.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['address_suspended', 'account_throttled'],
  },
  'POST /reset-password': {
    sentence:
      'The link works once, for an hour; a password that is refused does not use it up. Every session of the user ends, within a second everywhere. It signs nobody in: sign in with the new password.',
    answer: ['status'],
    sets: [],
    clears: [],
    errors: ['link_expired', 'password_refused', 'address_suspended', 'busy'],
  },
  'POST /verify-email': {
    sentence:
      'The link in the letter of a sign-up, in place of its code. In any other browser than the one that signed up it is `link_expired`, and stays good.',
    answer: ['status', ...SIGNED_IN],
    sets: [...SESSION_COOKIES, 'device'],
    clears: ['waiting'],
    errors: ['link_expired', 'signup_closed', 'signup_by_invitation', 'signup_domain_refused', 'address_suspended'],
  },
  'POST /me/email': {
    sentence:
      'Nothing moves until `confirm-email`. The old address is told. The answer is the same for an address that has an account; its owner gets a letter.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['fresh_signin_required', 'signup_domain_refused', 'address_suspended', 'account_throttled'],
  },
  'POST /confirm-email': {
    sentence:
      'Needs the link *and* the sign-in of the user who asked for it. The old address gets a link that takes the account back, for seven days.',
    answer: ['status', 'email'],
    sets: [],
    clears: [],
    errors: ['link_expired', 'email_taken', 'signup_domain_refused', 'address_suspended'],
  },
  'POST /undo-email': {
    sentence:
      'By the link in the letter to the old address, signed in or not. Every session ends, the password is deleted, and a link to a new one goes to the restored address.',
    answer: ['status'],
    sets: [],
    clears: [],
    errors: ['link_expired', 'email_taken', 'address_suspended'],
  },
  'GET /me': {
    sentence: '',
    answer: ['id', 'email', 'displayName', 'role', 'createdAt', 'emailVerified', 'freshUntil'],
    sets: [],
    clears: [],
    errors: [],
  },
  'PATCH /me': {
    sentence: 'Apps and games read it at the next refresh.',
    answer: ['id', 'email', 'displayName', 'role', 'createdAt', 'emailVerified', 'freshUntil'],
    sets: [],
    clears: [],
    errors: [],
  },
  'POST /setup/link': {
    sentence:
      'Uses nothing up. The secret stands in the fragment of the link (`/setup#…`), so that no request line ever holds it. A wrong, a used and an old one are answered alike.',
    answer: ['email', 'hasAccount', 'expiresAt'],
    sets: [],
    clears: [],
    errors: ['link_expired', 'address_suspended'],
  },
  'POST /setup': {
    sentence:
      'Makes a verified account with the role `owner`, whoever else may sign up, and signs it in. `email` may be left out where the link is bound to an address. An account that is there already is not opened by the link: sign in and use `me/setup`.',
    answer: ['status', ...SIGNED_IN],
    sets: [...SESSION_COOKIES, 'device'],
    clears: [],
    errors: ['link_expired', 'link_of_another', 'email_taken', 'password_refused', 'address_suspended', 'busy'],
  },
  'POST /me/setup': {
    sentence: 'The role arrives with the next refresh.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['fresh_signin_required', 'link_expired', 'link_of_another', 'address_suspended'],
  },
  'DELETE /me': {
    sentence:
      'Needs a fresh proof, and the own address in `confirm`. Every session and token ends within a second, every row about the user goes, provider tokens are given back; the log keeps what happened without saying to whom. The address may sign up again.',
    answer: [],
    sets: [],
    clears: [...SESSION_COOKIES, 'waiting'],
    errors: ['fresh_signin_required', 'session_ended', 'last_owner'],
  },
  'GET /me/export': {
    sentence:
      'Needs a fresh proof. A JSON file (`Content-Disposition: attachment`): profile, linked services, sessions, sites, devices, mailed links, events; no hash, no token. It is written as it is read.',
    answer: ['service', 'exportedAt', 'profile', 'identities', 'sessions', 'sites', 'devices', 'seenWith', 'mailedLinks', 'events'],
    sets: [],
    clears: [],
    errors: ['fresh_signin_required', 'too_many_requests'],
  },
  'GET /me/identities': {
    sentence: '',
    answer: ['items', 'linkable', 'hasPassword'],
    items: 'identity',
    sets: [],
    clears: [],
    errors: [],
  },
  'DELETE /me/identities/:authProvider': {
    sentence:
      'Needs a fresh proof. The last way in stays: a password or another service must remain; the mailbox does not count. Tokens of the service are given back after the answer, and a letter says that it happened.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['fresh_signin_required', 'last_way_in', 'not_found'],
  },
  'POST /me/proof': {
    sentence:
      'Exactly one of the two. Sensitive calls refuse with `fresh_signin_required` when the last proof (or the sign-in) is older than ten minutes; refreshing and extending do not renew it.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['wrong_password', 'wrong_code', 'code_expired', 'account_throttled', 'busy'],
  },
  'POST /me/proof/code': {
    sentence: 'To the address of the account, for this session only; a minute between two.',
    answer: ['triesLeft', 'resendAt'],
    sets: [],
    clears: [],
    errors: ['too_many_requests', 'account_throttled'],
  },
  'GET /me/activity': {
    sentence: 'Newest first. A cursor names a place in time: pages neither skip nor repeat while new events arrive.',
    answer: ['items', 'next'],
    items: 'activity',
    sets: [],
    clears: [],
    errors: [],
  },
  'POST /me/identities/:authProvider': {
    sentence: 'Needs a fresh proof, now and when the browser comes back. `oAuthUrl` is good for this session alone.',
    answer: ['oAuthUrl'],
    sets: ['transaction'],
    clears: [],
    errors: [...AT_PROVIDER, 'fresh_signin_required'],
  },
  'DELETE /me/identities/:authProvider/tokens': {
    sentence: 'The way in stays. They are forgotten here at once; the provider is told after the answer.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['not_found'],
  },
  'POST /me/proof/:authProvider': {
    sentence: 'The provider asks again, and must name the account that is linked.',
    answer: ['oAuthUrl'],
    sets: [],
    clears: [],
    errors: AT_PROVIDER,
  },
  'POST /me/join-ticket': {
    sentence:
      'For a game that shows its server who plays. Asked for from our own pages, for any client with a secret; or with an access token of the game (not HS256), for the game’s own client and for servers that are registered to take its tokens (`audiences`). Redeemed once at `external/join`. What the server learns of the user is no more than the game may know; from our own pages, no more than the user has allowed it.',
    answer: ['ticket', 'expiresIn'],
    sets: [],
    clears: [],
    errors: ['not_found'],
  },
  'POST /me/password': {
    sentence:
      'The current password is needed where there is one; an account that has none gets its first on a fresh proof. This browser gets a new session in the same transaction, and a letter says that it happened.',
    answer: ['status', ...SIGNED_IN],
    sets: SESSION_COOKIES,
    clears: [],
    errors: ['password_refused', 'wrong_password', 'fresh_signin_required', 'account_throttled', 'session_ended', 'busy'],
  },
  'GET /me/sessions': {
    sentence: 'This one first, then the newest.',
    answer: ['items', 'next'],
    items: 'session',
    sets: [],
    clears: [],
    errors: [],
  },
  'DELETE /me/sessions': { sentence: '', answer: [], sets: [], clears: [], errors: [] },
  'DELETE /me/sessions/:id': {
    sentence: 'A session of somebody else does not exist, as far as the caller can tell.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['not_found'],
  },
  'POST /consent': {
    sentence:
      'For the page `/consent`: what a signed-in person says to a site that asks to be signed in to. `returnTo` is the path of the request that waits; the site is answered at `continueAt`, with a code or with `access_denied`.',
    answer: ['continueAt'],
    sets: [],
    clears: [],
    errors: ['request_expired', 'site_unknown', 'redirect_refused'],
  },
  'POST /me/device': {
    sentence:
      'The code that a device shows, in any spelling. From then on only this user can answer it. What is answered is to be shown beside a question: whoever sent the code may not be who has the device.',
    answer: ['userCode', 'app', 'device', 'address', 'scopes', 'createdAt', 'expiresAt'],
    sets: [],
    clears: [],
    errors: ['user_code_unknown', 'address_suspended', 'account_throttled'],
  },
  'POST /me/device/answer': {
    sentence:
      'With `allow` the device opens a session of its own, which ends by itself, from the list of sessions, or with "everywhere". Once.',
    answer: ['status'],
    sets: [],
    clears: [],
    errors: ['user_code_unknown'],
  },
  'GET /me/sites': {
    sentence: 'Sites that are open in a living session of the user, or that the user has allowed to sign them in. The open ones first.',
    answer: ['items'],
    items: 'site',
    sets: [],
    clears: [],
    errors: [],
  },
  'DELETE /me/sites/:clientId': {
    sentence:
      'Its families end in all of the user’s sessions, its unexpired tokens are refused within a second, codes that it has not redeemed are worth nothing, its backend is told if it asked for that, and what the user allowed it is taken back: it must ask again. Everything else goes on. Idempotent.',
    answer: [],
    sets: [],
    clears: [],
    errors: ['not_found'],
  },
};

/** What every call can answer. */
export const EVERYWHERE: readonly ErrorCode[] = [
  'bad_request',
  'invalid_fields',
  'request_timeout',
  'too_large',
  'unsupported_media_type',
  'internal',
  'unavailable',
];

interface Field {
  readonly type: 'string' | 'number' | 'boolean' | 'object' | 'array';
  readonly sentence: string;
}

/** Every field that is sent or answered, by its name. */
export const FIELDS: Readonly<Record<string, Field>> = {
  accessToken: { type: 'string', sentence: 'JWT, for `Authorization: Bearer`' },
  action: { type: 'string', sentence: 'What happened, such as `signin.succeeded`' },
  address: { type: 'string', sentence: 'Network address without its last part' },
  allow: { type: 'boolean', sentence: 'Yes or no' },
  app: { type: 'string', sentence: 'What the app or game on the device is called' },
  at: { type: 'number', sentence: 'When it happened' },
  attempt: { type: 'string', sentence: 'As in the header `Portico-Attempt`' },
  authTime: { type: 'number', sentence: 'When the user last proved who they are' },
  authProvider: { type: 'string', sentence: '`github`, `google`, `gitlab` or `discord`' },
  clientId: { type: 'string', sentence: 'Of a site; where a token comes along, the client that it belongs to' },
  code: { type: 'string', sentence: '`code` of the redirect back from `/oauth/authorize`' },
  code_challenge: { type: 'string', sentence: 'S256 (RFC 7636) of the verifier' },
  codeVerifier: { type: 'string', sentence: 'PKCE (RFC 7636): what the challenge was made of' },
  confirm: { type: 'string', sentence: 'The own e-mail address, typed once more' },
  count: { type: 'number', sentence: 'How many revocations outlive `time`' },
  createdAt: { type: 'number', sentence: 'When it began' },
  continueAt: { type: 'string', sentence: 'Where the request goes on' },
  csrfState: { type: 'string', sentence: '`state` of the provider’s redirect' },
  csrfToken: { type: 'string', sentence: 'For the header `Portico-CSRF`; not where the token came in the body' },
  current: { type: 'boolean', sentence: 'The session of this call; of a site, open in it' },
  currentPassword: { type: 'string', sentence: 'As it is now; needed where there is one' },
  cv: { type: 'number', sentence: 'Client version, as in the access token' },
  cursor: { type: 'string', sentence: '`next` of the page before' },
  device: { type: 'string', sentence: 'Such as "Firefox on Windows"' },
  devices: { type: 'array', sentence: 'Browsers that the user has signed in from' },
  digest: {
    type: 'string',
    sentence: 'Of the revocations that outlive `time`, whatever their order; as a parameter, that of those which the asker holds',
  },
  displayName: { type: 'string', sentence: 'What apps and games call the user; may be empty' },
  email: { type: 'string', sentence: 'E-mail address' },
  emailVerified: { type: 'boolean', sentence: 'Whether the address is proven' },
  entries: { type: 'array', sentence: 'Everything that is revoked' },
  events: { type: 'array', sentence: 'Of the audit log' },
  everywhere: { type: 'boolean', sentence: 'All devices, not only this browser; false unless given' },
  expiresAt: { type: 'number', sentence: 'When the sign-in ends for good' },
  expiresIn: { type: 'number', sentence: 'Seconds that the access token or the ticket lasts' },
  exportedAt: { type: 'string', sentence: 'ISO 8601' },
  fid: { type: 'string', sentence: 'The grant that the access token came from, as in the access token' },
  freshUntil: { type: 'number', sentence: 'Until when sensitive calls need no further proof' },
  gen: { type: 'number', sentence: 'Generation of the refresh token, for `Portico-Attempt`' },
  hasAccount: { type: 'boolean', sentence: 'Whether there is an account with the address of the link' },
  hasPassword: { type: 'boolean', sentence: 'Whether the account has a password' },
  hasTokens: { type: 'boolean', sentence: 'Whether tokens of the service are kept' },
  id: { type: 'string', sentence: 'Of the user, or of the session in a list of sessions' },
  identities: { type: 'array', sentence: 'Linked services' },
  inviteToken: { type: 'string', sentence: '`invite` of the link in an invitation' },
  iss: { type: 'string', sentence: '`iss` of the provider’s redirect, if there was one (RFC 9207)' },
  items: { type: 'array', sentence: 'Sessions, sites or events: see above' },
  keep: {
    type: 'boolean',
    sentence: '"Keep me signed in"; true unless given. Without it cookies end with the browser, the session after 12 hours',
  },
  kid: { type: 'string', sentence: 'The key that signed the access token, as in its header' },
  kind: {
    type: 'string',
    sentence:
      '`rotated`, or `replayed`: the successor that was already made, again. Of a site: `web`, `spa`, `native`, `machine` or `secondary`',
  },
  label: { type: 'string', sentence: 'What the service calls the user' },
  lastSeenAt: { type: 'number', sentence: 'Last refresh' },
  lastUsedAt: { type: 'number', sentence: 'When it was last signed in with; null of a site that is open nowhere' },
  limit: { type: 'string', sentence: '1 to 100 in a page; 50 unless given, 25 of the activity' },
  linkable: { type: 'array', sentence: 'Services that could be linked: `{ authProvider, service }`' },
  linkedAt: { type: 'number', sentence: 'When it was linked' },
  local: { type: 'boolean', sentence: 'This site alone; false unless given' },
  mailedLinks: { type: 'array', sentence: 'Links that were mailed, without what opens them' },
  methods: { type: 'array', sentence: 'How it was proven: `pwd` a password, `otp` a code by mail, `fed` a provider' },
  newPassword: { type: 'string', sentence: 'Taken exactly as typed' },
  next: { type: 'string', sentence: '`cursor` of the next page, or null' },
  oAuthUrl: { type: 'string', sentence: 'Where to send the browser' },
  name: { type: 'string', sentence: 'What the site is called' },
  offered: { type: 'boolean', sentence: 'Whether the operator still offers it' },
  open: { type: 'number', sentence: 'In how many of the user’s sessions it is open' },
  password: { type: 'string', sentence: 'Taken exactly as typed' },
  profile: { type: 'object', sentence: 'Everything kept of the user itself' },
  reason: { type: 'string', sentence: 'Why or how, as a code; or null' },
  redirectUri: { type: 'string', sentence: 'The address that the code was sent to' },
  refreshToken: { type: 'string', sentence: 'Of a client site. To a public client it is answered only where it was sent' },
  resendAt: { type: 'number', sentence: 'When another code may be asked for' },
  returnTo: { type: 'string', sentence: 'Where the sign-in leads: a path of our own pages' },
  role: { type: 'string', sentence: '`user`, `support`, `admin` or `owner`' },
  roles: { type: 'array', sentence: 'What the user may do at the site, in the words of the site' },
  securityCode: { type: 'string', sentence: 'Eight digits' },
  scopes: { type: 'array', sentence: 'What the site may know and do' },
  seenWith: { type: 'array', sentence: 'Networks and kinds of browsers of the sign-ins of the last 90 days' },
  service: { type: 'string', sentence: 'What people call the service; in an export, this installation' },
  sessions: { type: 'array', sentence: 'Sessions, those that ended a moment ago too' },
  since: { type: 'number', sentence: 'When it was first allowed or opened' },
  sites: { type: 'array', sentence: 'Of a session, the names of the sites that are open in it; in an export, what each site was allowed' },
  sid: { type: 'string', sentence: 'The session: one for each sign-in, the same at every site' },
  status: {
    type: 'string',
    sentence: '`SIGNED_OUT`, `UNVERIFIED` (waits for a code), `HELD` or `VERIFIED`; of a device, `APPROVED` or `DENIED`',
  },
  sub: { type: 'string', sentence: 'The user, as in the access token' },
  ticket: { type: 'string', sentence: 'Signed, for one client, good once for a minute; never put it into an address' },
  time: { type: 'number', sentence: 'The moment that expired revocations are dropped by' },
  token: { type: 'string', sentence: '`token` of the link in the letter' },
  tokenGood: { type: 'boolean', sentence: 'Whether an access token with these claims may still be accepted' },
  tokenExchangeCode: { type: 'string', sentence: '`code` of the provider’s redirect' },
  triesLeft: { type: 'number', sentence: 'Tries that the code still has' },
  unusual: { type: 'object', sentence: 'Of a sign-in that waits because it is unusual: `device`, `at` and `reasons`, as codes' },
  userCode: { type: 'string', sentence: 'The code on the screen of the device, such as `WDJB-MJHT`' },
  user: { type: 'object', sentence: 'The user: see above' },
  uv: { type: 'number', sentence: 'User version, as in the access token' },
  verifyUrl: { type: 'string', sentence: 'The page on which the code is typed' },
  wait: { type: 'string', sentence: 'Seconds to wait for news, 0 to 25' },
};

/** The shapes inside the answers. */
export const SHAPES = {
  user: ['id', 'email', 'displayName', 'role'],
  siteUser: ['id', 'roles', 'displayName?', 'email?', 'emailVerified?'],
  session: ['id', 'current', 'device', 'address', 'createdAt', 'lastSeenAt', 'expiresAt', 'methods', 'sites'],
  identity: ['authProvider', 'service', 'label', 'offered', 'linkedAt', 'lastUsedAt', 'hasTokens'],
  site: ['clientId', 'name', 'kind', 'scopes', 'roles', 'since', 'lastUsedAt', 'open', 'current'],
  activity: ['id', 'at', 'action', 'reason', 'address', 'device', 'current'],
} as const;
