import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { findFamilyAt } from '../sessions/refresh-token.ts';
import { findGrant } from '../sessions/session.ts';
import { siteUser } from '../sessions/site-user.ts';

/** What an access token says of itself: its claims of the same names, and in `clientId` its audience. */
export interface SessionQuestion {
  readonly sid: string;
  readonly sub?: string;
  readonly uv?: number;
  readonly fid?: string;
  readonly cv?: number;
  /** Of its header: the key that signed it. */
  readonly kid?: string;
  /** Of a verifier that takes the tokens of other clients; its own unless given. */
  readonly clientId?: string;
}

/** The same for every session that this client has no part in, whether it lives or never was: nobody may probe the sessions of others. */
const NOTHING_TO_SAY: Answer = { body: { status: 'SIGNED_OUT', tokenGood: false } };

/**
 * POST external/session: how a session stands in which this site is open, and whether a token with these claims is still good. Verifiers
 * ask it while they hear nothing of revocations. It reads the database, and changes nothing.
 */
export async function sessionForBackend(deps: Deps, { client }: AuthenticatedClient, asked: SessionQuestion): Promise<Answer> {
  const { sid, clientId = client.id, fid = null } = asked;
  if (clientId !== client.id && !client.audiences.includes(clientId)) return NOTHING_TO_SAY;
  const now = deps.now();
  const family = await findFamilyAt(deps.db, { sessionId: sid, clientId, id: fid, now });
  if (family === null) return NOTHING_TO_SAY;
  const grant = await findGrant(deps.db, sid, clientId, now);
  if (grant === null || (asked.sub !== undefined && asked.sub !== grant.user.id)) return NOTHING_TO_SAY;
  if (family.state === 'held' && grant.session.state === 'held') return { body: { status: 'HELD', tokenGood: false } };
  if (family.state === 'held' || !grant.alive) return NOTHING_TO_SAY;
  const isOld = (asked.uv ?? grant.user.uv) < grant.user.uv || (asked.cv ?? grant.client.cv) < grant.client.cv;
  const byDroppedKey = asked.kid !== undefined && (await deps.revoked.isDenied({ aud: clientId, sub: grant.user.id, kid: asked.kid }));
  const tokenGood = !isOld && !byDroppedKey;
  return {
    body: {
      status: 'VERIFIED',
      tokenGood,
      expiresAt: grant.session.expiresAt,
      // What a site may know of a user is between those two: a verifier of its tokens learns whether they are good.
      ...(clientId === client.id ? { user: siteUser(grant, family.scope) } : {}),
    },
  };
}
