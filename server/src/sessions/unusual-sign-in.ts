import { Refusal } from '@portico/protocol/errors';
import type { Amr } from '@portico/protocol/tokens';
import { deviceLabel } from '../accounts/device-label.ts';
import { codeAddressOf, lockUserForWaiting, type User } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import { type Caller, hashOf } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { SIGN_IN_CODES, SIGN_IN_NOTICES, WAITING_ACCOUNT } from '../guessing/limits.ts';
import { type SignInLook, sightingOf } from '../guessing/look-at-sign-in.ts';
import { makeCode } from '../guessing/security-code.ts';
import { newSignInLetter, securityCodeLetter } from '../mail/letters.ts';
import { NOT_ME_LIFE } from '../mail/link-lives.ts';
import { makeMailLink } from '../mail/mail-link.ts';
import { queueLetter } from '../mail/outbox.ts';
import { tokenHash } from '../platform/crypto.ts';
import type { Db } from '../platform/db.ts';
import { findWaitingSession, insertSession, type Persistence, revokeSession, type Session } from './session.ts';

/** What becomes of a sign-in whose proof was good and whose circumstances are unusual: it waits for a code, or its owner is told. */

interface Proven {
  readonly uvRead: number;
  readonly amr: readonly Amr[];
  readonly persistence: Persistence;
}

/**
 * Makes a session that waits for a code, and mails the code. The browser gets the name of that session and nothing else: no token of any
 * kind, no word about the user. Answers the value of its cookie.
 */
export async function makeSignInWait(deps: Deps, caller: Caller, user: User, proven: Proven, look: SignInLook): Promise<string> {
  const device = look.facts.knownDevice ? hashOf(caller.cookies.device) : null;
  // Whoever knows the password must not use up what the owner needs on a device that the account knows.
  if (device === null) await requireRoom(deps, WAITING_ACCOUNT, user.id);
  await requireRoom(deps, SIGN_IN_CODES, codeSubject(user.id, device));
  const former = hashOf(caller.cookies.waiting);
  const waiting = deps.random(32).toString('base64url');
  await deps.db.transaction(async (tx) => {
    const now = deps.now();
    // Born only if nothing changed since the proof was checked; what changes later ends it with the other sessions.
    if ((await lockUserForWaiting(tx, user.id, proven.uvRead)) === null) throw new Refusal('wrong_credentials');
    const replaced = former === null ? null : await findWaitingSession(tx, former, now);
    if (replaced?.userId === user.id) await revokeSession(tx, deps, replaced.id, 'signed_in_again');
    const session = await insertSession(tx, deps, caller, {
      userId: user.id,
      state: 'unverified',
      persistence: proven.persistence,
      amr: proven.amr,
      authTime: now,
      expiresAt: now + deps.config.unverifiedLife,
      waitingHash: tokenHash(waiting),
      unusual: look.reasons,
      uvRead: proven.uvRead,
    });
    const code = await makeCode(tx, deps, { sessionId: session.id, browserHash: '' });
    if (code !== null) await queueSecurityCode(tx, deps, caller, { user, session, code });
    await recordEvent(tx, deps, caller, 'signin.held', { userId: user.id, sessionId: session.id, reason: reasonOf(look) });
  });
  deps.mailWaits();
  return waiting;
}

/** The letter with the code: what was seen, and why it is unusual. */
export async function queueSecurityCode(
  tx: Db,
  deps: Deps,
  { texts }: Pick<Caller, 'texts'>,
  { user, session, code }: { user: User; session: Session; code: string },
): Promise<void> {
  const to = codeAddressOf(user, deps.now());
  const seen = { device: deviceLabel(session.userAgent), place: session.address, at: session.createdAt };
  await queueLetter(tx, deps, securityCodeLetter(deps.config, texts, { to, code, reasons: session.unusual ?? [], ...seen }));
}

/** What the letters of one account's unusual sign-ins are counted by. */
export function codeSubject(userId: string, device: string | null): string {
  return device === null ? userId : `${userId} ${device}`;
}

/** Tells the owner of a sign-in that was let in. Call `deps.mailWaits()` when the transaction has committed. */
export async function noticeSignIn(
  tx: Db,
  deps: Deps,
  caller: Caller,
  { user, sessionId, look }: { user: User; sessionId: string; look: SignInLook },
): Promise<void> {
  const now = deps.now();
  await recordEvent(tx, deps, caller, 'signin.noticed', { actorId: user.id, userId: user.id, sessionId, reason: reasonOf(look) });
  const { network, browser } = sightingOf(caller);
  if (!(await countTry(tx, SIGN_IN_NOTICES, `${user.id} ${network} ${browser}`, now)).allowed) return;
  const to = codeAddressOf(user, now);
  // It names no session: the sign-in may have ended long before its owner reads the letter, and the password is known all the same.
  const token = await makeMailLink(tx, deps, { purpose: 'not_me', life: NOT_ME_LIFE, userId: user.id, email: to });
  const seen = { device: deviceLabel(caller.userAgent), place: caller.address, at: now };
  await queueLetter(tx, deps, newSignInLetter(deps.config, caller.texts, { to, token, ...seen }));
}

async function requireRoom(deps: Deps, limit: typeof WAITING_ACCOUNT, subject: string): Promise<void> {
  const count = await countTry(deps.db, limit, subject, deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
}

/** For the audit log: the score, and what it was made of. */
function reasonOf({ score, reasons }: SignInLook): string {
  return `${score} ${reasons.join(' ')}`;
}
