import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../accounts/device-label.ts';
import { savePasswordHash } from '../accounts/password.ts';
import { contextOf, requireGoodPassword } from '../accounts/password-rules.ts';
import { findUser, recoverUser, type User } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { maskAddress } from '../guessing/network-address.ts';
import { passwordChangedLetter } from '../mail/letters.ts';
import { consumeMailLink, dropMailLinks, findMailLink, type MailLink } from '../mail/mail-link.ts';
import { queueLetter } from '../mail/outbox.ts';
import { requireMailLink } from '../mail/require-mail-link.ts';
import type { Db } from '../platform/db.ts';
import type { Answer } from '../sessions/answer.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';

export interface ResetPasswordInput {
  readonly token: string;
  readonly password: string;
}

/**
 * POST reset-password. Whoever reads the mailbox chooses a new password; everybody who was signed in is out, whoever that was. It signs
 * nobody in: the new password does that, so that a link that was opened elsewhere opens no session there (ASVS 6.4.3).
 */
export async function resetPassword(deps: Deps, caller: Caller, { token, password }: ResetPasswordInput): Promise<Answer> {
  const user = await userOfLink(deps.db, await requireMailLink(deps, caller, 'reset_password', token));
  if (user === null) throw new Refusal('link_expired');
  // Before the link is used up: a password that is refused must not cost another letter.
  requireGoodPassword(deps, 'password', password, contextOf(user.email, user.displayName));
  const hash = await deps.hasher.hash(password);

  const revocations = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const raised = await recoverUser(tx, user.id, user.uv, now);
    if (raised === null || (await consumeMailLink(tx, 'reset_password', token, now)) === null) throw new Refusal('link_expired');
    await savePasswordHash(tx, user.id, hash, now);
    // What a thief may have begun ends too: another way in, and another mailbox.
    for (const purpose of ['reset_password', 'confirm_email'] as const) await dropMailLinks(tx, user.id, purpose, now);
    const revocations = [
      await insertRevocation(tx, deps, { kind: 'sub', subject: user.id, minimumUv: raised.uv }),
      ...(await revokeSessionsOfUser(tx, deps, user.id, 'password_reset', null)),
    ];
    await recordEvent(tx, deps, caller, 'password.reset', { userId: user.id });
    const facts = { to: user.email, device: deviceLabel(caller.userAgent), place: maskAddress(caller.address) };
    await queueLetter(tx, deps, passwordChangedLetter(deps.config, caller.texts, facts));
    return revocations;
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  return { body: { status: 'SIGNED_OUT' } };
}

/** For the page: whether it is worth asking for a password. Changes nothing, and counts nothing: mail scanners open it too. */
export async function isResetLinkOpen(deps: Deps, token: string): Promise<boolean> {
  const link = await findMailLink(deps.db, 'reset_password', token, deps.now());
  return link !== null && (await userOfLink(deps.db, link)) !== null;
}

/** Null when the user's version moved on: another link was used, or the password was changed. */
async function userOfLink(db: Db, link: MailLink): Promise<User | null> {
  const user = await findUser(db, link.userId ?? '');
  return user !== null && user.uv === link.uv && user.suspendedAt === null ? user : null;
}
