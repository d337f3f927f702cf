import { ADMIN_PAGES } from '@portico/protocol/admin';
import { Refusal } from '@portico/protocol/errors';
import type { Role } from '@portico/protocol/tokens';
import { changeRole } from '../accounts/change-role.ts';
import { deleteAccount } from '../accounts/delete-account.ts';
import { forceReset } from '../accounts/force-reset.ts';
import { requireOtherOwner } from '../accounts/last-owner.ts';
import { reinstateUser, suspendUser } from '../accounts/suspend-user.ts';
import { unlinkWayIn } from '../accounts/unlink-identity.ts';
import { findUser, lockUserForRights, raiseUserVersionForRights, type User } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import { serviceName } from '../auth/auth-providers/oauth.ts';
import { giveTokensBack } from '../auth/auth-providers/provider-tokens.ts';
import type { Caller } from '../caller.ts';
import { setRoles } from '../clients/set-roles.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { FORCED_RESETS } from '../guessing/limits.ts';
import type { Db } from '../platform/db.ts';
import type { Answer } from '../sessions/answer.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';
import { requireRankOver, type StaffSession } from '../sessions/staff-session.ts';
import { requireConfirmed } from './confirmed.ts';

/**
 * What an operator does to an account. Whether they may is asked where the account's row is locked: somebody who becomes an owner in the
 * same moment is one already, or not yet. Each throws `not_found` and `role_required`.
 */

const DONE: Answer = { status: 204 };

/** What somebody may do in Portico. An owner may step down, as long as another one stays. */
export async function setOneRole(deps: Deps, caller: Caller, userId: string, { role }: { readonly role: Role }): Promise<Answer> {
  try {
    await changeRole(deps, caller, { userId, role });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'last_owner') throw error;
    throw new Refusal('last_owner', { fields: { role: 'last_owner' }, cause: error });
  }
  return DONE;
}

/** All roles of a user at one site. */
export async function setSiteRolesOfUser(
  deps: Deps,
  caller: Caller,
  staff: StaffSession,
  userId: string,
  { clientId, roles = [] }: { readonly clientId: string; readonly roles?: readonly string[] },
): Promise<Answer> {
  await setRoles(deps, caller, { userId, clientId, roles, judge: judgeFor(staff) });
  return DONE;
}

/** What is suspended already stays so: of two operators at once one writes the event. */
export async function suspendOneUser(
  deps: Deps,
  caller: Caller,
  staff: StaffSession,
  userId: string,
  { confirm, reason = '' }: { readonly confirm: string; readonly reason?: string },
): Promise<Answer> {
  requireOther(staff, userId);
  requireConfirmed(confirm, (await requireSubject(deps, staff, userId)).email);
  await suspendUser(deps, caller, { userId, reason: reason.trim() || null, judge: judgeFor(staff) });
  return DONE;
}

export async function reinstateOneUser(deps: Deps, caller: Caller, staff: StaffSession, userId: string): Promise<Answer> {
  await requireSubject(deps, staff, userId);
  await reinstateUser(deps, caller, { userId, judge: judgeFor(staff) });
  return DONE;
}

export async function forceOneReset(
  deps: Deps,
  caller: Caller,
  staff: StaffSession,
  userId: string,
  { confirm }: { readonly confirm: string },
): Promise<Answer> {
  requireOther(staff, userId);
  requireConfirmed(confirm, (await requireSubject(deps, staff, userId)).email);
  // Counted apart from the letters that anybody can ask for: a stranger must not be able to use this one up.
  const count = await countTry(deps.db, FORCED_RESETS, userId, deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
  await forceReset(deps, caller, { userId, judge: judgeFor(staff) });
  return DONE;
}

/** Signs a user out of every device and every site. */
export async function endSessionsOfUser(deps: Deps, caller: Caller, staff: StaffSession, userId: string): Promise<Answer> {
  const entries = await deps.db.transaction(async (tx) => {
    await lockSubject(tx, staff, userId);
    const ended = await revokeSessionsOfUser(tx, deps, userId, 'ended_by_operator', null);
    for (const { subject } of ended) {
      await recordEvent(tx, deps, caller, 'session.ended', {
        userId,
        sessionId: subject,
        target: { kind: 'session', id: subject },
        reason: 'ended_by_operator',
        after: { state: 'revoked' },
      });
    }
    return ended;
  });
  for (const entry of entries) deps.revoked.add(entry);
  return DONE;
}

/** The last way in stays, for an operator too: an account that nobody can enter is a deleted one that looks alive. */
export async function unlinkOneIdentity(
  deps: Deps,
  caller: Caller,
  staff: StaffSession,
  userId: string,
  { authProvider, confirm }: { readonly authProvider: string; readonly confirm: string },
): Promise<Answer> {
  const service = serviceName(deps, authProvider);
  const taken = await deps.db.transaction(async (tx) => {
    const user = await lockSubject(tx, staff, userId);
    requireConfirmed(confirm, service);
    return unlinkWayIn(tx, deps, caller, user, {
      provider: authProvider,
      service,
      // Where an operator sits is no business of those who are operated on.
      seen: { device: caller.texts.admin.user.byOperator, place: new URL(deps.config.origin).host },
      facts: { target: { kind: 'user', id: userId }, before: { service: authProvider }, after: { service: null } },
    });
  });
  if (taken !== null) giveTokensBack(deps, authProvider, taken);
  deps.mailWaits();
  return DONE;
}

/** As the user’s own deletion, with the address typed. One’s own account goes by the account’s own page. */
export async function deleteOneUser(
  deps: Deps,
  caller: Caller,
  staff: StaffSession,
  userId: string,
  { confirm }: { readonly confirm: string },
): Promise<Answer> {
  requireOther(staff, userId);
  const { revocations, tokens } = await deps.db.transaction(async (tx) => {
    await requireOtherOwner(tx, userId);
    const user = await lockSubject(tx, staff, userId);
    requireConfirmed(confirm, user.email);
    const uv = await raiseUserVersionForRights(tx, userId);
    const deleted = await deleteAccount(tx, deps, caller, { ...user, uv });
    const target = { kind: 'user', id: userId } as const;
    await recordEvent(tx, deps, caller, 'account.deleted', { target, before: { role: user.role }, reason: 'by_operator' });
    return deleted;
  });
  for (const [provider, taken] of tokens) giveTokensBack(deps, provider, taken);
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  return { ...DONE, headers: { location: ADMIN_PAGES.users } };
}

const judgeFor = (staff: StaffSession) => (user: Pick<User, 'role'>) => requireRankOver(staff, user);

/** Nobody locks themselves out by a slip. Throws `own_account`. */
function requireOther(staff: StaffSession, userId: string): void {
  if (staff.userId === userId) throw new Refusal('own_account');
}

async function requireSubject(deps: Deps, staff: StaffSession, userId: string): Promise<User> {
  const user = await findUser(deps.db, userId);
  if (user === null) throw new Refusal('not_found');
  requireRankOver(staff, user);
  return user;
}

async function lockSubject(tx: Db, staff: StaffSession, userId: string): Promise<User> {
  const user = await lockUserForRights(tx, userId);
  if (user === null) throw new Refusal('not_found');
  requireRankOver(staff, user);
  return user;
}
