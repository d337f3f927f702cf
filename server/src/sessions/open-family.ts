import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { type IssuedFamily, insertFamily } from './refresh-token.ts';
import { findGrant, type Grant, lockActiveSession } from './session.ts';

export interface SiteFamily {
  readonly sessionId: string;
  readonly clientId: string;
  readonly scope: string;
  /** JWK thumbprint of the DPoP key that it is bound to; null = none. */
  readonly dpopKey: string | null;
  /** Hash of the device cookie, where the token will live in a cookie beside it; null or absent = none. */
  readonly deviceHash?: string | null;
  /** Milliseconds; null = the setting. */
  readonly idleLife: number | null;
  /** Decides whether what opens it may still be used, after the session was locked. False: nothing is opened. */
  readonly admit?: (tx: Db, familyId: string, session: Grant['session']) => Promise<boolean>;
  readonly id: string;
}

export interface OpenedFamily {
  readonly family: IssuedFamily;
  readonly grant: Grant;
  readonly scope: string;
  readonly provedAt: number;
}

/**
 * Signs somebody in to one more site: a family that hangs from a living session and ends with it. Lock order: session, then what opens
 * it, then the family; so nothing is born after a sign-out. Null: the session is not active, user or site is suspended, or `admit` said no.
 */
export async function openFamily(tx: Db, deps: Deps, site: SiteFamily): Promise<OpenedFamily | null> {
  const now = deps.now();
  const session = await lockActiveSession(tx, site.sessionId, now);
  if (session?.userId == null) return null;
  const grant = await findGrant(tx, session.id, site.clientId, now);
  if (grant === null || !grant.alive) return null;
  if (site.admit !== undefined && !(await site.admit(tx, site.id, grant.session))) return null;
  const family = await insertFamily(
    tx,
    { key: deps.keys.currentChain(now), random: deps.random, now },
    {
      id: site.id,
      sessionId: session.id,
      clientId: site.clientId,
      userId: session.userId,
      deviceHash: site.deviceHash ?? null,
      scope: site.scope,
      dpopKey: site.dpopKey,
      expiresAt: session.expiresAt,
      idleAt: now + (site.idleLife ?? deps.config.sessionIdle),
    },
  );
  return { family, grant, scope: site.scope, provedAt: now };
}
