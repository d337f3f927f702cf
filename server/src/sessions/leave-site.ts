import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import { queueLogouts } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { endFamiliesAt, type Family } from './refresh-token.ts';
import { insertRevocation } from './revocation.ts';
import { lockActiveSession } from './session.ts';

/**
 * Ends one site in one session: its families, their revocations and the news to the site's backend, in the caller's transaction. The
 * session and every other site go on. The caller adds the entries to `deps.revoked` after the commit; none means that nothing was open.
 */
export async function leaveSite(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  { sessionId, clientId }: { readonly sessionId: string; readonly clientId: string },
): Promise<Revocation[]> {
  const ended = await endFamiliesAt(tx, sessionId, clientId, deps.now());
  if (ended.length === 0) return [];
  await queueLogouts(tx, deps, { sessionId, clientId });
  const entries: Revocation[] = [];
  for (const id of ended) entries.push(await insertRevocation(tx, deps, { kind: 'family', subject: id, minimumUv: null }));
  return entries;
}

/** The site itself asked for it, for the sign-in of one session. Nothing happens where that is over. */
export async function signOutOfSite(deps: Deps, from: Origin, { sessionId, clientId, userId }: Family): Promise<void> {
  const entries = await deps.db.transaction(async (tx) => {
    // First the session, as everybody does who makes or ends families: none is born behind our back, and nobody waits in a circle.
    if ((await lockActiveSession(tx, sessionId, deps.now())) === null) return [];
    const left = await leaveSite(tx, deps, { sessionId, clientId });
    if (left.length > 0) await recordEvent(tx, deps, from, 'site.left', { actorId: userId, userId, sessionId, clientId });
    return left;
  });
  for (const entry of entries) deps.revoked.add(entry);
}
