import { chooseTexts } from '@portico/protocol/texts';
import { type Email, maskEmail } from '../accounts/email.ts';
import { makeInvitation } from '../accounts/invitation.ts';
import { isAllowedDomain } from '../accounts/sign-up-policy.ts';
import { findUserByEmail } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Deps } from '../deps.ts';
import { invitationLetter, invitationLink } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import { withDeps } from './with-deps.ts';

/** Who acts from the command line: no network, no browser. */
const OPERATOR = { requestId: 'command-line', address: '', userAgent: '' };

/**
 * Makes the invitation of an address, or makes it anew, and queues its letter; without a mail server the link is printed instead. What
 * could never be used is refused, with 1.
 */
export async function invite({ email, json }: { email: Email; json: boolean }): Promise<number> {
  const outcome = await withDeps((deps) => makeAndMail(deps, email));
  if (outcome.kind === 'refused') {
    console.error(`portico: ${outcome.sentence}`);
    return 1;
  }
  const expiresAt = new Date(outcome.expiresAt).toISOString();
  if (json) console.log(JSON.stringify({ email: email.text, expiresAt, link: outcome.link }));
  else if (outcome.link === null) console.log(`invited ${email.text}; the letter is on its way, and its link works until ${expiresAt}`);
  else
    console.log(`invited ${email.text}; there is no mail server, so hand over this link, which works until ${expiresAt}:\n${outcome.link}`);
  return 0;
}

type Outcome =
  | { readonly kind: 'refused'; readonly sentence: string }
  | { readonly kind: 'invited'; readonly expiresAt: number; readonly link: string | null };

async function makeAndMail(deps: Deps, email: Email): Promise<Outcome> {
  if (deps.config.signup === 'closed')
    return refused('nobody can sign up: PORTICO_SIGNUP is closed; invite makes sign-up possible by invitation');
  if (!isAllowedDomain(deps.config, email)) return refused('the domain of this address is not one of PORTICO_SIGNUP_DOMAINS');
  if ((await findUserByEmail(deps.db, email)) !== null) return refused('there is an account with this address already');
  const { token, expiresAt } = await deps.db.transaction(async (tx) => {
    const made = await makeInvitation(tx, deps, email);
    await queueLetter(tx, deps, invitationLetter(deps.config, chooseTexts(undefined), { to: email.text, token: made.token }));
    await recordEvent(tx, deps, OPERATOR, 'invitation.made', { reason: maskEmail(email.text) });
    return made;
  });
  return { kind: 'invited', expiresAt, link: deps.config.smtpUrl === '' ? invitationLink(deps.config, token) : null };
}

function refused(sentence: string): Outcome {
  return { kind: 'refused', sentence };
}
