import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { MAIL_ADDRESS, MAIL_NETWORK } from '../guessing/limits.ts';

/**
 * Counts one letter to each of these addresses (as they are compared), known or not, and one act against the network that asks: Portico is
 * nobody's mail cannon. Throws `address_suspended` or `account_throttled`.
 */
export async function requireLetterAllowed(deps: Deps, caller: Caller, ...emailKeys: readonly string[]): Promise<void> {
  const network = await countTry(deps.db, MAIL_NETWORK, caller.network, deps.now());
  if (!network.allowed) throw new Refusal('address_suspended', { retryAfter: network.retryAfter });
  for (const key of emailKeys) {
    const count = await countTry(deps.db, MAIL_ADDRESS, key, deps.now());
    if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
  }
}
