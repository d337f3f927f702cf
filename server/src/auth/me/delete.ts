import { Refusal } from '@portico/protocol/errors';
import { deleteAccount } from '../../accounts/delete-account.ts';
import { emailKey } from '../../accounts/email.ts';
import { requireOtherOwner } from '../../accounts/last-owner.ts';
import { raiseUserVersion } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { type Answer, CLEARED_SESSION } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';
import { giveTokensBack } from '../auth-providers/provider-tokens.ts';

/**
 * DELETE me, on a fresh proof and with the account's own address typed once more, so that no slip and no script that meant something else
 * deletes an account. One transaction: sessions and tokens die, every row about the user goes, the log keeps what happened but not to
 * whom. Whoever had the address may sign up with it again, as somebody new. The last owner stays: throws `last_owner`.
 */
export async function deleteMe(deps: Deps, caller: Caller, session: CurrentSession, { confirm }: { confirm: string }): Promise<Answer> {
  const fresh = requireFreshProof(deps, session);
  const { user } = fresh.grant;
  if (emailKey(confirm.trim()) !== emailKey(user.email)) throw new Refusal('invalid_fields', { fields: { confirm: 'confirm_differs' } });
  const { revocations, tokens } = await deps.db.transaction(async (tx) => {
    await requireOtherOwner(tx, user.id);
    const raised = await raiseUserVersion(tx, user.id, user.uv);
    // Another tab was faster, or the password changed meanwhile: then this session has ended.
    if (raised === null) throw new Refusal('session_ended');
    const deleted = await deleteAccount(tx, deps, caller, raised);
    const nowhere = { requestId: caller.requestId, address: '', userAgent: '' };
    await recordEvent(tx, deps, nowhere, 'account.deleted', { actorId: user.id, userId: user.id, sessionId: session.id });
    return deleted;
  });
  for (const [provider, taken] of tokens) giveTokensBack(deps, provider, taken);
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  return { status: 204, cookies: CLEARED_SESSION, clearSiteData: true };
}
