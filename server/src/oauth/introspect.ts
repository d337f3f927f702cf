import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { peekRefreshToken } from '../sessions/peek-refresh-token.ts';
import { parseRefreshToken } from '../sessions/refresh-chain.ts';
import type { Grant } from '../sessions/session.ts';
import { authTimeOf, livingScope } from '../sessions/session-row.ts';
import { findLiveFamily, verifySiteToken } from '../sessions/site-token.ts';
import { requireProvenClient } from './client-request.ts';
import { type Parameters, requireParameter } from './parameters.ts';
import { bothScopes } from './scope.ts';

/** Why a token is not active is nobody's business (RFC 7662 2.2). */
const INACTIVE: Answer = { body: { active: false } };

/**
 * POST /oauth/introspect (RFC 7662), for clients that prove who they are. A token is active only while its family, its session, its user
 * and its site live, and what is said of the user comes from the rows: a site's own secret can make any token, and none that we believe.
 */
export async function introspect(deps: Deps, caller: Caller, parameters: Parameters): Promise<Answer> {
  const { client } = await requireProvenClient(deps, caller, parameters);
  const token = requireParameter(parameters, 'token');
  const facts =
    parseRefreshToken(deps.keys, token) === null
      ? await factsOfAccessToken(deps, client, token)
      : await factsOfRefreshToken(deps, client, caller, token);
  return facts === null ? INACTIVE : { body: { active: true, iss: deps.config.origin, ...facts } };
}

/** Its own, or those of the audiences that it was registered for. */
function mayRead(client: Client, audience: string): boolean {
  return audience === client.id || client.audiences.includes(audience);
}

async function factsOfAccessToken(deps: Deps, client: Client, token: string): Promise<object | null> {
  const verified = await verifySiteToken(deps, token);
  if (verified === null || !mayRead(client, verified.client.id)) return null;
  const { claims } = verified;
  const { aud, sub, iat, exp, jti } = claims;
  const said = { token_type: 'Bearer', client_id: aud, aud, sub, iat, exp, jti };
  // A machine speaks for itself: no session, no family, and a subject that can only be the client.
  if (claims.sid === undefined)
    return sub === aud ? { ...said, scope: bothScopes(claims.scope ?? '', verified.client.scopes.join(' ')) } : null;
  const live = await findLiveFamily(deps, claims);
  if (live === null) return null;
  return { ...said, ...ofSession(live.grant), scope: bothScopes(claims.scope ?? '', livingScope(live.grant, live.family.scope)) };
}

async function factsOfRefreshToken(deps: Deps, client: Client, from: Caller, token: string): Promise<object | null> {
  const as = { clientId: client.id, authenticated: true, deviceHash: null, byCookie: false, from };
  const peeked = await peekRefreshToken(deps, as, token);
  if (peeked.kind !== 'granted') return null;
  const { family, grant } = peeked;
  return {
    client_id: client.id,
    aud: client.id,
    sub: grant.user.id,
    iat: Math.floor(family.rotatedAt / 1000),
    exp: Math.floor(Math.min(family.idleAt, family.expiresAt) / 1000),
    ...ofSession(grant),
    scope: livingScope(grant, family.scope),
  };
}

function ofSession({ session, roles }: Grant): object {
  return { sid: session.id, auth_time: authTimeOf(session), amr: session.amr, roles };
}
