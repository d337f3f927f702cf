import { Refusal } from '@portico/protocol/errors';
import { lockUserForRights, raiseUserVersionForRights, type User } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { lockClient } from './client.ts';
import { findClientRoles, saveClientRoles } from './client-role.ts';

export interface RoleChange {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** A role was taken: tokens that still say it are refused within a second. */
  readonly lowered: boolean;
}

export interface SetRoles {
  readonly userId: string;
  readonly clientId: string;
  readonly roles: readonly string[];
  readonly actorId?: string | null;
  /** Whether it may be done to this user: asked once the row is locked. Throws. */
  readonly judge?: (user: Pick<User, 'role'>) => void;
}

/**
 * What a user may do at one site, in that site's words. What is given arrives with the next refresh; what is taken makes every access
 * token of the user old, in the same transaction. Throws `roles_unknown` for a word that the site has not defined, and `not_found` when
 * there is no such user or client.
 */
export async function setRoles(
  deps: Deps,
  from: Origin,
  { userId, clientId, roles, actorId = null, judge }: SetRoles,
): Promise<RoleChange> {
  const { change, entry } = await deps.db.transaction(async (tx) => {
    // The user's row first, as everywhere: a sign-in or refresh that read the old roles has the old version too.
    const user = await lockUserForRights(tx, userId);
    if (user !== null) judge?.(user);
    const client = user === null ? null : await lockClient(tx, clientId);
    if (user === null || client === null) throw new Refusal('not_found');
    const after = [...new Set(roles)].sort();
    if (!after.every((role) => client.roles.includes(role))) throw new Refusal('roles_unknown');
    const before = await findClientRoles(tx, userId, clientId);
    const lowered = before.some((role) => !after.includes(role));
    await saveClientRoles(tx, { userId, clientId, roles: after, now: deps.now() });
    const facts = { actorId, userId, clientId, reason: after.join(' '), target: { kind: 'user', id: userId } } as const;
    await recordEvent(tx, deps, from, 'roles.changed', { ...facts, before: { roles: before }, after: { roles: after } });
    const uv = lowered ? await raiseUserVersionForRights(tx, userId) : null;
    const revocation: Revocation | null =
      uv === null ? null : await insertRevocation(tx, deps, { kind: 'sub', subject: userId, minimumUv: uv });
    return { change: { before, after, lowered }, entry: revocation };
  });
  if (entry !== null) deps.revoked.add(entry);
  return change;
}
