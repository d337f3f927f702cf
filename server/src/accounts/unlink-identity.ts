import { Refusal } from '@portico/protocol/errors';
import { type EventFacts, recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { wayInRemovedLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { Db } from '../platform/db.ts';
import { deleteIdentity, findIdentityOfUser, type ProviderTokens, takeProviderTokens } from './identity.ts';
import { findPasswordAge } from './password.ts';
import type { User } from './user.ts';

export interface Unlinking {
  readonly provider: string;
  /** Its name in words. */
  readonly service: string;
  /** Who did it, as the letter tells. */
  readonly seen: { readonly device: string; readonly place: string };
  readonly facts: EventFacts;
}

/**
 * Takes a way into an account away, and tells its owner by mail. The last one stays: another service or a password must remain. The
 * mailbox does not count, because a letter that gets lost must not be what an account hangs from. The caller has locked the user's row: of
 * two unlinks at once each would take the other for the way that remains. Answers what is to be given back at the service. Throws
 * `not_found` and `last_way_in`.
 */
export async function unlinkWayIn(
  tx: Db,
  deps: Deps,
  caller: Caller,
  user: Pick<User, 'id' | 'email'>,
  { provider, service, seen, facts }: Unlinking,
): Promise<ProviderTokens | null> {
  if ((await findIdentityOfUser(tx, user.id, provider)) === null) throw new Refusal('not_found');
  const hasPassword = (await findPasswordAge(tx, user.id)) !== null;
  const taken = await takeProviderTokens(tx, deps, user.id, provider);
  if (!(await deleteIdentity(tx, user.id, provider, hasPassword))) throw new Refusal('last_way_in');
  await recordEvent(tx, deps, caller, 'identity.unlinked', { userId: user.id, reason: provider, ...facts });
  await queueLetter(tx, deps, wayInRemovedLetter(deps.config, caller.texts, { to: user.email, service, ...seen }));
  return taken;
}
