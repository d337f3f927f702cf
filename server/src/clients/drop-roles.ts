import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { lockClient } from './client.ts';
import { listMembers, type Member, narrowClientRoles } from './client-role.ts';

/** People whose roles one transaction looks at: few enough that nobody waits behind it. */
const BATCH = 200;

/**
 * Takes the roles that a site does not define any more from whoever has them. Tokens have forgotten them already: what is read for a token
 * is what the site defines (`findGrant`). Each batch holds the client, so that nothing is taken that was defined again meanwhile.
 */
export async function dropUndefinedRoles(deps: Deps, from: Origin, clientId: string): Promise<void> {
  let after: { readonly id: string } | null = null;
  for (;;) {
    const read: readonly Member[] = await deps.db.transaction((tx) => dropBatch(tx, deps, from, clientId, after));
    const last = read.at(-1);
    if (last === undefined || read.length < BATCH) return;
    after = { id: last.userId };
  }
}

async function dropBatch(
  tx: Db,
  deps: Deps,
  from: Origin,
  clientId: string,
  after: { readonly id: string } | null,
): Promise<readonly Member[]> {
  const client = await lockClient(tx, clientId);
  if (client === null) return [];
  const members = await listMembers(tx, clientId, { after, limit: BATCH });
  for (const { userId, roles } of members) {
    const left = roles.filter((role) => client.roles.includes(role));
    if (left.length === roles.length) continue;
    if (!(await narrowClientRoles(tx, { userId, clientId, roles: left, now: deps.now() }))) continue;
    const facts = { before: { roles: [...roles] }, after: { roles: left } };
    await recordEvent(tx, deps, from, 'roles.changed', { userId, clientId, reason: left.join(' '), ...facts });
  }
  return members;
}
