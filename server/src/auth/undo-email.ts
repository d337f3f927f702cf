import { Refusal } from '@portico/protocol/errors';
import { forgetDevices } from '../accounts/device.ts';
import { type Email, parseEmail } from '../accounts/email.ts';
import { deleteIdentitiesSince } from '../accounts/identity.ts';
import { deletePassword } from '../accounts/password.ts';
import { forgetSightings } from '../accounts/sighting.ts';
import { restoreUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { CONFIRM_LIFE } from '../mail/link-lives.ts';
import { consumeMailLink, dropAllMailLinks, type MailLink } from '../mail/mail-link.ts';
import { queueResetLink } from '../mail/queue-reset-link.ts';
import { requireMailLink } from '../mail/require-mail-link.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { isUniqueViolation } from '../platform/unique-violation.ts';
import type { Answer } from '../sessions/answer.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';

/**
 * POST undo-email: the owner of the old mailbox takes the account back, signed in or not. Whoever moved it knew the password, so that ends
 * with every session, every known device, every link that is under way and every service that was linked meanwhile; a new password is chosen by the link that is mailed now.
 */
export async function undoEmail(deps: Deps, caller: Caller, { token }: { token: string }): Promise<Answer> {
  const link = await requireMailLink(deps, caller, 'undo_email', token);
  const email = parseEmail(link.email ?? '');
  if (link.userId === null || email === null) throw new Refusal('link_expired');
  const revocations = await restore(deps, caller, { ...link, userId: link.userId }, email, token).catch((cause: unknown) => {
    throw isUniqueViolation(cause) ? new Refusal('email_taken', { cause }) : cause;
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  return { body: { status: 'SIGNED_OUT' } };
}

async function restore(
  deps: Deps,
  caller: Caller,
  { userId, ...link }: MailLink & { userId: string },
  email: Email,
  token: string,
): Promise<readonly Revocation[]> {
  return deps.db.transaction(async (tx) => {
    const now = deps.now();
    const user = await restoreUser(tx, userId, email, now);
    if (user === null || (await consumeMailLink(tx, 'undo_email', token, now)) === null) throw new Refusal('link_expired');
    await deletePassword(tx, userId);
    await forgetDevices(tx, userId);
    await forgetSightings(tx, userId);
    // Whoever moved the account may have linked a service of their own, before or after.
    await deleteIdentitiesSince(tx, userId, link.createdAt - CONFIRM_LIFE);
    await dropAllMailLinks(tx, userId, now);
    const revocations = [
      await insertRevocation(tx, deps, { kind: 'sub', subject: userId, minimumUv: user.uv }),
      ...(await revokeSessionsOfUser(tx, deps, userId, 'email_restored', null)),
    ];
    await queueResetLink(tx, deps, caller.texts, user);
    await recordEvent(tx, deps, caller, 'email.restored', { userId });
    return revocations;
  });
}
