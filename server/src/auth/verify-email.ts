import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { consumeMailLink } from '../mail/mail-link.ts';
import { requireMailLink } from '../mail/require-mail-link.ts';
import { type Answer, CLEARED_WAITING, signedIn } from '../sessions/answer.ts';
import { findWaiting } from '../sessions/waiting-session.ts';
import { completeSignUp } from './complete-sign-up.ts';

/**
 * POST verify-email: the link of the sign-up letter, in place of its code. It works in the browser that signed up and in no other:
 * somebody who signed up with a victim's address must not get the account by the victim's one click (A001). Elsewhere it is
 * `link_expired`, and stays good for the right browser.
 */
export async function verifyEmail(deps: Deps, caller: Caller, { token }: { token: string }): Promise<Answer> {
  const link = await requireMailLink(deps, caller, 'verify_email', token);
  const waiting = await findWaiting(deps, caller);
  if (waiting?.kind !== 'sign_up' || waiting.session.id !== link.sessionId) throw new Refusal('link_expired');
  const issued = await completeSignUp(deps, caller, waiting, {
    refusal: 'link_expired',
    spend: async (tx, now) => (await consumeMailLink(tx, 'verify_email', token, now)) !== null,
  });
  const { body, cookies } = signedIn(deps, issued);
  return { body: { status: 'VERIFIED', ...body }, cookies: [...cookies, CLEARED_WAITING] };
}
