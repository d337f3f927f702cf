import { Refusal } from '@portico/protocol/errors';
import { forgetDevices } from '../../accounts/device.ts';
import { deleteIdentitiesSince } from '../../accounts/identity.ts';
import { deletePassword } from '../../accounts/password.ts';
import { forgetSightings } from '../../accounts/sighting.ts';
import { disownUser } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { consumeMailLink, dropMailLinks } from '../../mail/mail-link.ts';
import { queueResetLink } from '../../mail/queue-reset-link.ts';
import { requireMailLink } from '../../mail/require-mail-link.ts';
import { type Answer, CLEARED_SESSION, CLEARED_WAITING } from '../../sessions/answer.ts';
import { insertRevocation } from '../../sessions/revocation.ts';
import { revokeSession, revokeSessionsOfUser } from '../../sessions/session.ts';
import { findWaiting } from '../../sessions/waiting-session.ts';

/** POST not-me, and "use another account": ends the waiting or held session of this browser, and only that. */
export async function notMe(deps: Deps, caller: Caller, reason: 'not_me' | 'other_account' = 'not_me'): Promise<Answer> {
  const waiting = await findWaiting(deps, caller);
  if (waiting !== null) {
    const revocation = await deps.db.transaction(async (tx) => {
      await recordEvent(tx, deps, caller, 'signin.not_me', { sessionId: waiting.session.id, userId: waiting.session.userId, reason });
      return revokeSession(tx, deps, waiting.session.id, reason);
    });
    if (revocation !== null) deps.revoked.add(revocation);
  }
  return { body: { status: 'SIGNED_OUT' }, cookies: waiting?.kind === 'held' ? CLEARED_SESSION : [CLEARED_WAITING] };
}

/**
 * POST not-me with the token of a notice: its owner says that a sign-in was somebody else's, and that somebody knows the password. So the
 * password goes with every session, every known device and what they had begun; a new one is chosen by the link that is mailed now, to the
 * mailbox that was told: the account's own address may be the thief's by then. A service that was linked since is the thief's as well.
 */
export async function disownSignIn(deps: Deps, caller: Caller, token: string): Promise<Answer> {
  const link = await requireMailLink(deps, caller, 'not_me', token);
  const { userId, email, createdAt } = link;
  if (userId === null || email === null) throw new Refusal('link_expired');
  const revocations = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    // First the user, as everywhere; then of parallel calls one has the link.
    const user = await disownUser(tx, userId, now);
    if (user === null || (await consumeMailLink(tx, 'not_me', token, now)) === null) throw new Refusal('link_expired');
    await deletePassword(tx, userId);
    await forgetDevices(tx, userId);
    await forgetSightings(tx, userId);
    await deleteIdentitiesSince(tx, userId, createdAt);
    // The way back to an old address stays open: the owner may need it next.
    for (const purpose of ['confirm_email', 'not_me'] as const) await dropMailLinks(tx, userId, purpose, now);
    const revocations = [
      await insertRevocation(tx, deps, { kind: 'sub', subject: userId, minimumUv: user.uv }),
      ...(await revokeSessionsOfUser(tx, deps, userId, 'not_me', null)),
    ];
    await queueResetLink(tx, deps, caller.texts, { ...user, email });
    await recordEvent(tx, deps, caller, 'signin.disowned', { userId });
    return revocations;
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  return { body: { status: 'SIGNED_OUT' } };
}
