import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { judgeGuess } from '../guessing/guard-guess.ts';
import { findSetupLink, isSetupLink, type SetupLink } from './setup-link.ts';

/**
 * The open link of a token that a page has POSTed; it is used up in the transaction of the act. Nobody guesses 256 bits, but whoever
 * tries is counted with those who guess passwords and codes, before anything costly is done for them. Wrong, used and old ones are
 * answered alike. Throws `link_expired` or `address_suspended`.
 */
export async function requireSetupLink(deps: Deps, caller: Caller, token: string): Promise<SetupLink> {
  const { link } = await judgeGuess(deps, caller, { what: 'token', account: null, known: false }, async () => {
    const link = await findSetupLink(deps.db, token, deps.now());
    if (link !== null) return { verdict: 'right', link } as const;
    // One that was ours once is no guess.
    return { verdict: (await isSetupLink(deps.db, token)) ? 'void' : 'wrong', link: null } as const;
  });
  if (link === null) throw new Refusal('link_expired');
  return link;
}
