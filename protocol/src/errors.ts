/**
 * Every way in which Portico refuses, with the HTTP status it becomes.
 * The sentence that a person reads stands in `texts/<language>.ts`; programs switch on the code.
 */
export const HTTP_CODES = {
  success: 200,
  noContent: 204,
  found: 302,
  seeOther: 303,
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  methodNotAllowed: 405,
  requestTimeout: 408,
  conflict: 409,
  gone: 410,
  tooLarge: 413,
  unsupportedMediaType: 415,
  unprocessable: 422,
  tooManyRequests: 429,
  internal: 500,
  badGateway: 502,
  unavailable: 503,
  gatewayTimeout: 504,
} as const;

export const ERRORS = {
  // What was sent cannot be understood.
  bad_request: 400,
  invalid_fields: 400,
  bad_attempt: 400,
  two_tokens: 400,
  // The refresh token: a plain 401 interceptor must not loop on its own refresh, and RFC 6749 says 400 for invalid_grant.
  refresh_invalid: 400,
  session_ended: 400,
  // Codes and links by mail.
  wrong_code: 400,
  code_expired: 410,
  link_expired: 410,
  // Signing in at another service.
  bad_state: 400,
  provider_refused: 400,
  provider_email_missing: 400,
  provider_not_offered: 403,
  email_taken: 409,
  identity_taken: 409,
  other_identity_linked: 409,
  last_way_in: 409,
  provider_failed: 502,
  // Who may create an account.
  signup_closed: 403,
  signup_by_invitation: 403,
  signup_domain_refused: 403,
  // Who you are, and what you may do.
  signed_out: 401,
  wrong_credentials: 401,
  wrong_password: 403,
  fresh_signin_required: 403,
  csrf_failed: 403,
  origin_refused: 403,
  session_held: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  retry: 409,
  too_large: 413,
  unsupported_media_type: 415,
  password_refused: 422,
  // Too much of it.
  too_many_requests: 429,
  account_throttled: 429,
  address_suspended: 429,
  // Our own trouble: never a sign-out, never counted as a failed sign-in.
  internal: 500,
  bad_gateway: 502,
  unavailable: 503,
  busy: 503,
  gateway_timeout: 504,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** Why a field was refused; the sentence stands in `texts`. */
export type FieldProblem =
  | 'missing'
  | 'malformed'
  | 'unknown'
  | 'email_malformed'
  | 'password_too_short'
  | 'password_too_long'
  | 'password_common'
  | 'password_context'
  | 'confirm_differs';

export type Fields = Readonly<Record<string, FieldProblem>>;

export interface RefusalDetail {
  /** Which fields failed, and why. */
  readonly fields?: Fields;
  /** Public facts that belong to this refusal, such as `verifyUrl` or `triesLeft`; they are answered beside the code. */
  readonly extra?: Readonly<Record<string, string | number>>;
  /** Seconds until it makes sense to try again: becomes `Retry-After`. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** The request ends here, with this code. Thrown anywhere, turned into HTTP in exactly one place. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly fields: Fields | undefined;
  readonly extra: Readonly<Record<string, string | number>> | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: RefusalDetail = {}) {
    super(code, detail.cause === undefined ? {} : { cause: detail.cause });
    this.name = 'Refusal';
    this.code = code;
    this.fields = detail.fields;
    this.extra = detail.extra;
    this.retryAfter = detail.retryAfter;
  }

  get status(): number {
    return ERRORS[this.code];
  }
}
