/** Why a request is not let through. 401 only where a new token would help; trouble on the way to Portico is 503, or browsers would refresh for ever. */

export const CODES = {
  token_missing: [401, 'Send the access token as "Authorization: Bearer …".'],
  token_invalid: [401, 'Signature, issuer, audience or form are wrong. Is the token meant for this audience?'],
  token_expired: [401, 'Refresh, and ask again with the new token.'],
  token_revoked: [401, 'The session, the grant or the rights behind the token have ended. Refresh; if that is refused, sign in.'],
  user_required: [403, 'The token speaks for a machine, and this needs a person.'],
  role_missing: [403, 'The user does not have the role that this needs.'],
  scope_missing: [403, 'The token does not have the scope that this needs.'],
  fresh_signin_required: [403, 'Send the user through /oauth/authorize with max_age or prompt=login.'],
  revocation_unknown: [503, 'Nothing is heard of revocations at this moment, and this must not be answered without. Ask again.'],
  keys_unavailable: [503, 'The keys of the issuer cannot be read at this moment. Ask again.'],
} as const satisfies Record<string, readonly [number, string]>;

export type PorticoCode = keyof typeof CODES;

export class PorticoError extends Error {
  readonly code: PorticoCode;
  readonly status: number;
  /** What to do about it; for developers. */
  readonly hint: string;
  /** For `WWW-Authenticate` (RFC 6750, RFC 9470), or null. */
  readonly challenge: string | null;

  constructor(code: PorticoCode, detail: { readonly cause?: unknown; readonly maxAge?: number } = {}) {
    const [status, hint] = CODES[code];
    super(`${code}: ${hint}`, detail.cause === undefined ? {} : { cause: detail.cause });
    this.name = 'PorticoError';
    this.code = code;
    this.status = status;
    this.hint = hint;
    this.challenge = challengeOf(code, detail.maxAge);
  }

  /** Headers of the answer. */
  get headers(): Readonly<Record<string, string>> {
    return {
      'cache-control': 'no-store',
      ...(this.challenge === null ? {} : { 'www-authenticate': this.challenge }),
      ...(this.status === 503 ? { 'retry-after': '1' } : {}),
    };
  }

  /** What a client is told. */
  get body(): { readonly error: PorticoCode; readonly message: string } {
    return { error: this.code, message: this.hint };
  }

  /** The answer, where answers are `Response`s. */
  toResponse(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers });
  }
}

/** RFC 6750 3 and RFC 9470 3; without a token there is no error to name. */
function challengeOf(code: PorticoCode, maxAge: number | undefined): string | null {
  if (code === 'token_missing') return 'Bearer';
  if (code === 'scope_missing') return 'Bearer error="insufficient_scope"';
  if (code === 'fresh_signin_required')
    return `Bearer error="insufficient_user_authentication"${maxAge === undefined ? '' : `, max_age="${maxAge}"`}`;
  return CODES[code][0] === 401 ? 'Bearer error="invalid_token"' : null;
}
