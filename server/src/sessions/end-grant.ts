import { type Action, recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import { queueLogouts } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { endFamily, type Family } from './refresh-token.ts';
import { insertRevocation } from './revocation.ts';

/**
 * Ends one grant of a site, in the caller's transaction: the family, its access tokens, and the news to the site's backend. The session
 * and every other site go on. Null when it had ended before. The caller adds the entry to `deps.revoked` after the commit.
 */
export async function endGrant(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random' | 'vault'>,
  from: Origin,
  { id, userId, sessionId, clientId }: Pick<Family, 'id' | 'userId' | 'sessionId' | 'clientId'>,
  action: Action,
): Promise<Revocation | null> {
  if (!(await endFamily(tx, id, deps.now()))) return null;
  await recordEvent(tx, deps, from, action, { userId, sessionId, clientId });
  await queueLogouts(tx, deps, { sessionId, clientId });
  return insertRevocation(tx, deps, { kind: 'family', subject: id, minimumUv: null });
}
