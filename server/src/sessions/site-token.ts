import { ACCESS_TOKEN_TYPE, type AccessClaims } from '@portico/protocol/tokens';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { CLIENT_ID_FORM } from '../clients/authenticate-client.ts';
import { type Client, findClient } from '../clients/client.ts';
import { listSigningSecrets } from '../clients/client-secret.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { openSigningSecret } from './access-token.ts';
import { type Family, findFamily } from './refresh-token.ts';
import { findGrant, type Grant, isFirstParty } from './session.ts';
import { isCanonical, LONGEST_TOKEN, NODE_LEEWAY } from './verify-jwt.ts';

/** Access tokens of client sites, as they come back to us. What they say of anybody is not believed: the database is asked. */

/** A token that a living family stands behind. */
export interface LiveSiteToken {
  readonly claims: SiteClaims;
  readonly client: Client;
  readonly family: Family;
  readonly grant: Grant;
}

/** A machine's token speaks for the client itself: it has neither session nor user. */
export type SiteClaims = Partial<AccessClaims> & Pick<AccessClaims, 'aud' | 'sub' | 'exp' | 'iat'>;

/** 128 random bits; anything else reaches no database. */
const FAMILY_ID = /^[A-Za-z0-9_-]{22}$/;

/** What is genuine, in time and not revoked, of a client that is in service. A client's own secret makes it genuine and nothing more. */
export async function verifySiteToken(deps: Deps, token: string): Promise<{ claims: SiteClaims; client: Client } | null> {
  if (token.length > LONGEST_TOKEN || !isCanonical(token)) return null;
  try {
    const { aud } = decodeJwt(token);
    // Named by the token, and so only a question: which client's alg and keys are to be tried.
    if (typeof aud !== 'string' || !CLIENT_ID_FORM.test(aud) || isFirstParty(aud)) return null;
    const client = await findClient(deps.db, aud);
    if (client === null || client.disabledAt !== null) return null;
    const { kid } = decodeProtectedHeader(token);
    const key = kid === undefined ? null : await keyOf(deps, client, kid);
    if (key === null) return null;
    const { payload } = await jwtVerify<SiteClaims>(token, key, {
      // One alg, and it stands in the registration (RFC 8725 3.1).
      algorithms: [client.accessAlg],
      typ: ACCESS_TOKEN_TYPE,
      issuer: deps.config.origin,
      audience: client.id,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: NODE_LEEWAY,
      currentDate: new Date(deps.now()),
    });
    if (!isWellFormed(payload)) return null;
    const life = payload.exp - payload.iat;
    if (!(life >= 0 && life <= (client.accessLife ?? deps.config.accessTokenLife) / 1000)) return null;
    if (payload.client_id !== client.id || payload.cv !== client.cv) return null;
    return (await deps.revoked.isDenied({ ...payload, ...(kid === undefined ? {} : { kid }) })) ? null : { claims: payload, client };
  } catch (cause) {
    if (cause instanceof errors.JOSEError || cause instanceof TypeError) return null;
    throw cause;
  }
}

/** A site that signs with its own secret writes what it likes; nothing of another type gets further than this. */
function isWellFormed({ sub, sid, fid, scope, jti }: SiteClaims): boolean {
  const texts: unknown[] = [sub, sid ?? '', scope ?? '', jti ?? ''];
  return texts.every((text) => typeof text === 'string') && (fid === undefined || (typeof fid === 'string' && FAMILY_ID.test(fid)));
}

async function keyOf(deps: Deps, client: Client, kid: string) {
  if (client.accessAlg !== 'HS256') return deps.keys.signing(kid)?.publicKey ?? null;
  const secret = (await listSigningSecrets(deps.db, client.id, deps.now())).find(({ id }) => id === kid);
  return secret === undefined ? null : openSigningSecret(deps, secret).bytes;
}

/** The family (sid, client, user) that a token names, if it lives: everything else is read from the rows. */
export async function findLiveFamily(
  deps: Pick<Deps, 'now'> & { readonly db: Db },
  { fid, sid, sub, aud }: SiteClaims,
): Promise<{ family: Family; grant: Grant } | null> {
  const family = fid === undefined ? null : await findFamily(deps.db, fid);
  if (family === null || family.sessionId !== sid || family.clientId !== aud || family.userId !== sub) return null;
  const now = deps.now();
  if (family.state !== 'active' || family.expiresAt <= now || family.idleAt <= now) return null;
  const grant = await findGrant(deps.db, family.sessionId, family.clientId, now);
  return grant?.alive === true ? { family, grant } : null;
}

/** Both at once. Null when the token is not good, or nothing lives behind it any more. */
export async function liveSiteToken(deps: Deps, token: string): Promise<LiveSiteToken | null> {
  const verified = await verifySiteToken(deps, token);
  const live = verified === null ? null : await findLiveFamily(deps, verified.claims);
  return verified === null || live === null ? null : { ...verified, ...live };
}
