import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { MAIL_ADDRESS, MAIL_NETWORK } from '../guessing/limits.ts';
import { makeCode } from '../guessing/security-code.ts';
import { accountExistsLetter, verifyAddressLetter } from '../mail/letters.ts';
import { makeMailLink } from '../mail/mail-link.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { Db } from '../platform/db.ts';
import type { SignUp } from './signup.ts';

/**
 * Queues the letter of a sign-up: code and link for a new address, "you already have an account" for a known one. Both cost the same. The
 * link lives as long as the code beside it.
 */
export async function queueSignUpLetter(
  tx: Db,
  deps: Deps,
  caller: Caller,
  { sessionId, email: to, decoy }: Pick<SignUp, 'sessionId' | 'email' | 'decoy'>,
  code: string,
): Promise<void> {
  const token = await makeMailLink(tx, deps, { purpose: 'verify_email', life: deps.config.codeLife, sessionId });
  // Both are written and one is sent: the longer letter would be a longer answer, and tell who has an account.
  const toOwner = accountExistsLetter(deps.config, caller.texts, { to });
  const toNewcomer = verifyAddressLetter(deps.config, caller.texts, { to, code, token });
  await queueLetter(tx, deps, decoy ? toOwner : toNewcomer);
}

/** Mails a fresh code for a sign-up that still waits, unless it had one a moment ago. The code works in the browser that signed up. */
export async function remindSignUp(deps: Deps, caller: Caller, signUp: SignUp): Promise<void> {
  for (const [limit, subject] of [
    [MAIL_NETWORK, caller.network],
    [MAIL_ADDRESS, signUp.emailKey],
  ] as const) {
    if (!(await countTry(deps.db, limit, subject, deps.now())).allowed) return;
  }
  await deps.db.transaction(async (tx) => {
    const code = await makeCode(tx, deps, { sessionId: signUp.sessionId, browserHash: '' });
    if (code !== null) await queueSignUpLetter(tx, deps, caller, signUp, code);
  });
  deps.mailWaits();
}
