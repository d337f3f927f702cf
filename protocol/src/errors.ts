import type { SiteProblem } from './site-problems.ts';

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
  link_of_another: 403,
  // Client sites.
  grant_refused: 400,
  ticket_refused: 400,
  site_unknown: 400,
  redirect_refused: 400,
  request_expired: 400,
  logout_refused: 400,
  user_code_unknown: 400,
  roles_unknown: 400,
  // Signing in at another service.
  bad_state: 400,
  provider_refused: 400,
  provider_email_missing: 400,
  provider_not_offered: 403,
  email_taken: 409,
  identity_taken: 409,
  other_identity_linked: 409,
  last_way_in: 409,
  last_owner: 409,
  key_in_use: 409,
  rotation_waits: 409,
  site_changed: 409,
  own_account: 409,
  user_suspended: 409,
  provider_failed: 503,
  // Who may create an account.
  signup_closed: 403,
  signup_by_invitation: 403,
  signup_domain_refused: 403,
  // Who you are, and what you may do.
  signed_out: 401,
  client_refused: 401,
  signin_by_redirect: 401,
  wrong_credentials: 401,
  wrong_password: 403,
  fresh_signin_required: 403,
  role_required: 403,
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
  refresh_busy: 503,
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
  | 'last_owner'
  | 'confirm_differs'
  | 'signup_closed'
  | 'domain_refused'
  | 'has_account'
  | 'nobody_here'
  | 'role_unknown'
  | SiteProblem;

export type Fields = Readonly<Record<string, FieldProblem>>;

export interface RefusalDetail {
  /** Which fields failed, and why. */
  readonly fields?: Fields;
  /** Which entry of a field that is a list, where one alone is wrong. */
  readonly about?: Readonly<Record<string, string>>;
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
  readonly about: RefusalDetail['about'];
  readonly extra: Readonly<Record<string, string | number>> | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: RefusalDetail = {}) {
    super(code, detail.cause === undefined ? {} : { cause: detail.cause });
    this.name = 'Refusal';
    this.code = code;
    this.fields = detail.fields;
    this.about = detail.about;
    this.extra = detail.extra;
    this.retryAfter = detail.retryAfter;
  }

  get status(): number {
    return ERRORS[this.code];
  }
}

/** The words of OAuth 2.1, OpenID Connect and their extensions, with the status at the endpoints that answer in JSON. */
export const OAUTH_ERRORS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_request_uri: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  registration_not_supported: 400,
  access_denied: 400,
  login_required: 400,
  consent_required: 400,
  interaction_required: 400,
  account_selection_required: 400,
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  invalid_dpop_proof: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  server_error: 500,
  temporarily_unavailable: 503,
} as const satisfies Record<string, number>;

export type OAuthErrorCode = keyof typeof OAUTH_ERRORS;

/** As `Refusal`, in OAuth's words. The description is for developers and never echoes what was sent. */
export class OAuthRefusal extends Error {
  readonly code: OAuthErrorCode;
  readonly retryAfter: number | undefined;
  /** Public facts that belong to this refusal, such as `portico_verify_url`. */
  readonly extra: Readonly<Record<string, string>> | undefined;

  constructor(
    code: OAuthErrorCode,
    description: string,
    detail: { readonly retryAfter?: number; readonly extra?: Readonly<Record<string, string>>; readonly cause?: unknown } = {},
  ) {
    super(description, detail.cause === undefined ? {} : { cause: detail.cause });
    this.name = 'OAuthRefusal';
    this.code = code;
    this.retryAfter = detail.retryAfter;
    this.extra = detail.extra;
  }

  get status(): number {
    return OAUTH_ERRORS[this.code];
  }
}
