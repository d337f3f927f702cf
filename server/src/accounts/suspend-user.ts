import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';
import { requireOtherOwner } from './last-owner.ts';
import { markUserReinstated, markUserSuspended, type User } from './user.ts';

/** Whether an act may be done to this user: asked once the row is locked, so that nobody rises in between. Throws. */
export type Judge = (user: Pick<User, 'role'>) => void;

interface Act {
  readonly userId: string;
  readonly actorId?: string | null;
  readonly judge?: Judge;
}

/**
 * Shuts an account out: every session ends at every site, every access token is refused within a second, and no way in leads to a new
 * one. Answers how many sessions ended; null where there is no such account, or it is suspended already. Throws `last_owner`.
 */
export async function suspendUser(
  deps: Deps,
  from: Origin,
  { userId, reason = null, actorId = null, judge }: Act & { readonly reason?: string | null },
): Promise<{ readonly ended: number } | null> {
  const done = await deps.db.transaction(async (tx) => {
    await requireOtherOwner(tx, userId);
    // The version rises with it: a sign-in whose password was checked a moment ago finds another account than it knew.
    const user = await markUserSuspended(tx, userId, deps.now());
    if (user === null) return null;
    judge?.(user);
    const sessions = await revokeSessionsOfUser(tx, deps, userId, 'user_suspended', null);
    const bySubject = await insertRevocation(tx, deps, { kind: 'sub', subject: userId, minimumUv: user.uv });
    await recordEvent(tx, deps, from, 'user.suspended', {
      actorId,
      target: { kind: 'user', id: userId },
      reason,
      before: { suspended: false },
      after: { suspended: true, sessionsEnded: sessions.length },
    });
    return { ended: sessions.length, entries: [...sessions, bySubject] };
  });
  if (done === null) return null;
  for (const entry of done.entries) deps.revoked.add(entry);
  return { ended: done.ended };
}

/** Lets an account in again; what ended stays ended. False where there is no such account, or it was not suspended. */
export async function reinstateUser(deps: Deps, from: Origin, { userId, actorId = null, judge }: Act): Promise<boolean> {
  return deps.db.transaction(async (tx) => {
    const user = await markUserReinstated(tx, userId);
    if (user === null) return false;
    judge?.(user);
    await recordEvent(tx, deps, from, 'user.reinstated', {
      actorId,
      target: { kind: 'user', id: userId },
      before: { suspended: true },
      after: { suspended: false },
    });
    return true;
  });
}
