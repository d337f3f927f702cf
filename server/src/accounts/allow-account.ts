import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { consumeInvitation } from './invitation.ts';
import { type Address, type AllowedSignUp, allowSignUp } from './sign-up-policy.ts';

/**
 * The policy's last word, in the transaction that makes the account, whichever way the address was proven (code, link, provider). The
 * invitation of the address is used up with it. Throws `signup_closed`, `signup_by_invitation` or `signup_domain_refused`.
 */
export async function allowAccount(tx: Db, deps: Pick<Deps, 'config' | 'now'>, email: Address): Promise<AllowedSignUp> {
  return allowSignUp(deps.config, email, await consumeInvitation(tx, email.key, deps.now()));
}
