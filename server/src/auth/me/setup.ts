import { ADMIN_FRESH_FOR } from '@portico/protocol/admin';
import { Refusal } from '@portico/protocol/errors';
import { changeRoleIn } from '../../accounts/change-role.ts';
import { emailKey } from '../../accounts/email.ts';
import { requireSetupLink } from '../../accounts/require-setup-link.ts';
import { consumeSetupLink, dropLinksOfStarts, noteOwnerOfLink } from '../../accounts/setup-link.ts';
import { requireOwnLink } from '../../accounts/sign-up-policy.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';

/**
 * POST me/setup: who is signed in becomes owner by the link, on a fresh proof of their own: neither the link alone nor a session that
 * somebody left open is enough.
 */
export async function becomeOwner(deps: Deps, caller: Caller, session: CurrentSession, { token }: { token: string }): Promise<Answer> {
  const { user } = requireFreshProof(deps, session, ADMIN_FRESH_FOR).grant;
  const key = emailKey(user.email);
  requireOwnLink(await requireSetupLink(deps, caller, token), { key });
  await deps.db.transaction(async (tx) => {
    const link = await consumeSetupLink(tx, token, deps.now());
    if (link === null) throw new Refusal('link_expired');
    await changeRoleIn(tx, deps, caller, { userId: user.id, role: 'owner', actorId: link.name });
    await noteOwnerOfLink(tx, token, user.id);
    await dropLinksOfStarts(tx);
  });
  return { status: 204 };
}
