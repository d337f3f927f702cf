import { Refusal } from '@portico/protocol/errors';
import { type Email, parseEmail } from '../accounts/email.ts';
import { findUserByEmail } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { queueResetLink } from '../mail/queue-reset-link.ts';
import { requireLetterAllowed } from '../mail/require-letter-allowed.ts';
import type { Answer } from '../sessions/answer.ts';

/**
 * POST forgot-password. Every address gets the same answer, and it is given before anybody looks whether there is an account: neither
 * bytes nor time tell. Only an account gets a letter. One that never had a password, because it signs in by another service, gets its
 * first one this way.
 */
export async function forgotPassword(deps: Deps, caller: Caller, { email: typed }: { email: string }): Promise<Answer> {
  const email = parseEmail(typed);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: 'email_malformed' } });
  await requireLetterAllowed(deps, caller, email.key);
  deps.afterAnswer(() => mailResetLink(deps, caller, email));
  return { status: 204 };
}

async function mailResetLink(deps: Deps, caller: Caller, email: Email): Promise<void> {
  const user = await findUserByEmail(deps.db, email);
  await deps.db.transaction(async (tx) => {
    await recordEvent(tx, deps, caller, 'password.forgotten', { userId: user?.id ?? null });
    if (user !== null && user.suspendedAt === null) await queueResetLink(tx, deps, caller.texts, user);
  });
  deps.mailWaits();
}
