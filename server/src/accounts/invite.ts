import type { Texts } from '@portico/protocol/texts';
import { type EventFacts, recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { invitationLetter, invitationLink } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import { type Email, maskEmail } from './email.ts';
import { deleteInvitation, makeInvitation } from './invitation.ts';
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
    await recordEvent(tx, deps, from, 'invitation.made', { ...aboutInvitation(email), after: { expiresAt: made.expiresAt } });
    return made;
  });
  deps.mailWaits();
  return { kind: 'invited', expiresAt, link: invitationLink(deps.config, token) };
}

/** Takes an invitation back that was not used. False: there is none. */
export async function withdrawAddress(deps: Deps, from: Origin, email: Email): Promise<boolean> {
  return deps.db.transaction(async (tx) => {
    const withdrawn = await deleteInvitation(tx, email.key);
    if (withdrawn === null) return false;
    await recordEvent(tx, deps, from, 'invitation.withdrawn', { ...aboutInvitation(email), before: { expiresAt: withdrawn.expiresAt } });
    return true;
  });
}

/** The address only as far as its owner would know it again: nobody can be forgotten in a log that names strangers. */
function aboutInvitation(email: Email): Pick<EventFacts, 'reason' | 'target'> {
  const masked = maskEmail(email.text);
  return { reason: masked, target: { kind: 'invitation', id: masked } };
}
