import { PAGES } from '@portico/protocol/routes';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Email, maskEmail } from './email.ts';
import { dropLinksOfStarts, insertSetupLink, type LinkMaker } from './setup-link.ts';

export interface SetupOffer {
  readonly link: string;
  readonly expiresAt: number;
}

/**
 * A one-use link that makes an owner. Its secret stands in the fragment, which browsers send to nobody: no request line, log or Referer
 * ever holds it.
 */
export async function offerSetup(
  deps: Deps,
  from: Origin,
  { email = null, madeBy }: { readonly email?: Email | null; readonly madeBy: LinkMaker },
): Promise<SetupOffer> {
  const { token, expiresAt } = await deps.db.transaction(async (tx) => {
    if (madeBy === 'start') await dropLinksOfStarts(tx);
    const link = await insertSetupLink(tx, deps, { email, madeBy });
    await recordEvent(tx, deps, from, 'setup.link_made', { actorId: link.name, reason: email === null ? null : maskEmail(email.text) });
    return link;
  });
  return { link: `${deps.config.appOrigin}${PAGES.setup}#${token}`, expiresAt };
}
