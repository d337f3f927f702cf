import { hash } from 'node:crypto';
import { ACCESS_TOKEN_TYPE } from '@portico/protocol/tokens';
import { errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { PorticoError } from './errors.ts';
import type { Keys } from './keys.ts';
import type { Settings } from './options.ts';

/** What stands in a token whose signature, issuer, audience and end are right. Whether it was revoked is another question. */
export interface ReadToken {
  readonly claims: JWTPayload & { readonly sub: string; readonly aud: string; readonly exp: number; readonly iat: number };
  readonly kid: string | undefined;
}

const TOKEN_MAX = 8192;
/** Tokens that were read are kept by their hash, so that a request costs no signature. About 1 KB each. */
const KEPT = 10_000;

/** One way of signing, pinned by the settings: what the token says of itself never chooses (RFC 8725 3.1). */
export function createReader(settings: Settings, keys: Keys): (token: string) => Promise<ReadToken> {
  const { issuer, audiences, leeway, now, jwtSecrets } = settings;
  const kept = new Map<string, ReadToken>();
  const rules = (algorithms: string[]): JWTVerifyOptions => ({
    algorithms,
    typ: ACCESS_TOKEN_TYPE,
    issuer,
    audience: [...audiences],
    requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    clockTolerance: leeway,
    currentDate: new Date(now()),
  });

  const verify = async (token: string): Promise<JWTVerifyResult> => {
    if (jwtSecrets.length === 0) return jwtVerify(token, (header) => keys.find(header), rules(['ES256', 'EdDSA']));
    for (const [index, secret] of jwtSecrets.entries()) {
      try {
        return await jwtVerify(token, secret, rules(['HS256']));
      } catch (cause) {
        if (!(cause instanceof errors.JWSSignatureVerificationFailed) || index === jwtSecrets.length - 1) throw cause;
      }
    }
    throw new PorticoError('token_invalid');
  };

  return async (token) => {
    if (token.length > TOKEN_MAX) throw new PorticoError('token_invalid');
    const name = hash('sha256', token, 'base64url');
    const known = kept.get(name);
    if (known !== undefined) {
      if (known.claims.exp + leeway > Math.floor(now() / 1000)) return known;
      kept.delete(name);
      throw new PorticoError('token_expired');
    }
    const read = checked(await verify(token).catch(refuse));
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? '');
    kept.set(name, read);
    return read;
  };
}

function refuse(cause: unknown): never {
  if (cause instanceof PorticoError) throw cause;
  if (cause instanceof errors.JWTExpired) throw new PorticoError('token_expired', { cause });
  if (cause instanceof errors.JOSEError || cause instanceof TypeError) throw new PorticoError('token_invalid', { cause });
  throw cause;
}

function checked({ payload, protectedHeader: { kid } }: JWTVerifyResult): ReadToken {
  const { sub, aud, exp, iat } = payload;
  // One audience: a list would let one site pass its tokens on to another (RFC 9068 3).
  if (typeof sub !== 'string' || typeof aud !== 'string' || typeof exp !== 'number' || typeof iat !== 'number')
    throw new PorticoError('token_invalid');
  return { claims: { ...payload, sub, aud, exp, iat }, kid };
}
