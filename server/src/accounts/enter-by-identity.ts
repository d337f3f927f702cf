import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { allowAccount } from './allow-account.ts';
import { parseEmail } from './email.ts';
import { findIdentity, type Identity, insertIdentity, type ProviderTokens, refreshIdentity } from './identity.ts';
import { findUser, insertVerifiedUser, type User } from './user.ts';

/** What a provider confirmed. */
export interface Confirmed {
  readonly provider: string;
  readonly subject: string;
  readonly label: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly tokens: ProviderTokens;
}

/**
 * Whose account a confirmed identity opens. Subject decides, and nothing else: the profile of a known identity changes neither address
 * nor verification of its account, and an address never leads to an account that somebody else made with it. Throws
 * `provider_email_missing`, `email_taken`.
 */
export async function enterByIdentity(deps: Deps, caller: Caller, confirmed: Confirmed): Promise<User> {
  const known = await findIdentity(deps.db, confirmed.provider, confirmed.subject);
  if (known !== null) return comeBack(deps, known, confirmed);
  const created = await createWithIdentity(deps, caller, confirmed);
  if (created !== null) {
    deps.tally.count('signUps', { way: confirmed.provider, result: 'completed', reason: 'none' });
    return created;
  }
  // The same person in another tab was faster, or the address belongs to an account of whoever it may be.
  const meanwhile = await findIdentity(deps.db, confirmed.provider, confirmed.subject);
  if (meanwhile === null) throw new Refusal('email_taken');
  return comeBack(deps, meanwhile, confirmed);
}

async function comeBack(deps: Deps, { provider, subject, userId }: Identity, { label, tokens }: Confirmed): Promise<User> {
  const user = await findUser(deps.db, userId);
  if (user === null) throw new Refusal('retry', { retryAfter: 1 });
  await refreshIdentity(deps.db, deps, { provider, subject, label: oneLine(label), tokens, now: deps.now() });
  return user;
}

/** Account and identity in one transaction. Null when one of the two is there already. */
async function createWithIdentity(deps: Deps, caller: Caller, confirmed: Confirmed): Promise<User | null> {
  const { provider, subject, label, displayName, tokens } = confirmed;
  const email = confirmed.emailVerified && confirmed.email !== null ? parseEmail(confirmed.email) : null;
  if (email === null) throw new Refusal('provider_email_missing');
  try {
    return await deps.db.transaction(async (tx) => {
      const user = await insertVerifiedUser(tx, deps, await allowAccount(tx, deps, email), oneLine(displayName));
      // Undone, not merely left: an invitation that was used for nothing is open again.
      if (user === null) throw new AlreadyThere();
      const now = deps.now();
      const identity = await insertIdentity(tx, deps, { provider, subject, userId: user.id, label: oneLine(label), tokens, now });
      if (identity === null) throw new AlreadyThere();
      await recordEvent(tx, deps, caller, 'signup.completed', { actorId: user.id, userId: user.id, reason: provider });
      return user;
    });
  } catch (error) {
    if (error instanceof AlreadyThere) return null;
    throw error;
  }
}

/** Undoes the transaction: the address or the subject has an account, perhaps since a moment ago. */
class AlreadyThere extends Error {}

/** Names come from strangers: one line of at most 80 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return Array.from(line).slice(0, 80).join('');
}
