import { ERRORS, OAUTH_ERRORS } from '@portico/protocol/errors';
import { LETTER_KINDS } from '@portico/protocol/events';

/**
 * What is counted while Portico runs, by the names under which `/metrics` shows it. Every value that a label can take stands here, or is
 * admitted by name at the start: what a caller sent never becomes one, however it comes in (`tally.ts`).
 */

export interface Counted {
  /** As Prometheus knows it. */
  readonly metric: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds in seconds, where durations are counted. */
  readonly buckets?: readonly number[];
}

/** What a label says of a value that is not on its list. */
export const OTHER = 'other';

const REASONS = ['none', ...Object.keys(ERRORS)];
/** Filled at the start: paths as they are registered, and jobs. */
const ADMITTED: readonly string[] = [];
/** Filled at the start with the providers that are offered. */
const WAYS: readonly string[] = ['password', 'code'];
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LAG_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 6, 15, 60];
const JOB_SECONDS = [0.01, 0.05, 0.25, 1, 5, 15, 60, 300];

export const COUNTED = {
  requests: {
    metric: 'portico_http_requests_total',
    help: 'Answered requests, by method, by path as it is registered and by class of status.',
    labels: { method: METHODS, route: ADMITTED, status: ['1xx', '2xx', '3xx', '4xx', '5xx'] },
  },
  requestSeconds: {
    metric: 'portico_http_request_duration_seconds',
    help: 'From the first header to the last byte of the answer. Streams and long polls are not in it.',
    labels: { method: METHODS, route: ADMITTED },
    buckets: CALL_SECONDS,
  },
  refusals: {
    metric: 'portico_refusals_total',
    help: 'Refused calls, by code (docs/errors.md); those of the OAuth endpoints by OAuth’s own.',
    labels: { code: [...Object.keys(ERRORS), ...Object.keys(OAUTH_ERRORS)] },
  },
  signIns: {
    metric: 'portico_sign_ins_total',
    help: 'Sign-ins, by way, by result and, where refused, by code. One that waited for a mailed code counts again, as way "code".',
    labels: { way: WAYS, result: ['signed_in', 'waiting', 'refused', 'failed'], reason: REASONS },
  },
  signUps: {
    metric: 'portico_sign_ups_total',
    help: 'Sign-ups: begun, completed (an account was made), refused.',
    labels: { way: WAYS, result: ['begun', 'completed', 'refused', 'failed'], reason: REASONS },
  },
  refreshes: {
    metric: 'portico_refreshes_total',
    help: 'Refresh tokens that came, by what was answered and by whose they are.',
    labels: { kind: ['rotated', 'replayed', 'retry', 'invalid', 'ended', 'held', 'failed'], family: ['first_party', 'client'] },
  },
  incidents: {
    metric: 'portico_refresh_incidents_total',
    help: 'Refresh tokens that showed something: two holders of one (reuse), a lost commit (ahead), another client’s, without its key.',
    labels: { kind: ['reuse', 'ahead', 'wrong_client', 'wrong_key'] },
  },
  holds: {
    metric: 'portico_holds_total',
    help: 'Sessions held because a copied token was seen, ended instead because no code could reach the owner, and won back by a code.',
    labels: { result: ['held', 'ended', 'recovered'] },
  },
  guesses: {
    metric: 'portico_guesses_total',
    help: 'Passwords, mailed codes and tokens of links that came, by verdict. void: nothing was there to be guessed.',
    labels: { what: ['password', 'code', 'token'], verdict: ['right', 'wrong', 'void'] },
  },
  letters: {
    metric: 'portico_letters_total',
    help: 'Letters by kind, as the mail server answered: taken, to be tried again, given up.',
    labels: { kind: LETTER_KINDS, result: ['sent', 'put_off', 'given_up'] },
  },
  logouts: {
    metric: 'portico_backchannel_logouts_total',
    help: 'Back-channel logouts, as the site answered: taken, to be tried again, given up.',
    labels: { result: ['sent', 'put_off', 'given_up'] },
  },
  revocationLag: {
    metric: 'portico_revocation_lag_seconds',
    help: 'From the moment that another process wrote a revocation, by its clock, until it is known here.',
    labels: {},
    buckets: LAG_SECONDS,
  },
  jobRuns: {
    metric: 'portico_job_runs_total',
    help: 'Runs of jobs in this process. taken: another process had the job.',
    labels: { job: ADMITTED, result: ['done', 'failed', 'taken'] },
  },
  jobSeconds: {
    metric: 'portico_job_duration_seconds',
    help: 'How long the runs took, failed ones too.',
    labels: { job: ADMITTED },
    buckets: JOB_SECONDS,
  },
  redis: {
    metric: 'portico_redis_calls_total',
    help: 'What Redis was asked: answered, silent for a tenth of a second, failed, or not asked because it was silent or away.',
    labels: { result: ['answered', 'silent', 'failed', 'spared'] },
  },
} as const satisfies Readonly<Record<string, Counted>>;

export type CountedName = keyof typeof COUNTED;
