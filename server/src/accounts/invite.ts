import type { Texts } from '@portico/protocol/texts';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { invitationLetter, invitationLink } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import { type Email, maskEmail } from './email.ts';
import { makeInvitation } from './invitation.ts';
import { isAllowedDomain } from './sign-up-policy.ts';
import { findUserByEmail } from './user.ts';

export type InvitationOutcome =
  | { readonly kind: 'closed' | 'domain_refused' | 'has_account' }
  | { readonly kind: 'invited'; readonly expiresAt: number; readonly link: string };

/** Invites an address, or invites it anew, and queues the letter. Answers the operator, who may know who has an account. */
export async function inviteAddress(deps: Deps, from: Origin, texts: Texts, email: Email): Promise<InvitationOutcome> {
  if (deps.config.signup === 'closed') return { kind: 'closed' };
  if (!isAllowedDomain(deps.config, email)) return { kind: 'domain_refused' };
  if ((await findUserByEmail(deps.db, email)) !== null) return { kind: 'has_account' };
  const { token, expiresAt } = await deps.db.transaction(async (tx) => {
    const made = await makeInvitation(tx, deps, email);
    await queueLetter(tx, deps, invitationLetter(deps.config, texts, { to: email.text, token: made.token }));
    await recordEvent(tx, deps, from, 'invitation.made', { reason: maskEmail(email.text) });
    return made;
  });
  deps.mailWaits();
  return { kind: 'invited', expiresAt, link: invitationLink(deps.config, token) };
}
