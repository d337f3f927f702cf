import { OAuthRefusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import type { Answer } from '../sessions/answer.ts';
import { endGrant } from '../sessions/end-grant.ts';
import { endSignIn } from '../sessions/end-session.ts';
import { leaveSite } from '../sessions/leave-site.ts';
import { parseRefreshToken } from '../sessions/refresh-chain.ts';
import { type Family, findFamily } from '../sessions/refresh-token.ts';
import { findSession, lockActiveSession, revokeSession } from '../sessions/session.ts';
import { verifySiteToken } from '../sessions/site-token.ts';
import { requireClient } from './client-request.ts';
import { readDpopKey } from './dpop.ts';
import { type Parameters, requireParameter } from './parameters.ts';

/** Nothing to revoke, or revoked: the client need not know which (RFC 7009 2.2). */
const DONE: Answer = { body: {} };

/** How much ends with a token: what the client has in that session, or, by our parameter `portico_ends`, the session, or all of the user's. */
const ENDS: readonly string[] = ['grant', 'session', 'everywhere'];

/**
 * POST /oauth/revoke (RFC 7009). A refresh token ends what the client has in that session, an access token the grant that it came from;
 * the access tokens of both are refused everywhere within a second. What kind of token it is can be seen, so no hint is needed.
 */
export async function revokeToken(deps: Deps, caller: Caller, parameters: Parameters): Promise<Answer> {
  const { client } = await requireClient(deps, caller, parameters);
  const token = requireParameter(parameters, 'token');
  const ends = parameters['portico_ends'] ?? 'grant';
  if (!ENDS.includes(ends)) throw new OAuthRefusal('invalid_request', `portico_ends is one of ${ENDS.join(', ')}`);
  const refresh = parseRefreshToken(deps.keys, token);
  // Any link of the chain names its family here, however old: whoever holds a copy may end the grant, never use it.
  const family = refresh === null ? await familyOfAccessToken(deps, client, token) : await findFamily(deps.db, refresh.familyId);
  if (family === null) return DONE;
  requireOwn(client, family.clientId);
  // What ended names nothing any more: an old copy must not end what its owner has opened since.
  if (family.state === 'revoked' || family.state === 'replaced') return DONE;
  if (ends !== 'grant') {
    if (refresh === null) throw new OAuthRefusal('invalid_request', 'portico_ends goes with a refresh token');
    await requireOwnKey(deps, caller, family);
    const session = await findSession(deps.db, family.sessionId);
    if (session !== null) await endSignIn(deps, caller, session, { everywhere: ends === 'everywhere', clientId: client.id });
    return DONE;
  }
  const revocations = await end(deps, caller, family, refresh !== null);
  for (const entry of revocations) deps.revoked.add(entry);
  return DONE;
}

async function familyOfAccessToken(deps: Deps, client: Client, token: string): Promise<Family | null> {
  const verified = await verifySiteToken(deps, token);
  if (verified === null) return null;
  requireOwn(client, verified.client.id);
  const { fid } = verified.claims;
  if (fid === undefined) throw new OAuthRefusal('unsupported_token_type', 'tokens of a machine end by themselves, in minutes');
  return findFamily(deps.db, fid);
}

/** RFC 7009 2.1: somebody else's token is refused, and the client learns it. */
function requireOwn(client: Client, ownerId: string): void {
  if (ownerId !== client.id) throw new OAuthRefusal('invalid_request', 'the token was made for another client');
}

/** Whoever stole a bound token must not sign its owner out of everything: that asks for the key, as a refresh does. */
async function requireOwnKey(deps: Deps, caller: Caller, { dpopKey }: Family): Promise<void> {
  if (dpopKey !== null && dpopKey !== (await readDpopKey(deps, caller, OAUTH.revoke)))
    throw new OAuthRefusal('invalid_dpop_proof', 'the token is bound to another key');
}

async function end(deps: Deps, caller: Caller, family: Family, wholeSite: boolean): Promise<Revocation[]> {
  const { sessionId, clientId, userId } = family;
  return deps.db.transaction(async (tx) => {
    // First, so that a code that is redeemed at this moment is redeemed before or after, and its family does not slip through.
    const session = await lockActiveSession(tx, sessionId, deps.now());
    if (session === null) return [];
    const facts = { actorId: userId, userId, sessionId, clientId };
    if (session.kind === 'device') {
      // The device has a session of its own, and nothing else hangs from it.
      const entry = await revokeSession(tx, deps, sessionId, 'signed_out');
      if (entry !== null) await recordEvent(tx, deps, caller, 'session.ended', { ...facts, reason: 'signed_out' });
      return entry === null ? [] : [entry];
    }
    if (!wholeSite) {
      const entry = await endGrant(tx, deps, caller, family, 'site.left');
      return entry === null ? [] : [entry];
    }
    const entries = await leaveSite(tx, deps, { sessionId, clientId });
    if (entries.length > 0) await recordEvent(tx, deps, caller, 'site.left', facts);
    return entries;
  });
}
