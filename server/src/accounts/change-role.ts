import { Refusal } from '@portico/protocol/errors';
import { ROLES, type Role } from '@portico/protocol/tokens';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { requireOtherOwner } from './last-owner.ts';
import { lockUserForRights, raiseUserVersionForRights, saveRole } from './user.ts';

export interface RoleChange {
  readonly userId: string;
  readonly role: Role;
  /** Who does it, as the audit log names them; null: nobody who is signed in. */
  readonly actorId?: string | null;
}

export interface RoleChanged {
  readonly before: Role;
  readonly after: Role;
  /** Rights were taken: tokens that still say the old role are refused within a second. */
  readonly lowered: boolean;
}

/**
 * What somebody may do in Portico itself. More arrives with the next refresh; less makes every access token of the user old, in the same
 * transaction. The same role again changes nothing and writes nothing. Throws `not_found`, and `last_owner` where nobody would be left
 * to decide.
 */
export async function changeRole(deps: Deps, from: Origin, change: RoleChange): Promise<RoleChanged> {
  const { entry, ...changed } = await deps.db.transaction((tx) => changeRoleIn(tx, deps, from, change));
  if (entry !== null) deps.revoked.add(entry);
  return changed;
}

/** As `changeRole`, in a transaction of the caller's; what is to be told as revoked, after the commit, is `entry`. */
export async function changeRoleIn(
  tx: Db,
  deps: Deps,
  from: Origin,
  { userId, role, actorId = null }: RoleChange,
): Promise<RoleChanged & { readonly entry: Revocation | null }> {
  if (role !== 'owner') await requireOtherOwner(tx, userId);
  const user = await lockUserForRights(tx, userId);
  if (user === null) throw new Refusal('not_found');
  const lowered = ROLES.indexOf(role) < ROLES.indexOf(user.role);
  const changed: RoleChanged = { before: user.role, after: role, lowered };
  if (user.role === role) return { ...changed, entry: null };
  await saveRole(tx, userId, role);
  await recordEvent(tx, deps, from, 'user.role_changed', {
    actorId,
    target: { kind: 'user', id: userId },
    before: { role: user.role },
    after: { role },
  });
  if (!lowered) return { ...changed, entry: null };
  const minimumUv = await raiseUserVersionForRights(tx, userId);
  return { ...changed, entry: await insertRevocation(tx, deps, { kind: 'sub', subject: userId, minimumUv }) };
}
