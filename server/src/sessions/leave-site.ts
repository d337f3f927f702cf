import { queueLogouts } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { endFamiliesAt } from './refresh-token.ts';
import { insertRevocation } from './revocation.ts';

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
