import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { MAIL_ADDRESS, MAIL_NETWORK } from '../guessing/limits.ts';
import { makeCode } from '../guessing/security-code.ts';
import { accountExistsLetter, codeLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { Db } from '../platform/db.ts';
import type { SignUp } from './signup.ts';

/** Queues the letter of a sign-up: a code for a new address, "you already have an account" for a known one. Both cost the same. */
export async function queueSignUpLetter(tx: Db, deps: Deps, caller: Caller, to: string, code: string, decoy: boolean): Promise<void> {
  const letter = decoy ? accountExistsLetter(deps.config, caller.texts, { to }) : codeLetter(deps.config, caller.texts, { to, code });
  await queueLetter(tx, deps, letter);
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
    if (code !== null) await queueSignUpLetter(tx, deps, caller, signUp.email, code, signUp.decoy);
  });
  deps.mailWaits();
}
