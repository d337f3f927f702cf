import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../../accounts/device-label.ts';
import { emailKey, parseEmail } from '../../accounts/email.ts';
import { isAllowedDomain } from '../../accounts/sign-up-policy.ts';
import { findUser, findUserByEmail, lockUser } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { maskAddress } from '../../guessing/network-address.ts';
import { accountExistsLetter, confirmEmailLetter, emailWillChangeLetter } from '../../mail/letters.ts';
import { CONFIRM_LIFE } from '../../mail/link-lives.ts';
import { dropMailLinks, makeMailLink } from '../../mail/mail-link.ts';
import { queueLetter } from '../../mail/outbox.ts';
import { requireLetterAllowed } from '../../mail/require-letter-allowed.ts';
import type { Answer } from '../../sessions/answer.ts';
import type { FreshSession } from '../../sessions/fresh-proof.ts';

/**
 * POST me/email. Nothing moves until the new mailbox is proven; the old one is told. An address that has an account gets the same answer
 * after the same work, and a letter that says so instead of a link.
 */
export async function changeEmail(deps: Deps, caller: Caller, session: FreshSession, { email: typed }: { email: string }): Promise<Answer> {
  const email = parseEmail(typed);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: 'email_malformed' } });
  if (!isAllowedDomain(deps.config, email)) throw new Refusal('signup_domain_refused');
  const user = await findUser(deps.db, session.userId);
  if (user === null) throw new Refusal('signed_out');
  // Both mailboxes count, or a thief could use up the letters of the old one and then move the account unseen.
  await requireLetterAllowed(deps, caller, emailKey(user.email), ...(email.key === emailKey(user.email) ? [] : [email.key]));

  const owner = await findUserByEmail(deps.db, email);
  const taken = owner !== null && owner.id !== user.id;
  await deps.db.transaction(async (tx) => {
    const { config, now } = deps;
    if ((await lockUser(tx, user.id)) === null) throw new Refusal('signed_out');
    await dropMailLinks(tx, user.id, 'confirm_email', now());
    const link = { purpose: 'confirm_email', life: CONFIRM_LIFE, userId: user.id, email: email.text, uv: user.uv } as const;
    const token = await makeMailLink(tx, deps, link);
    const toNew = taken
      ? accountExistsLetter(config, caller.texts, { to: email.text })
      : confirmEmailLetter(config, caller.texts, { to: email.text, token });
    await queueLetter(tx, deps, toNew);
    const seen = { device: deviceLabel(caller.userAgent), place: maskAddress(caller.address) };
    await queueLetter(tx, deps, emailWillChangeLetter(config, caller.texts, { to: user.email, ...seen }));
    await recordEvent(tx, deps, caller, 'email.change_asked', { actorId: user.id, userId: user.id, sessionId: session.id });
  });
  deps.mailWaits();
  return { status: 204 };
}
