import { Refusal } from '@portico/protocol/errors';
import { forgetDevice } from '../../accounts/device.ts';
import { emailKey } from '../../accounts/email.ts';
import { lockUserForSignIn } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import { type Caller, hashOf } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { type Guess, judgeGuess } from '../../guessing/guard-guess.ts';
import { CODE_ACCOUNT } from '../../guessing/limits.ts';
import { consumeCode, findCode, SENDS, tryCode } from '../../guessing/security-code.ts';
import { type Answer, CLEARED_WAITING, type Issued, signedIn } from '../../sessions/answer.ts';
import { activateSession, insertSession, retireHeldSession, revokeSession } from '../../sessions/session.ts';
import { codeSubject } from '../../sessions/unusual-sign-in.ts';
import { findWaiting, knownDeviceOf, type Waiting } from '../../sessions/waiting-session.ts';
import { completeSignUp } from '../complete-sign-up.ts';
import { endFormerSession, grantBrowser, sessionLife, sessionNamedByCookie } from '../create-user-session.ts';

/** POST verify-signin: the code from the letter, typed in the browser that waits for it. */
export async function verifySignIn(deps: Deps, caller: Caller, typed: string): Promise<Answer> {
  const code = typed.replace(/[\s-]/g, '');
  if (!/^\d{8}$/.test(code)) throw new Refusal('invalid_fields', { fields: { securityCode: 'malformed' } });
  const waiting = await findWaiting(deps, caller);
  if (waiting === null) throw new Refusal('code_expired');
  const { tried } = await judgeGuess(deps, caller, await guessOf(deps, caller, waiting), async () => {
    const tried = await tryCode(deps, waiting.place, code);
    return { verdict: tried.kind === 'expired' ? 'void' : tried.kind, tried };
  });
  if (tried.kind === 'expired') throw new Refusal('code_expired');
  if (tried.kind === 'wrong') return refuseCode(deps, caller, waiting, tried.triesLeft);
  const { body, cookies } = signedIn(deps, await open(deps, caller, waiting, tried.codeHash));
  if (waiting.kind === 'unusual') deps.tally.count('signIns', { way: 'code', result: 'signed_in', reason: 'none' });
  if (waiting.kind === 'held') deps.tally.count('holds', { result: 'recovered' });
  return { body: { status: 'VERIFIED', ...body }, cookies: [...cookies, CLEARED_WAITING] };
}

async function open(deps: Deps, caller: Caller, waiting: Waiting, codeHash: string): Promise<Issued> {
  if (waiting.kind === 'held') return recover(deps, caller, waiting, codeHash);
  if (waiting.kind === 'unusual') return completeSignIn(deps, caller, waiting, codeHash);
  return completeSignUp(deps, caller, waiting, {
    refusal: 'code_expired',
    spend: (tx, now) => consumeCode(tx, waiting.place, codeHash, now),
  });
}

/**
 * Over all codes and browsers of one account, or new codes would buy new tries. A sign-up counts by its address, whether that is known or
 * not; a held session by its user, so that nobody can use up the owner's tries by signing up with the owner's address. Its token is
 * genuine, so its network does not count. Whoever knows the password has a counter apart from that, and a known device its own.
 */
async function guessOf(deps: Deps, caller: Caller, waiting: Waiting): Promise<Guess> {
  const guess = (subject: string, known: boolean) => ({ what: 'code', account: { limit: CODE_ACCOUNT, subject }, known }) as const;
  if (waiting.kind === 'held') return guess(waiting.user.id, true);
  if (waiting.kind === 'sign_up') return guess(emailKey(waiting.email), false);
  const device = await knownDeviceOf(deps, caller, waiting.user);
  return guess(`signin ${codeSubject(waiting.user.id, device)}`, device !== null);
}

async function refuseCode(deps: Deps, caller: Caller, waiting: Waiting, triesLeft: number): Promise<never> {
  await recordEvent(deps.db, deps, caller, 'code.wrong', { sessionId: waiting.session.id, userId: waiting.session.userId });
  const state = await findCode(deps.db, waiting.place);
  if (waiting.kind !== 'held' && triesLeft === 0 && (state?.sends ?? 0) >= SENDS) {
    // No tries and no further code: the waiting is over.
    await deps.db.transaction((tx) => revokeSession(tx, deps, waiting.session.id, 'too_many_codes'));
  }
  throw new Refusal('wrong_code', { extra: { triesLeft } });
}

/**
 * The code of an unusual sign-in was right: the waiting session becomes the session that was asked for. The user is locked as read when
 * the proof was checked, so a password change, a reset or a suspension in between wins.
 */
async function completeSignIn(deps: Deps, caller: Caller, waiting: Waiting & { kind: 'unusual' }, codeHash: string): Promise<Issued> {
  const { session } = waiting;
  const former = await sessionNamedByCookie(deps, caller);
  const known = await knownDeviceOf(deps, caller, waiting.user);
  const { issued, revocations } = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const user = await lockUserForSignIn(tx, waiting.user.id, session.uvRead ?? 0, now);
    if (user === null) throw new Refusal('code_expired');
    const expiresAt = now + sessionLife(deps, session.persistence);
    const amr = [...new Set([...session.amr, 'otp'])];
    const active = await activateSession(tx, { id: session.id, userId: user.id, amr, now, expiresAt });
    if (active === null || !(await consumeCode(tx, waiting.place, codeHash, now))) throw new Refusal('code_expired');
    // A known device was asked because somebody may have a copy of its cookie: it gets another one, which is trusted from now on.
    const fresh = known !== null && session.persistence === 'kept';
    if (fresh) await forgetDevice(tx, user.id, known);
    const revocations = await endFormerSession(tx, deps, former, 'signed_in_again');
    const issued = await grantBrowser(tx, deps, caller, { user, session: active, freshDevice: fresh });
    await recordEvent(tx, deps, caller, 'signin.succeeded', {
      actorId: user.id,
      userId: user.id,
      sessionId: session.id,
      reason: amr.join(' '),
    });
    return { issued, revocations };
  });
  for (const entry of revocations) deps.revoked.add(entry);
  return issued;
}

/**
 * The owner of a held session came back. It never lives again under its old name: a new session with the same end takes its place, on a
 * new device cookie, so that every copy that a thief may hold stays dead.
 */
async function recover(deps: Deps, caller: Caller, waiting: Waiting & { kind: 'held' }, codeHash: string): Promise<Issued> {
  return deps.db.transaction(async (tx) => {
    const now = deps.now();
    const user = await lockUserForSignIn(tx, waiting.user.id, waiting.user.uv, now);
    if (user === null) throw new Refusal('session_ended');
    const held = await retireHeldSession(tx, waiting.session.id, now);
    if (held === null || !(await consumeCode(tx, waiting.place, codeHash, now))) throw new Refusal('code_expired');
    for (const device of new Set([waiting.deviceHash, hashOf(caller.cookies.device)]))
      if (device !== null) await forgetDevice(tx, user.id, device);
    const session = await insertSession(tx, deps, caller, {
      userId: user.id,
      state: 'active',
      persistence: held.persistence,
      amr: [...new Set([...held.amr, 'otp'])],
      authTime: held.authTime,
      expiresAt: held.expiresAt,
      waitingHash: null,
    });
    const issued = await grantBrowser(tx, deps, caller, { user, session, freshDevice: true });
    await recordEvent(tx, deps, caller, 'session.recovered', {
      actorId: user.id,
      userId: user.id,
      sessionId: session.id,
      reason: waiting.session.id,
    });
    return issued;
  });
}
