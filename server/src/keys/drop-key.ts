import { type EventFacts, recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { leaveSite } from '../sessions/leave-site.ts';
import { type Family, listFamiliesOfKey } from '../sessions/refresh-token.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { isFirstParty, lockActiveSession, revokeSession } from '../sessions/session.ts';
import { markChainKeyDropped } from './chain-key.ts';
import { deleteSigningKey } from './signing-key.ts';

/** Families that end in one transaction: few enough that nobody waits behind it. */
const AT_A_TIME = 50;

/** The key that signs or makes new families cannot go before its successor is used: there would be none. */
export type Dropped = { readonly kind: 'dropped'; readonly families: number } | { readonly kind: 'unknown' } | { readonly kind: 'in_use' };

/**
 * Ends a chain key that may be known, and what was made with it (ended, not held: nobody knows of a thief). A family of a site ends alone.
 * With the browser's own family its session ends, at every site: nobody could open another site with what is left of it. The families go
 * first, in parts, and the key after them; so a command that was killed can be given again.
 */
export async function dropChainKey(deps: Deps, from: Origin, id: number): Promise<Dropped> {
  if (deps.keys.chain(id) === null) return { kind: 'unknown' };
  if (deps.keys.currentChain(deps.now()).id === id) return { kind: 'in_use' };
  let families = await endAll(deps, from, id);
  const dropped = await deps.db.transaction(async (tx) => {
    const first = await markChainKeyDropped(tx, id, deps.now());
    if (first) await recordEvent(tx, deps, from, 'key.dropped', aboutKey(`chain ${id}`));
    return first;
  });
  // What a node whose clock or keys were behind has made meanwhile.
  families += await endAll(deps, from, id);
  return dropped ? { kind: 'dropped', families } : { kind: 'unknown' };
}

/** Ends a signing key that may be known: every token that it ever signed is refused within a second, the unexpired ones of today too. */
export async function dropSigningKey(deps: Deps, from: Origin, kid: string): Promise<Dropped> {
  const key = deps.keys.signing(kid);
  if (key === null) return { kind: 'unknown' };
  if (deps.keys.currentSigning(deps.now(), key.alg).kid === kid) return { kind: 'in_use' };
  const revocation = await deps.db.transaction(async (tx) => {
    if (!(await deleteSigningKey(tx, kid))) return null;
    await recordEvent(tx, deps, from, 'key.dropped', aboutKey(`signing ${kid}`));
    return insertRevocation(tx, deps, { kind: 'kid', subject: kid, minimumUv: null });
  });
  if (revocation === null) return { kind: 'unknown' };
  deps.revoked.add(revocation);
  return { kind: 'dropped', families: 0 };
}

function aboutKey(name: string): EventFacts {
  return { reason: name, target: { kind: 'key', id: name }, before: { kept: true }, after: { kept: false } };
}

async function endAll(deps: Deps, from: Origin, keyId: number): Promise<number> {
  let ended = 0;
  for (;;) {
    const families = await listFamiliesOfKey(deps.db, keyId, AT_A_TIME);
    if (families.length === 0) return ended;
    const entries = await deps.db.transaction((tx) => endThese(tx, deps, from, families));
    for (const entry of entries) deps.revoked.add(entry);
    ended += families.length;
  }
}

/** Lock order: sessions by id, families by id. They come in that order. */
async function endThese(
  tx: Db,
  deps: Deps,
  from: Origin,
  families: readonly Pick<Family, 'id' | 'sessionId' | 'clientId' | 'userId'>[],
): Promise<Revocation[]> {
  const entries: Revocation[] = [];
  const own = new Set(families.filter(({ clientId }) => isFirstParty(clientId)).map(({ sessionId }) => sessionId));
  for (const { sessionId, clientId, userId } of families) {
    const facts = { userId, sessionId, reason: 'key_dropped' };
    const session = own.has(sessionId) ? await revokeSession(tx, deps, sessionId, 'key_dropped') : null;
    if (session !== null) {
      await recordEvent(tx, deps, from, 'session.ended', facts);
      entries.push(session);
      continue;
    }
    await lockActiveSession(tx, sessionId, deps.now());
    const left = await leaveSite(tx, deps, { sessionId, clientId });
    if (left.length > 0) await recordEvent(tx, deps, from, 'site.left', { ...facts, clientId });
    entries.push(...left);
  }
  return entries;
}
