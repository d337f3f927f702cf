import type { Call } from './api-calls.ts';

/** What docs/api.md says about the calls of client sites, as `CALLS` does about those of the browser. `site-calls.test.ts` holds it against the server. */

/** By method and path below `EXTERNAL_PREFIX`. */
export const EXTERNAL_CALLS: Readonly<Record<string, Call>> = {};

/** By method and full path. */
export const SITE_CALLS: Readonly<Record<string, Call>> = {
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
