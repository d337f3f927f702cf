import type { Deps } from '../deps.ts';
import { type ClaimedLetter, claimLetters, giveUpLetter, letterFailed, letterSent } from '../mail/outbox.ts';
import { OTHER } from '../platform/figures.ts';
import { createMailTransport, LetterRefused, MAIL_PATIENCE, type MailTransport } from '../platform/mail.ts';

/** Letters on their way at a time: mail servers limit the connections of one client. */
const AT_ONCE = 5;

/**
 * Sends the letters that are due. Each goes at least once: if the process dies between the mail server's yes and the row's deletion,
 * it goes again. Two processes never hold the same letter while both live.
 */
export async function deliverMail(deps: Deps, signal: AbortSignal, patience: number = MAIL_PATIENCE): Promise<void> {
  if (deps.config.smtpUrl === '') return;
  const transport = createMailTransport(deps.config, patience);
  while (!signal.aborted) {
    const letters = await claimLetters(deps, AT_ONCE);
    const outcomes = await Promise.all(letters.map((letter) => deliver(deps, transport, letter)));
    // When none went through, the mail server is down: the rest need not find that out one by one.
    if (letters.length < AT_ONCE || outcomes.every((gone) => !gone)) return;
  }
}

/** True if the mail server answered for this letter, one way or the other. */
async function deliver(deps: Deps, transport: MailTransport, claimed: ClaimedLetter): Promise<boolean> {
  const kind = claimed.letter.kind ?? OTHER;
  try {
    await transport.send(claimed.letter);
  } catch (cause) {
    if (cause instanceof LetterRefused) {
      await giveUpLetter(deps, claimed, cause.message, cause);
      deps.tally.count('letters', { kind, result: 'given_up' });
      return true;
    }
    const nextTryAt = await letterFailed(deps, claimed, cause);
    deps.tally.count('letters', { kind, result: nextTryAt === null ? 'given_up' : 'put_off' });
    return false;
  }
  await letterSent(deps.db, claimed);
  deps.tally.count('letters', { kind, result: 'sent' });
  return true;
}
