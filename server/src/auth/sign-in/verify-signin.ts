import { Refusal } from '@portico/protocol/errors';
import { forgetDevice } from '../../accounts/device.ts';
import { emailKey } from '../../accounts/email.ts';
import { queueSignUpLetter } from '../../accounts/remind-sign-up.ts';
import { lockUserForSignIn } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import { type Caller, hashOf } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { countTry } from '../../guessing/counter.ts';
import { type Guess, judgeGuess } from '../../guessing/guard-guess.ts';
import { CODE_ACCOUNT, HELD_CODES, MAIL_ADDRESS, MAIL_NETWORK } from '../../guessing/limits.ts';
import { consumeCode, findCode, makeCode, RESEND_PAUSE, SENDS, tryCode } from '../../guessing/security-code.ts';
import { codeLetter } from '../../mail/letters.ts';
import { queueLetter } from '../../mail/outbox.ts';
import { tokenHash } from '../../platform/crypto.ts';
import type { Revocation } from '../../platform/revoked-set.ts';
import { type Answer, CLEARED_SESSION, CLEARED_WAITING, type Issued, signedIn, transactionCookie } from '../../sessions/answer.ts';
import { insertSession, retireHeldSession, revokeSession } from '../../sessions/session.ts';
import { findWaiting, type Waiting } from '../../sessions/waiting-session.ts';
import { completeSignUp } from '../complete-sign-up.ts';
import { grantBrowser } from '../create-user-session.ts';

/** POST verify-signin: the code from the letter, typed in the browser that waits for it. */
export async function verifySignIn(deps: Deps, caller: Caller, typed: string): Promise<Answer> {
  const code = typed.replace(/[\s-]/g, '');
  if (!/^\d{8}$/.test(code)) throw new Refusal('invalid_fields', { fields: { securityCode: 'malformed' } });
  const waiting = await findWaiting(deps, caller);
  if (waiting === null) throw new Refusal('code_expired');
  const { tried } = await judgeGuess(deps, caller, guessOf(waiting), async () => {
    const tried = await tryCode(deps, waiting.place, code);
    return { verdict: tried.kind === 'expired' ? 'void' : tried.kind, tried };
  });
  if (tried.kind === 'expired') throw new Refusal('code_expired');
  if (tried.kind === 'wrong') return refuseCode(deps, caller, waiting, tried.triesLeft);
  const issued =
    waiting.kind === 'sign_up'
      ? await completeSignUp(deps, caller, waiting, {
          refusal: 'code_expired',
          spend: (tx, now) => consumeCode(tx, waiting.place, tried.codeHash, now),
        })
      : await recover(deps, caller, waiting, tried.codeHash);
  const { body, cookies } = signedIn(deps, issued);
  return { body: { status: 'VERIFIED', ...body }, cookies: [...cookies, CLEARED_WAITING] };
}

/**
 * Over all codes and browsers of one account, or new codes would buy new tries. A sign-up counts by its address, whether that is known or
 * not; a held session by its user, so that nobody can use up the owner's tries by signing up with the owner's address. Its token is
 * genuine, so its network does not count.
 */
function guessOf(waiting: Waiting): Guess {
  const subject = waiting.kind === 'held' ? waiting.user.id : emailKey(waiting.email);
  return { what: 'code', account: { limit: CODE_ACCOUNT, subject }, known: waiting.kind === 'held' };
}

async function refuseCode(deps: Deps, caller: Caller, waiting: Waiting, triesLeft: number): Promise<never> {
  await recordEvent(deps.db, deps, caller, 'code.wrong', { sessionId: waiting.session.id, userId: waiting.session.userId });
  const state = await findCode(deps.db, waiting.place);
  if (waiting.kind === 'sign_up' && triesLeft === 0 && (state?.sends ?? 0) >= SENDS) {
    // No tries and no further code: the waiting is over.
    await deps.db.transaction((tx) => revokeSession(tx, deps, waiting.session.id, 'too_many_codes'));
  }
  throw new Refusal('wrong_code', { extra: { triesLeft } });
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

/** POST resend-code: a new code kills the old one. For a held session this is also how the first code is asked for. */
export async function resendCode(deps: Deps, caller: Caller): Promise<Answer> {
  const found = await findWaiting(deps, caller);
  if (found === null) throw new Refusal('code_expired');
  const { waiting, transaction } = await ownPlace(deps, found);
  await requireResendAllowed(deps, caller, waiting);
  const sent = await deps.db.transaction(async (tx) => {
    const code = await makeCode(tx, deps, waiting.place);
    if (code === null) return false;
    if (waiting.kind === 'sign_up') await queueSignUpLetter(tx, deps, caller, waiting.signUp, code);
    else await queueLetter(tx, deps, codeLetter(deps.config, caller.texts, { to: waiting.email, code }));
    await recordEvent(tx, deps, caller, 'code.sent', { sessionId: waiting.session.id, userId: waiting.session.userId });
    return true;
  });
  if (!sent) throw new Refusal('too_many_requests', { retryAfter: RESEND_PAUSE / 1000 });
  deps.mailWaits();
  const state = await findCode(deps.db, waiting.place);
  return {
    body: {
      status: waiting.kind === 'held' ? 'HELD' : 'UNVERIFIED',
      triesLeft: state?.triesLeft ?? 0,
      resendAt: (state?.sentAt ?? deps.now()) + RESEND_PAUSE,
    },
    cookies: transaction === null ? [] : [transactionCookie(transaction)],
  };
}

/**
 * The first code of a held session is bound to a transaction cookie that is made with it. The one that the browser had may be in the
 * copied jar too, and whoever shares it could kill the owner's code, or use up its tries.
 */
async function ownPlace(deps: Deps, waiting: Waiting): Promise<{ waiting: Waiting; transaction: string | null }> {
  if (waiting.kind === 'sign_up' || (await findCode(deps.db, waiting.place)) !== null) return { waiting, transaction: null };
  const transaction = deps.random(16).toString('base64url');
  const place = { ...waiting.place, browserHash: tokenHash(transaction) };
  return { waiting: { ...waiting, place }, transaction };
}

async function requireResendAllowed(deps: Deps, caller: Caller, waiting: Waiting): Promise<void> {
  const state = await findCode(deps.db, waiting.place);
  const wait = state === null ? 0 : Math.ceil((state.sentAt + RESEND_PAUSE - deps.now()) / 1000);
  if (wait > 0) throw new Refusal('too_many_requests', { retryAfter: wait });
  // The owner of a held session proved it with a genuine token; what strangers ask for counts against their network.
  const network = waiting.kind === 'held' ? null : await countTry(deps.db, MAIL_NETWORK, caller.network, deps.now());
  if (network?.allowed === false) throw new Refusal('address_suspended', { retryAfter: network.retryAfter });
  // Keyed by the address, known or not, so that a decoy is throttled as a real sign-up is.
  const limit = waiting.kind === 'held' ? HELD_CODES : MAIL_ADDRESS;
  const count = await countTry(deps.db, limit, emailKey(waiting.email), deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
}

/** POST not-me, and "use another account": ends the waiting or held session of this browser, and only that. */
export async function notMe(deps: Deps, caller: Caller, reason: 'not_me' | 'other_account' = 'not_me'): Promise<Answer> {
  const waiting = await findWaiting(deps, caller);
  if (waiting !== null) {
    const revocation: Revocation | null = await deps.db.transaction(async (tx) => {
      await recordEvent(tx, deps, caller, 'signin.not_me', { sessionId: waiting.session.id, userId: waiting.session.userId, reason });
      return revokeSession(tx, deps, waiting.session.id, reason);
    });
    if (revocation !== null) deps.revoked.add(revocation);
  }
  return { body: { status: 'SIGNED_OUT' }, cookies: waiting?.kind === 'held' ? CLEARED_SESSION : [CLEARED_WAITING] };
}
