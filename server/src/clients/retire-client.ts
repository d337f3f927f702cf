import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { deleteFamiliesOfClient, endFamiliesOfClient } from '../sessions/refresh-token.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { type Client, deleteClient, findClient, setClientDisabled, settingsOf } from './client.ts';
import { queueLogout } from './logout-outbox.ts';

/** Taking a client site out of service, back in, and away. */

/** Sign-ins that one transaction ends: few enough that nobody waits behind it. */
const BATCH = 500;

/**
 * From the first commit on the site opens nothing: its row says so to whatever makes or refreshes a sign-in, and the revocation, written
 * with it, to every verifier within a second. What then hangs from it is ended in batches, with the news to its backend; whoever died in
 * the middle of that disables it once more. Null: no such client.
 */
export async function disableClient(deps: Deps, from: Origin, id: string): Promise<{ client: Client; ended: number } | null> {
  const client = await switchClient(deps, from, id, deps.now());
  return client === null ? null : { client, ended: await endSignIns(deps, client) };
}

/**
 * Back in service; nothing happens to a site that is. A sign-in that was being made while the site was disabled may have come too late to
 * be ended with the others, and would rise again now. Null: no such client.
 */
export async function enableClient(deps: Deps, from: Origin, id: string): Promise<Client | null> {
  const client = await findClient(deps.db, id);
  if (client === null || client.disabledAt === null) return client;
  await endSignIns(deps, client);
  return switchClient(deps, from, id, null);
}

/** Disables the site first, so that everything about it has ended and its backend is told, and only then forgets it. */
export async function removeClient(deps: Deps, from: Origin, id: string): Promise<{ client: Client; ended: number } | null> {
  const disabled = await disableClient(deps, from, id);
  if (disabled === null) return null;
  while ((await deleteFamiliesOfClient(deps.db, id, BATCH)) === BATCH);
  await deps.db.transaction(async (tx) => {
    if ((await deleteClient(tx, id)) !== null)
      await recordEvent(tx, deps, from, 'client.removed', { target: { kind: 'client', id }, before: { ...settingsOf(disabled.client) } });
  });
  return disabled;
}

async function switchClient(deps: Deps, from: Origin, id: string, disabledAt: number | null): Promise<Client | null> {
  const switched = await deps.db.transaction(async (tx) => {
    const client = await setClientDisabled(tx, id, disabledAt);
    if (client === null) return null;
    const [before, after] = [{ inService: disabledAt !== null }, { inService: disabledAt === null }];
    const act = disabledAt === null ? 'client.enabled' : 'client.disabled';
    await recordEvent(tx, deps, from, act, { target: { kind: 'client', id }, before, after });
    return { client, entry: await insertRevocation(tx, deps, { kind: 'client', subject: id, minimumUv: client.cv }) };
  });
  if (switched === null) return null;
  deps.revoked.add(switched.entry);
  return switched.client;
}

/** Answers how many. */
async function endSignIns(deps: Deps, client: Client): Promise<number> {
  let ended = 0;
  for (;;) {
    const batch = await deps.db.transaction(async (tx) => {
      const families = await endFamiliesOfClient(tx, client.id, deps.now(), BATCH);
      // Several families of one session are one piece of news.
      const sessions = new Map(families.map((family) => [family.sessionId, family]));
      for (const session of sessions.values()) await queueLogout(tx, deps, client, session);
      return families.length;
    });
    ended += batch;
    if (batch < BATCH) return ended;
  }
}
