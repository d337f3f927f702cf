import { Refusal } from '@portico/protocol/errors';
import { isKnownDevice } from '../accounts/device.ts';
import { type Caller, hashOf } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { judgeGuess } from '../guessing/guard-guess.ts';
import { findMailLink, isMailLink, type LinkPurpose, type MailLink } from './mail-link.ts';

/**
 * The open link of a token that a page has POSTed. It is not used up yet: that is done in the transaction of the act. Nobody guesses 256
 * bits, but whoever tries is counted with those who guess passwords and codes; the account's own device is not held up by what others do
 * in its network. Throws `link_expired` or `address_suspended`.
 */
export async function requireMailLink(deps: Deps, caller: Caller, purpose: LinkPurpose, token: string): Promise<MailLink> {
  const link = await findMailLink(deps.db, purpose, token, deps.now());
  const known = await isKnownDevice(deps.db, link?.userId ?? '', hashOf(caller.cookies.device) ?? '');
  const judged = await judgeGuess(deps, caller, { what: 'token', account: null, known }, async () => {
    if (link !== null) return { verdict: 'right', link } as const;
    // One that was ours once is no guess: people open old letters.
    return { verdict: (await isMailLink(deps.db, purpose, token)) ? 'void' : 'wrong', link: null } as const;
  });
  if (judged.link === null) throw new Refusal('link_expired');
  return judged.link;
}
