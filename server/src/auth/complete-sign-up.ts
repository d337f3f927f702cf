import { Refusal } from '@portico/protocol/errors';
import { allowAccount } from '../accounts/allow-account.ts';
import { savePasswordHash } from '../accounts/password.ts';
import { insertVerifiedUser, noteFirstSignIn } from '../accounts/user.ts';
import { adoptEvents, recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Issued } from '../sessions/answer.ts';
import { activateSession } from '../sessions/session.ts';
import type { Waiting } from '../sessions/waiting-session.ts';
import { endFormerSession, grantBrowser, sessionLife, sessionNamedByCookie } from './create-user-session.ts';

/** What proved the mailbox: the typed code, or the link of the same letter. */
export interface MailboxProof {
  /** Uses it up, in the transaction of the sign-up. False when a parallel call was faster. */
  readonly spend: (tx: Db, now: number) => Promise<boolean>;
  readonly refusal: 'code_expired' | 'link_expired';
}

/**
 * The address is proven: now there is an account, and the waiting session becomes its first. `waiting` is the session of the browser
 * that asks: whoever reads somebody's mailbox must also hold the browser that chose the password (A001).
 */
export async function completeSignUp(
  deps: Deps,
  caller: Caller,
  waiting: Waiting & { kind: 'sign_up' },
  proof: MailboxProof,
): Promise<Issued> {
  const { session, signUp } = waiting;
  const address = { text: signUp.email, key: signUp.emailKey };
  const former = await sessionNamedByCookie(deps, caller);
  const { issued, revocations } = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const user = signUp.decoy ? null : await insertVerifiedUser(tx, deps, await allowAccount(tx, deps, address), signUp.displayName);
    // Somebody else proved this address first: then nothing opens this sign-up any more.
    if (user === null) throw new Refusal(proof.refusal);
    const life = sessionLife(deps, session.persistence);
    const active = await activateSession(tx, { id: session.id, userId: user.id, amr: ['pwd', 'otp'], now, expiresAt: now + life });
    if (active === null || !(await proof.spend(tx, now))) throw new Refusal(proof.refusal);
    await savePasswordHash(tx, user.id, signUp.passwordHash, now);
    await noteFirstSignIn(tx, user.id, now);
    const revocations = await endFormerSession(tx, deps, former, 'signed_in_again');
    const issued = await grantBrowser(tx, deps, caller, { user, session: active, freshDevice: false });
    await adoptEvents(tx, session.id, user.id);
    await recordEvent(tx, deps, caller, 'signup.completed', { actorId: user.id, userId: user.id, sessionId: session.id });
    return { issued, revocations };
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.tally.count('signUps', { way: 'password', result: 'completed', reason: 'none' });
  return issued;
}
