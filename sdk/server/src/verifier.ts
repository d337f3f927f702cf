import type { JWTPayload } from 'jose';
import { createSessionQuestion } from './ask-session.ts';
import { PorticoError } from './errors.ts';
import { createFollower } from './follower.ts';
import { createKeys } from './keys.ts';
import { createLogoutReader, type Logout } from './logout-token.ts';
import { type RevocationMode, readOptions, secondsOf, type VerifierOptions } from './options.ts';
import { createReader, type ReadToken } from './read-token.ts';

/** Whoever a token speaks for. */
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

/** What one route asks for beyond a good token. */
export interface Needs {
  /** One of these. */
  readonly role?: string | readonly string[];
  /** All of these. */
  readonly scope?: string | readonly string[];
  /** Proven at most this long ago: seconds, or a text such as `5m`. */
  readonly fresh?: number | string;
  /** One of these ways of proving, such as `otp`. */
  readonly amr?: string | readonly string[];
  readonly revocation?: RevocationMode;
  /** Machines may come too; else a token without a person behind it is refused. */
  readonly machines?: boolean;
}

/** A `Request`, what Node calls a request, or the token itself. */
export type Asker = string | { readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>> };

export interface Verifier {
  /** Throws PorticoError, with the status, headers and body of the answer to give. */
  verify(asker: Asker, needs?: Needs): Promise<VerifiedUser>;
  /** Reads the token of a back-channel logout; each is good once. Throws PorticoError `token_invalid`: then the answer is 400. */
  readLogout(token: string): Promise<Logout>;
  /** Resolves when everything that is revoked was heard for the first time. Until then a token is treated as while nothing is heard. */
  readonly ready: Promise<void>;
  /** Whether revocations are heard at this moment. */
  isFollowing(): boolean;
  close(): void;
}

/**
 * Verifies access tokens without a call for each request. Revocations are heard within a second; while nothing is heard (no beat for five
 * seconds), `revocation` says what happens. Throws TypeError for options that make no sense.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options);
  const { mode, now, leeway } = settings;
  if (settings.credentials === null) settings.warn('no clientSecret: revocations are not heard, and a token is accepted until it expires');
  const keys = createKeys(settings);
  const read = createReader(settings, keys);
  const follower = createFollower(settings);
  const ask = createSessionQuestion(settings);

  const requireUnrevoked = async (token: ReadToken, wanted: RevocationMode): Promise<void> => {
    if (follower.isRevoked(revocable(token))) throw new PorticoError('token_revoked');
    if (wanted === 'accept' || !follower.isStale()) return;
    const verdict = wanted === 'reject' ? 'unknown' : await ask(token);
    // Never 401 because nobody answers: a browser would refresh, come back, and do so for ever.
    if (verdict === 'unknown') throw new PorticoError('revocation_unknown');
    if (verdict === 'gone') throw new PorticoError('token_revoked');
  };

  return {
    verify: async (asker, needs = {}) => {
      const token = await read(tokenOf(asker));
      await requireUnrevoked(token, needs.revocation ?? mode);
      const user = userOf(token);
      requireNeeds(user, needs, now() / 1000 - leeway);
      return user;
    },
    readLogout: createLogoutReader(settings, keys),
    ready: follower.ready,
    isFollowing: () => !follower.isStale(),
    close: () => follower.close(),
  };
}

function tokenOf(asker: Asker): string {
  const given = typeof asker === 'string' ? asker : bearerOf(asker.headers);
  if (given === null || given === '') throw new PorticoError('token_missing');
  return given;
}

function bearerOf(headers: Exclude<Asker, string>['headers']): string | null {
  const header = headers instanceof Headers ? headers.get('authorization') : headers['authorization'];
  return typeof header === 'string' ? (/^Bearer +(\S+) *$/i.exec(header)?.[1] ?? null) : null;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
const texts = (value: unknown) => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);

function revocable({ claims, kid }: ReadToken) {
  const [sid, fid, uv, cv] = [text(claims['sid']), text(claims['fid']), number(claims['uv']), number(claims['cv'])];
  return {
    aud: claims.aud,
    sub: claims.sub,
    ...(sid === undefined ? {} : { sid }),
    ...(fid === undefined ? {} : { fid }),
    ...(uv === undefined ? {} : { uv }),
    ...(cv === undefined ? {} : { cv }),
    ...(kid === undefined ? {} : { kid }),
  };
}

function userOf({ claims }: ReadToken): VerifiedUser {
  const role = text(claims['role']);
  return {
    id: claims.sub,
    issuer: claims.iss ?? '',
    sid: text(claims['sid']) ?? null,
    audience: claims.aud,
    roles: [...texts(claims['roles']), ...(role === undefined ? [] : [role])],
    scope: (text(claims['scope']) ?? '').split(' ').filter((one) => one !== ''),
    amr: texts(claims['amr']),
    authTime: number(claims['auth_time']) ?? null,
    expiresAt: claims.exp,
    claims,
  };
}

const listOf = (wanted: string | readonly string[] | undefined): readonly string[] =>
  typeof wanted === 'string' ? [wanted] : (wanted ?? []);

function requireNeeds(user: VerifiedUser, needs: Needs, now: number): void {
  if (user.sid === null && needs.machines !== true) throw new PorticoError('user_required');
  const roles = listOf(needs.role);
  if (roles.length > 0 && !roles.some((role) => user.roles.includes(role))) throw new PorticoError('role_missing');
  if (!listOf(needs.scope).every((scope) => user.scope.includes(scope))) throw new PorticoError('scope_missing');
  const ways = listOf(needs.amr);
  if (ways.length > 0 && !ways.some((way) => user.amr.includes(way))) throw new PorticoError('fresh_signin_required');
  if (needs.fresh === undefined) return;
  const maxAge = secondsOf(needs.fresh);
  if (user.authTime === null || user.authTime + maxAge < now) throw new PorticoError('fresh_signin_required', { maxAge });
}
