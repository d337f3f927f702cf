import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { revokeSession, revokeSessionsOfUser, type Session } from './session.ts';

/**
 * Signs out: this session at every site, or with `everywhere` all sessions of its user. Idempotent: of several calls one writes the event.
 * `clientId` says which site asked for it.
 */
export async function endSignIn(
  deps: Deps,
  from: Origin,
  session: Session,
  { everywhere, clientId = null }: { readonly everywhere: boolean; readonly clientId?: string | null },
): Promise<void> {
  const { userId } = session;
  const revocations = await deps.db.transaction(async (tx) => {
    const entries =
      everywhere && userId !== null && session.state === 'active'
        ? await revokeSessionsOfUser(tx, deps, userId, 'signed_out_everywhere', null)
        : [await revokeSession(tx, deps, session.id, 'signed_out')].filter((entry) => entry !== null);
    // Nothing ended: another call was faster, and has written its own event.
    if (entries.length === 0) return entries;
    await recordEvent(tx, deps, from, 'session.ended', {
      actorId: userId,
      userId,
      sessionId: session.id,
      clientId,
      reason: everywhere ? 'signed_out_everywhere' : 'signed_out',
    });
    return entries;
  });
  for (const entry of revocations) deps.revoked.add(entry);
}
