import type { Call } from './api-calls.ts';

/** What docs/api.md says about the calls of client sites, as `CALLS` does about those of the browser. `site-calls.test.ts` holds it against the server. */

const SITE_TOKENS = ['accessToken', 'expiresIn', 'refreshToken', 'gen', 'sid', 'expiresAt', 'keep', 'user'];
const NO_COOKIES = { sets: [], clears: [] } as const;

/** By method and path below `EXTERNAL_PREFIX`. */
export const EXTERNAL_CALLS: Readonly<Record<string, Call>> = {
  'POST /token': {
    sentence:
      'A code works once, for a minute, for the client that it was made for, with its own `codeVerifier` and `redirectUri`. When it comes a second time with everything right, what it issued ends.',
    answer: SITE_TOKENS,
    ...NO_COOKIES,
    errors: ['grant_refused'],
  },
  'POST /refresh': {
    sentence:
      'Choose one `attempt` for each generation, store it before you send it, repeat it in every retry: then a lost answer is given again, however late. Without attempts a retry with the token before the newest is answered too. Roles and rights are those of this moment. A copied token ends this site’s grant, not the session. 503 is never a sign-out.',
    answer: ['kind', ...SITE_TOKENS],
    ...NO_COOKIES,
    errors: ['bad_attempt', 'refresh_invalid', 'session_ended', 'session_held', 'refresh_busy'],
  },
  'POST /peek': {
    sentence:
      'For the newest refresh token, and for two minutes for the one before it. It rotates nothing and moves no end; a sign-in that is only looked at becomes idle.',
    answer: ['accessToken', 'expiresIn'],
    ...NO_COOKIES,
    errors: ['refresh_invalid', 'session_ended', 'session_held', 'refresh_busy'],
  },
  'POST /session': {
    sentence:
      'Only of a session in which this site is open; every other one is `SIGNED_OUT`, whether it lives or never was. A verifier brings the claims of a token as they are (`sub`, `uv`, `fid`, `cv`, and its `aud` as `clientId`) and goes by `tokenGood`. `expiresAt` comes with `VERIFIED`, and so does `user`, but not about the tokens of another client.',
    answer: ['status', 'tokenGood', 'expiresAt?', 'user?'],
    ...NO_COOKIES,
    errors: [],
  },
  'POST /signout': {
    sentence:
      'Signed out of one site is signed out of all: the session ends, within a second everywhere. With `everywhere` every session of the user ends, with `local` only this site’s part. Any refresh token of this site names the session, however old. Idempotent; a token that names nothing is answered the same.',
    answer: [],
    ...NO_COOKIES,
    errors: [],
  },
  'POST /join': {
    sentence:
      'For a ticket of `POST me/join-ticket`, which the game brought: good once, for a minute, at this client. It opens no grant; `sid` is what revocations are told by.',
    answer: ['user', 'sid'],
    ...NO_COOKIES,
    errors: ['ticket_refused'],
  },
  'POST /sso/ticket/redeem': {
    sentence: '',
    answer: ['authTime', ...SITE_TOKENS],
    ...NO_COOKIES,
    errors: ['ticket_refused'],
  },
};

/** By method and full path. */
export const SITE_CALLS: Readonly<Record<string, Call>> = {
  'GET /api/v1/sso/ticket': {
    sentence:
      'By the browser’s sign-in cookie alone, read and not spent. The page keeps the verifier of `code_challenge` out of its scripts, in a cookie of its own server; the ticket is for the client that is registered at exactly this `Origin`, good once, for a minute. Whoever is not signed in, was not asked yet (`confirmation`), comes from another site, or has not refreshed for a quarter of an hour gets `redirectTo` instead: the way through `/oauth/authorize` for the same challenge.',
    answer: ['ticket', 'expiresIn'],
    ...NO_COOKIES,
    errors: ['signin_by_redirect', 'session_held', 'retry'],
  },
  'POST /api/v1/sso/ticket/redeem': {
    sentence:
      'For the backend of a secondary auth server, with the verifier out of its own cookie in that browser. What it gets is a grant of its own, which ends with the session; it then begins its own sign-in. A ticket that comes again is refused and noted.',
    answer: ['authTime', ...SITE_TOKENS],
    ...NO_COOKIES,
    errors: ['ticket_refused'],
  },
  'GET /api/v1/revocations/stream': {
    sentence:
      'Server-sent events, for as long as both sides wish: `all`, everything that is revoked and unexpired; `more`, what is revoked from now on, both as lists of `[kind, subject, minimum version or 0, end]`; and every two seconds `beat`, `{ time, count, digest }` of what outlives `time`. A verifier that hears no beat for five seconds knows nothing. An hour later, and when the client is disabled, the stream ends. `sid`, `family`, `sub` and `kid` are told to every verifier, `client` only to that client and to those that name it among their `audiences`.',
    answer: ['time', 'count', 'digest'],
    sets: [],
    clears: [],
    errors: ['too_many_requests'],
  },
  'GET /api/v1/revocations': {
    sentence:
      'A long poll. `entries` is everything, answered at once when `digest` is not the right one, else when something comes; without `entries` nothing came for `wait` seconds (25, if not said).',
    answer: ['time', 'count', 'digest', 'entries?'],
    sets: [],
    clears: [],
    errors: ['too_many_requests', 'unavailable'],
  },
};
