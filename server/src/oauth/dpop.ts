import { OAuthRefusal } from '@portico/protocol/errors';
import type { OAUTH } from '@portico/protocol/routes';
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { Caller } from '../caller.ts';
import { spendId } from '../clients/spent-id.ts';
import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';

/**
 * Proof of a key (RFC 9449). It binds the refresh tokens of clients that have no secret: a stolen one is worth nothing without the key.
 * Access tokens stay Bearer tokens, as the RFC allows: they live for minutes and are revoked within a second.
 */

/** No RSA: a key comes with the request, and a huge one would make every check as costly as whoever sends it likes. */
export const DPOP_ALGS = ['ES256', 'EdDSA', 'Ed25519'];
/** Clocks may differ, and the proof travels: seconds around its `iat`. */
export const DPOP_WINDOW = 60;
const PROOF_MAX = 4096;
const JTI_MAX = 256;

/** JWK thumbprint of the key that the call was proven with; null where no proof came. Throws `invalid_dpop_proof`. */
export async function readDpopKey(deps: Deps, caller: Caller, path: (typeof OAUTH)[keyof typeof OAUTH]): Promise<string | null> {
  const proof = caller.dpopHeader;
  if (proof === null) return null;
  if (proof.length > PROOF_MAX) throw refused();
  const { payload, jwk } = await verified(deps, proof);
  const { htm, htu, iat, jti } = payload;
  if (htm !== 'POST' || !isHere(deps, htu, path)) throw refused();
  if (typeof jti !== 'string' || jti === '' || jti.length > JTI_MAX) throw refused();
  if (typeof iat !== 'number' || !(Math.abs(deps.now() / 1000 - iat) <= DPOP_WINDOW)) throw refused();
  const thumbprint = await calculateJwkThumbprint(jwk);
  // Once: a proof that was read on its way shall not prove anything to whoever read it.
  const expiresAt = (iat + 2 * DPOP_WINDOW) * 1000;
  if (!(await spendId(deps.db, `dpop ${tokenHash(`${thumbprint} ${jti}`)}`, Math.ceil(expiresAt)))) throw refused();
  return thumbprint;
}

async function verified(deps: Deps, proof: string): Promise<{ payload: JWTPayload; jwk: JWK }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: DPOP_ALGS,
      currentDate: new Date(deps.now()),
    });
    const jwk = protectedHeader.jwk;
    // RFC 9449 4.3: a client that sends its private key proves nothing any more.
    if (jwk === undefined || 'd' in jwk) throw refused();
    return { payload, jwk };
  } catch (cause) {
    if (cause instanceof OAuthRefusal) throw cause;
    // What is no key at all is a TypeError or a DOMException of the crypto library.
    if (cause instanceof errors.JOSEError || cause instanceof TypeError || cause instanceof DOMException) throw refused(cause);
    throw cause;
  }
}

/** Query and fragment do not count (RFC 9449 4.3), nor how host and port are spelled. */
function isHere({ config }: Pick<Deps, 'config'>, htu: unknown, path: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false;
  const { origin, pathname, username, password } = new URL(htu);
  return origin === config.apiOrigin && pathname === path && username === '' && password === '';
}

function refused(cause?: unknown): OAuthRefusal {
  return new OAuthRefusal('invalid_dpop_proof', 'the proof of the key is not good', { cause });
}
