import { forgetUserInEvents } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { accountDeletedLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { revokeSessionsOfUser } from '../sessions/session.ts';
import { listIdentities, type ProviderTokens, takeProviderTokens } from './identity.ts';
import { deleteUser, type User } from './user.ts';

export interface DeletedAccount {
  /** To be told after the commit. */
  readonly revocations: readonly Revocation[];
  /** To be given back at the services, after the commit. */
  readonly tokens: readonly (readonly [string, ProviderTokens])[];
}

/**
 * Sessions and tokens die, every row about the user goes, the log keeps what happened but not to whom. The caller has asked whether
 * another owner stays, raised the user's version, which locks the row, and writes the event of it afterwards: what is written before is
 * forgotten with the user.
 */
export async function deleteAccount(tx: Db, deps: Deps, caller: Pick<Caller, 'texts'>, user: User): Promise<DeletedAccount> {
  const revocations = await revokeSessionsOfUser(tx, deps, user.id, 'account_deleted', null);
  // By the user as well: a token of a session whose row is gone already dies with the others.
  const bySubject = await insertRevocation(tx, deps, { kind: 'sub', subject: user.id, minimumUv: user.uv });
  const tokens: (readonly [string, ProviderTokens])[] = [];
  for (const { provider } of await listIdentities(tx, user.id)) {
    const taken = await takeProviderTokens(tx, deps, user.id, provider);
    if (taken !== null) tokens.push([provider, taken]);
  }
  await forgetUserInEvents(tx, user.id);
  await deleteUser(tx, user.id);
  await queueLetter(tx, deps, accountDeletedLetter(deps.config, caller.texts, { to: user.email }));
  return { revocations: [...revocations, bySubject], tokens };
}
