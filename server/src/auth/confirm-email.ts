import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../accounts/device-label.ts';
import { type Email, parseEmail } from '../accounts/email.ts';
import { isAllowedDomain } from '../accounts/sign-up-policy.ts';
import { moveUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { maskAddress } from '../guessing/network-address.ts';
import { emailChangedLetter } from '../mail/letters.ts';
import { UNDO_LIFE } from '../mail/link-lives.ts';
import { consumeMailLink, dropMailLinks, makeMailLink } from '../mail/mail-link.ts';
import { queueLetter } from '../mail/outbox.ts';
import { requireMailLink } from '../mail/require-mail-link.ts';
import { isUniqueViolation } from '../platform/unique-violation.ts';
import type { Answer } from '../sessions/answer.ts';
import type { CurrentSession } from '../sessions/verified-session.ts';

/**
 * POST confirm-email: the new mailbox is proven, by its link *and* by the sign-in of the user who asked for it. The link alone must not
 * do: mailed to a victim, one click would tie the victim's address to somebody else's account. Sessions go on; tokens hold no address.
 */
export async function confirmEmail(deps: Deps, caller: Caller, session: CurrentSession, { token }: { token: string }): Promise<Answer> {
  const link = await requireMailLink(deps, caller, 'confirm_email', token);
  const { user } = session.grant;
  const email = parseEmail(link.email ?? '');
  if (link.userId !== user.id || link.uv !== user.uv || email === null) throw new Refusal('link_expired');
  if (!isAllowedDomain(deps.config, email)) throw new Refusal('signup_domain_refused');
  await move(deps, caller, session, email, token).catch((cause: unknown) => {
    // Two users may prove one mailbox: the index lets one of them have it.
    throw isUniqueViolation(cause) ? new Refusal('email_taken', { cause }) : cause;
  });
  deps.mailWaits();
  return { body: { status: 'VERIFIED', email: email.text } };
}

async function move(deps: Deps, caller: Caller, session: CurrentSession, email: Email, token: string): Promise<void> {
  const { user } = session.grant;
  await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const moved = await moveUser(tx, { id: user.id, uv: user.uv, email, now, previousUntil: now + UNDO_LIFE });
    if (moved === null || (await consumeMailLink(tx, 'confirm_email', token, now)) === null) throw new Refusal('link_expired');
    // The mailbox that they went to is not the account's any more.
    for (const purpose of ['reset_password', 'confirm_email'] as const) await dropMailLinks(tx, user.id, purpose, now);
    const undo = await makeMailLink(tx, deps, { purpose: 'undo_email', life: UNDO_LIFE, userId: user.id, email: user.email });
    const seen = { device: deviceLabel(caller.userAgent), place: maskAddress(caller.address) };
    await queueLetter(tx, deps, emailChangedLetter(deps.config, caller.texts, { to: user.email, token: undo, ...seen }));
    await recordEvent(tx, deps, caller, 'email.changed', { actorId: user.id, userId: user.id, sessionId: session.id });
  });
}
