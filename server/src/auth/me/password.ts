import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../../accounts/device-label.ts';
import { requireOwnPassword } from '../../accounts/own-password.ts';
import { findPasswordHash, savePasswordHash } from '../../accounts/password.ts';
import { contextOf, requireGoodPassword } from '../../accounts/password-rules.ts';
import { findUser, raiseUserVersion } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { maskAddress } from '../../guessing/network-address.ts';
import { passwordAddedLetter, passwordChangedLetter } from '../../mail/letters.ts';
import { queueLetter } from '../../mail/outbox.ts';
import { type Answer, signedIn } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import { insertSession, revokeSessionsOfUser } from '../../sessions/session.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';
import { grantBrowser, sessionLife } from '../create-user-session.ts';

export interface ChangePasswordInput {
  /** Needed where there is one. */
  readonly currentPassword?: string;
  readonly newPassword: string;
}

/**
 * POST me/password. Every session ends, this one too, and this browser gets a new one in the same transaction: whoever may have known
 * the old password, or holds a copy of any token, is out. An account that has none yet (it came by a provider) gets its first one on a
 * fresh proof.
 */
export async function changePassword(deps: Deps, caller: Caller, session: CurrentSession, input: ChangePasswordInput): Promise<Answer> {
  const user = await findUser(deps.db, session.userId);
  const oldHash = await findPasswordHash(deps.db, session.userId);
  if (user === null) throw new Refusal('signed_out');
  requireGoodPassword(deps, 'newPassword', input.newPassword, contextOf(user.email, user.displayName));
  if (oldHash === null) requireFreshProof(deps, session);
  else await requireOwnPassword(deps, caller, { userId: user.id, typed: input.currentPassword ?? '', field: 'currentPassword' });
  const newHash = await deps.hasher.hash(input.newPassword);

  const { issued, revocations } = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const raised = await raiseUserVersion(tx, user.id, user.uv);
    // Another tab changed it first: that change ended this session.
    if (raised === null) throw new Refusal('session_ended');
    await savePasswordHash(tx, user.id, newHash, now);
    const revocations = await revokeSessionsOfUser(tx, deps, user.id, 'password_changed', null);
    const persistence = session.grant.session.persistence;
    const renewed = await insertSession(tx, deps, caller, {
      userId: user.id,
      state: 'active',
      persistence,
      amr: ['pwd'],
      authTime: now,
      expiresAt: now + sessionLife(deps, persistence),
      waitingHash: null,
    });
    const issued = await grantBrowser(tx, deps, caller, { user: raised, session: renewed, freshDevice: false });
    await recordEvent(tx, deps, caller, 'password.changed', {
      actorId: user.id,
      userId: user.id,
      sessionId: renewed.id,
      reason: oldHash === null ? 'first' : null,
    });
    const facts = { to: user.email, device: deviceLabel(caller.userAgent), place: maskAddress(caller.address), at: now };
    const letter = oldHash === null ? passwordAddedLetter : passwordChangedLetter;
    await queueLetter(tx, deps, letter(deps.config, caller.texts, facts));
    return { issued, revocations };
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  const { body, cookies } = signedIn(deps, issued);
  return { body: { status: 'VERIFIED', ...body }, cookies };
}
