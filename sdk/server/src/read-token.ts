import type { RevocableToken } from '@portico/protocol/revocations';
import { ACCESS_TOKEN_TYPE, LONGEST_ACCESS_LIFE } from '@portico/protocol/tokens';
import { base64url, errors, type JWTHeaderParameters, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { PorticoError } from './errors.ts';
import { createKeptTokens } from './kept-tokens.ts';
import type { KeySet, Keys } from './keys.ts';
import type { Settings } from './options.ts';
import { type AccessTokenClaims, userOf, type VerifiedUser } from './user.ts';

/** What stands in a token whose signature, issuer, audience and times are right. Whether it was revoked is another question, asked of each every time. */
export interface ReadToken {
  readonly user: VerifiedUser;
  readonly revocable: RevocableToken;
  /** Epoch seconds. */
  readonly notBefore: number;
  /** Null: signed with a secret, which no one publishes. */
  readonly keySet: KeySet | null;
}

export interface Reader {
  /** What was read before and is still as good as then; costs no signature. */
  kept(token: string): ReadToken | null;
  /** Throws PorticoError. */
  read(token: string): Promise<ReadToken>;
}

const TOKEN_MAX = 8192;
/** Portico issues nothing for later. Clocks that differ by more than `leeway` would only be noticed here, so it is generous. In seconds. */
const AHEAD_MAX = 60;

/** One way of signing, pinned by the settings: what the token says of itself never chooses (RFC 8725 3.1). */
export function createReader(settings: Settings, keys: Keys): Reader {
  const { issuer, audiences, leeway, now, jwtSecrets, cacheSize } = settings;
  const kept = createKeptTokens<ReadToken>(cacheSize);
  const isPublished = jwtSecrets.length === 0;
  const rules = (algorithms: string[], at: number): JWTVerifyOptions => ({
    algorithms,
    typ: ACCESS_TOKEN_TYPE,
    issuer,
    audience: [...audiences],
    requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    clockTolerance: leeway,
    currentDate: new Date(at),
  });

  const verify = async (token: string, at: number): Promise<JWTVerifyResult & { readonly keySet: KeySet | null }> => {
    if (isPublished) {
      let keySet: KeySet | null = null;
      const find = async (header: JWTHeaderParameters) => {
        const { key, set } = await keys.find(header);
        keySet = set;
        return key;
      };
      const verified = await jwtVerify(token, find, rules(['ES256', 'EdDSA'], at));
      return { ...verified, keySet };
    }
    for (const [index, secret] of jwtSecrets.entries()) {
      try {
        return { ...(await jwtVerify(token, secret, rules(['HS256'], at))), keySet: null };
      } catch (cause) {
        if (!(cause instanceof errors.JWSSignatureVerificationFailed) || index === jwtSecrets.length - 1) throw cause;
      }
    }
    throw new PorticoError('token_invalid');
  };

  return {
    kept: (token) => {
      const known = kept.find(token);
      if (known === null) return null;
      const seconds = now() / 1000;
      const isNow = seconds < known.user.expiresAt + leeway && seconds >= known.notBefore - leeway;
      // A key that was withdrawn or replaced has signed nothing that still counts.
      if (isNow && known.keySet === (isPublished ? keys.current() : null)) return known;
      // Whatever is wrong with it, the whole way of a token that nobody has seen says it.
      kept.drop(token);
      return null;
    },
    read: async (token) => {
      if (token.length > TOKEN_MAX) throw new PorticoError('token_invalid');
      const at = now();
      const { keySet, payload, protectedHeader } = await verify(token, at).catch(refuse);
      if (!isAsIssued(token, protectedHeader, payload)) throw new PorticoError('token_invalid');
      const claims = requireClaims(payload, at / 1000 + AHEAD_MAX);
      const { nbf: notBefore = 0 } = claims;
      const read: ReadToken = { user: userOf(claims), revocable: revocableOf(claims, protectedHeader.kid), notBefore, keySet };
      kept.keep(token, read);
      return read;
    },
  };
}

function refuse(cause: unknown): never {
  if (cause instanceof PorticoError) throw cause;
  if (cause instanceof errors.JWTExpired) throw new PorticoError('token_expired', { cause });
  if (cause instanceof errors.JOSEError || cause instanceof TypeError) throw new PorticoError('token_invalid', { cause });
  throw cause;
}

/**
 * Portico writes JSON in one way and base64url without spare bits. Whatever else reads as the same is not what it issued: a claim that comes twice
 * and is read differently by the next reader, 1e400, bytes that are no text, other last letters of a signature.
 */
function isAsIssued(token: string, header: object, payload: object): boolean {
  // RFC 7515 4.1.11, RFC 7797 7: whatever asks for rules of its own is understood by nobody here.
  if ('crit' in header || 'b64' in header) return false;
  const signature = token.slice(token.lastIndexOf('.') + 1);
  const parts = [JSON.stringify(header), JSON.stringify(payload), base64url.decode(signature)];
  return parts.map((part) => base64url.encode(part)).join('.') === token;
}

const isAbsent = (value: unknown) => value === undefined;
/** RFC 7519 2: half a surrogate is no text, and another one after each system that it goes through. */
const isName = (value: unknown) => typeof value === 'string' && value !== '' && value.isWellFormed();
const isCount = (value: unknown) => Number.isSafeInteger(value);

function requireClaims(payload: JWTVerifyResult['payload'], latest: number): AccessTokenClaims {
  const { sub, aud, exp, iat, nbf, sid, fid, uv, cv } = payload;
  const isGood =
    isName(sub) &&
    // One audience: a list would let one site pass its tokens on to another (RFC 9068 3).
    isName(aud) &&
    [exp, iat].every(isCount) &&
    // What is revoked is forgotten when no token can live any more: a longer life would outlive its own revocation.
    Number(exp) - Number(iat) <= LONGEST_ACCESS_LIFE / 1000 &&
    Number(iat) <= latest &&
    // What can be revoked must be named, or the question would be asked of nothing.
    [sid, fid].every((name) => isAbsent(name) || isName(name)) &&
    [uv, cv, nbf].every((count) => isAbsent(count) || isCount(count)) &&
    isAbsent(sid) === isAbsent(uv) &&
    // RFC 9449 7.1: a token that is bound to a key is no bearer token, and nobody asks for the key here.
    isAbsent(payload['cnf']);
  if (!isGood) throw new PorticoError('token_invalid');
  return payload as AccessTokenClaims;
}

function revocableOf({ aud, sub, sid, fid, uv, cv }: AccessTokenClaims, kid: string | undefined): RevocableToken {
  return {
    aud,
    sub,
    ...(sid === undefined ? {} : { sid }),
    ...(fid === undefined ? {} : { fid }),
    ...(uv === undefined ? {} : { uv }),
    ...(cv === undefined ? {} : { cv }),
    ...(kid === undefined ? {} : { kid }),
  };
}
