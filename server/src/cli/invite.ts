import { chooseTexts } from '@portico/protocol/texts';
import type { Email } from '../accounts/email.ts';
import { type InvitationOutcome, inviteAddress } from '../accounts/invite.ts';
import { commandLine } from './command-line.ts';
import { withDeps } from './with-deps.ts';

/**
 * Makes the invitation of an address, or makes it anew, and queues its letter; without a mail server the link is printed instead. What
 * could never be used is refused, with 1.
 */
export async function invite({ email, json }: { email: Email; json: boolean }): Promise<number> {
  const { outcome, mailed } = await withDeps(async (deps) => ({
    outcome: await inviteAddress(deps, commandLine(deps), chooseTexts(undefined), email),
    mailed: deps.config.smtpUrl !== '',
  }));
  if (outcome.kind !== 'invited') {
    console.error(`portico: ${REFUSALS[outcome.kind]}`);
    return 1;
  }
  const expiresAt = new Date(outcome.expiresAt).toISOString();
  const link = mailed ? null : outcome.link;
  if (json) console.log(JSON.stringify({ email: email.text, expiresAt, link }));
  else if (link === null) console.log(`invited ${email.text}; the letter is on its way, and its link works until ${expiresAt}`);
  else console.log(`invited ${email.text}; there is no mail server, so hand over this link, which works until ${expiresAt}:\n${link}`);
  return 0;
}

const REFUSALS: Readonly<Record<Exclude<InvitationOutcome['kind'], 'invited'>, string>> = {
  closed: 'nobody can sign up: PORTICO_SIGNUP is closed; invite makes sign-up possible by invitation',
  domain_refused: 'the domain of this address is not one of PORTICO_SIGNUP_DOMAINS',
  has_account: 'there is an account with this address already',
};
