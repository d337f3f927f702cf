import { OAUTH } from '@portico/protocol/routes';
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import type { Client } from './client.ts';
import { type ClientKey, readClientKeys } from './client-keys.ts';
import { spendId } from './spent-id.ts';

/** Client authentication by private_key_jwt (RFC 7523, OpenID Connect Core 9). */

/** An assertion may end at most this far ahead, in seconds: so long its name is remembered. */
export const ASSERTION_LIFE = 300;
/** Clocks of two machines may differ by this much, in seconds. */
const LEEWAY = 30;

const ASSERTION_FORM = /^[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,2000}$/;
/** An access token, a DPoP proof or an ID token of ours is signed too, and says something else. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt'];

/** The client that an assertion speaks of. Nothing is proven yet. Null: it has not the form of one. */
export function subjectOfAssertion(assertion: string): string | null {
  if (!ASSERTION_FORM.test(assertion)) return null;
  try {
    const { sub }: { sub?: unknown } = decodeJwt(assertion);
    return typeof sub === 'string' ? sub : null;
  } catch {
    return null;
  }
}

/**
 * Whether this client signed this assertion for us, now, and it comes for the first time. The name of the key chooses among the client's
 * registered keys; key and algorithm never come from the assertion (`jwk`, `jku`, `x5u` mean nothing).
 */
export async function spendAssertion(deps: Pick<Deps, 'config' | 'db' | 'now'>, client: Client, assertion: string): Promise<boolean> {
  const registered = client.jwks === null ? null : readClientKeys(client.jwks);
  if (registered?.kind !== 'good') return false;
  const claims = await verify(deps, registered.keys, client.id, assertion);
  if (claims === null || !isForUs(deps, claims)) return false;
  const { exp = 0, jti }: { exp?: number; jti?: unknown } = claims;
  if (typeof jti !== 'string' || jti.length < 1 || jti.length > 300) return false;
  // Last, after the signature: or strangers could use up the names that a client is about to say. One statement decides who was first.
  return spendId(deps.db, `assertion ${client.id} ${tokenHash(jti)}`, (exp + 2 * LEEWAY) * 1000);
}

async function verify(
  { now }: Pick<Deps, 'now'>,
  keys: readonly ClientKey[],
  clientId: string,
  assertion: string,
): Promise<JWTPayload | null> {
  const key = chooseKey(keys, assertion);
  if (key === null) return null;
  try {
    const { payload, protectedHeader } = await jwtVerify(assertion, key.publicKey, {
      algorithms: key.alg === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [key.alg],
      issuer: clientId,
      subject: clientId,
      requiredClaims: ['aud', 'exp', 'jti'],
      clockTolerance: LEEWAY,
      currentDate: new Date(now()),
    });
    return TYPES.includes(protectedHeader.typ) && isTimely(payload, now() / 1000) ? payload : null;
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return null;
    throw cause;
  }
}

function chooseKey(keys: readonly ClientKey[], assertion: string): ClientKey | null {
  const [head = ''] = assertion.split('.');
  let header: { kid?: unknown };
  try {
    header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid?: unknown };
  } catch {
    return null;
  }
  if (header.kid === undefined) return keys.length === 1 ? (keys[0] ?? null) : null;
  return keys.find(({ kid }) => kid === header.kid) ?? (keys.length === 1 && keys[0]?.kid === null ? keys[0] : null);
}

/** `exp` and `nbf` are already compared. An end far ahead would have to be remembered as long; a beginning ahead is no beginning. */
function isTimely({ exp = 0, iat = 0 }: JWTPayload, now: number): boolean {
  return exp <= now + ASSERTION_LIFE + LEEWAY && iat <= now + LEEWAY;
}

/**
 * One text, and ours. In a list another server could stand beside us and bring here what was signed for it, or be brought what was signed
 * for us (the audience confusion that draft-ietf-oauth-rfc7523bis closes).
 */
function isForUs({ config }: { readonly config: Config }, { aud }: JWTPayload): boolean {
  return aud === config.origin || aud === `${config.origin}${OAUTH.token}` || aud === `${config.apiOrigin}${OAUTH.token}`;
}
