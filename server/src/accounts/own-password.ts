import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { judgeGuess } from '../guessing/guard-guess.ts';
import { PASSWORD_USER } from '../guessing/limits.ts';
import { findPasswordHash } from './password.ts';

/**
 * A stolen session must not become a stolen account: the password is asked for, and guesses at it are counted before anything is hashed,
 * wherever it is typed. An account without one refuses every password after the same work. Throws `wrong_password` at the field.
 */
export async function requireOwnPassword(
  deps: Deps,
  caller: Caller,
  { userId, typed, field }: { userId: string; typed: string; field: string },
): Promise<void> {
  // Who is signed in is no stranger to the account: only its own counter holds the guess, not the network's.
  const guess = { what: 'password', account: { limit: PASSWORD_USER, subject: userId }, known: true } as const;
  const { right } = await judgeGuess(deps, caller, guess, async () => {
    const right = await deps.hasher.verify(await findPasswordHash(deps.db, userId), typed);
    return { verdict: right ? 'right' : 'wrong', right };
  });
  if (right) return;
  await recordEvent(deps.db, deps, caller, 'password.refused', { actorId: userId, userId });
  throw new Refusal('wrong_password', { fields: { [field]: 'malformed' } });
}
