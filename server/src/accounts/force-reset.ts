import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { forcedResetLetter } from '../mail/letters.ts';
import { dropMailLinks } from '../mail/mail-link.ts';
import { queueResetLink } from '../mail/queue-reset-link.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';
import { forgetDevices } from './device.ts';
import { deletePassword, findPasswordAge } from './password.ts';
import { forgetSightings } from './sighting.ts';
import type { Judge } from './suspend-user.ts';
import { codeAddressOf, disownUser } from './user.ts';

/**
 * An operator takes a password for known to somebody else. It ends now and not when the next one is chosen, with every session, every
 * known device and every change of address that is under way: whoever knew it gets in nowhere meanwhile. The link goes where codes go,
 * for a week after a change of address to the old one. One transaction: no password ends without its letter. Throws `not_found`, and
 * `user_suspended` where nobody could use the link.
 */
export async function forceReset(
  deps: Deps,
  caller: Caller,
  { userId, judge }: { readonly userId: string; readonly judge: Judge },
): Promise<void> {
  const revocations = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    // Raises the version: a sign-in whose password was checked a moment ago, and every older link, finds another account than it knew.
    const user = await disownUser(tx, userId, now);
    if (user === null) throw new Refusal('not_found');
    judge(user);
    if (user.suspendedAt !== null) throw new Refusal('user_suspended');
    const hadPassword = (await findPasswordAge(tx, userId)) !== null;
    await deletePassword(tx, userId);
    await forgetDevices(tx, userId);
    await forgetSightings(tx, userId);
    await dropMailLinks(tx, userId, 'confirm_email', now);
    const sessions = await revokeSessionsOfUser(tx, deps, userId, 'ended_by_operator', null);
    const bySubject = await insertRevocation(tx, deps, { kind: 'sub', subject: userId, minimumUv: user.uv });
    await queueResetLink(tx, deps, caller.texts, { ...user, email: codeAddressOf(user, now) }, forcedResetLetter);
    await recordEvent(tx, deps, caller, 'user.reset_forced', {
      target: { kind: 'user', id: userId },
      before: { hasOne: hadPassword },
      after: { hasOne: false, sessionsEnded: sessions.length },
    });
    return [...sessions, bySubject];
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
}
