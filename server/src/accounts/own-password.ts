import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry, forgiveTry } from '../guessing/counter.ts';
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
  const count = await countTry(deps.db, PASSWORD_USER, userId, deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
  const stored = await findPasswordHash(deps.db, userId);
  const right = await deps.hasher.verify(stored, typed).catch(async (cause: unknown) => {
    // Our own trouble is never counted as a wrong password.
    await forgiveTry(deps.db, PASSWORD_USER, userId);
    throw cause;
  });
  if (right) {
    await forgiveTry(deps.db, PASSWORD_USER, userId);
    return;
  }
  await recordEvent(deps.db, deps, caller, 'password.refused', { actorId: userId, userId });
  throw new Refusal('wrong_password', { fields: { [field]: 'malformed' } });
}
