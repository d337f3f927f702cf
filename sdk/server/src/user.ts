import type { JWTPayload } from 'jose';

/** The claims of an access token, as far as they were checked. */
export type AccessTokenClaims = JWTPayload & {
  readonly sub: string;
  readonly aud: string;
  readonly exp: number;
  readonly iat: number;
  readonly sid?: string;
  readonly fid?: string;
  readonly uv?: number;
  readonly cv?: number;
};

/** Whoever a token speaks for. Frozen: one token gives one user to many requests, and none of them may change it for the next. */
export interface VerifiedUser {
  /** Unique together with `issuer`; an address may change, this does not. */
  readonly id: string;
  readonly issuer: string;
  /** Null: a machine. */
  readonly sid: string | null;
  /** Which client the token was made for. */
  readonly audience: string;
  readonly roles: readonly string[];
  readonly scope: readonly string[];
  readonly amr: readonly string[];
  /** When the user last proved who they are; epoch seconds. */
  readonly authTime: number | null;
  /** Epoch seconds. */
  readonly expiresAt: number;
  readonly claims: JWTPayload;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
const texts = (value: unknown) => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);

export function userOf(claims: AccessTokenClaims): VerifiedUser {
  const role = text(claims['role']);
  return frozen({
    id: claims.sub,
    issuer: claims.iss ?? '',
    sid: claims.sid ?? null,
    audience: claims.aud,
    roles: [...texts(claims['roles']), ...(role === undefined ? [] : [role])],
    scope: (text(claims['scope']) ?? '').split(' ').filter((one) => one !== ''),
    amr: texts(claims['amr']),
    authTime: number(claims['auth_time']) ?? null,
    expiresAt: claims.exp,
    claims,
  });
}

/** With everything in it. */
function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) if (typeof part === 'object' && part !== null) frozen(part);
  return Object.freeze(value);
}
