import { Refusal } from '@portico/protocol/errors';
import { emailKey } from '../../accounts/email.ts';
import { queueSignUpLetter } from '../../accounts/remind-sign-up.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { countTry } from '../../guessing/counter.ts';
import { HELD_CODES, type Limit, MAIL_ADDRESS, MAIL_NETWORK, SIGN_IN_CODES } from '../../guessing/limits.ts';
import { findCode, makeCode, RESEND_PAUSE } from '../../guessing/security-code.ts';
import { codeLetter } from '../../mail/letters.ts';
import { queueLetter } from '../../mail/outbox.ts';
import { tokenHash } from '../../platform/crypto.ts';
import type { Db } from '../../platform/db.ts';
import { type Answer, transactionCookie } from '../../sessions/answer.ts';
import { codeSubject, queueSecurityCode } from '../../sessions/unusual-sign-in.ts';
import { findWaiting, knownDeviceOf, type Waiting } from '../../sessions/waiting-session.ts';

/** POST resend-code: a new code kills the old one. For a held session this is also how the first code is asked for. */
export async function resendCode(deps: Deps, caller: Caller): Promise<Answer> {
  const found = await findWaiting(deps, caller);
  if (found === null) throw new Refusal('code_expired');
  const { waiting, transaction } = await ownPlace(deps, found);
  await requireResendAllowed(deps, caller, waiting);
  const sent = await deps.db.transaction(async (tx) => {
    const code = await makeCode(tx, deps, waiting.place);
    if (code === null) return false;
    await queueCode(tx, deps, caller, waiting, code);
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

async function queueCode(tx: Db, deps: Deps, caller: Caller, waiting: Waiting, code: string): Promise<void> {
  if (waiting.kind === 'sign_up') await queueSignUpLetter(tx, deps, caller, waiting.signUp, code);
  else if (waiting.kind === 'unusual') await queueSecurityCode(tx, deps, caller, { ...waiting, code });
  else await queueLetter(tx, deps, codeLetter(deps.config, caller.texts, { to: waiting.email, code }));
}

/**
 * The first code of a held session is bound to a transaction cookie that is made with it. The one that the browser had may be in the
 * copied jar too, and whoever shares it could kill the owner's code, or use up its tries.
 */
async function ownPlace(deps: Deps, waiting: Waiting): Promise<{ waiting: Waiting; transaction: string | null }> {
  if (waiting.kind !== 'held' || (await findCode(deps.db, waiting.place)) !== null) return { waiting, transaction: null };
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
  const { limit, subject } = await letterLimit(deps, caller, waiting);
  const count = await countTry(deps.db, limit, subject, deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
}

async function letterLimit(deps: Deps, caller: Caller, waiting: Waiting): Promise<{ limit: Limit; subject: string }> {
  // By the user, whom no stranger's sign-up can reach.
  if (waiting.kind === 'unusual')
    return { limit: SIGN_IN_CODES, subject: codeSubject(waiting.user.id, await knownDeviceOf(deps, caller, waiting.user)) };
  // By the address, known or not, so that a decoy is throttled as a real sign-up is.
  return { limit: waiting.kind === 'held' ? HELD_CODES : MAIL_ADDRESS, subject: emailKey(waiting.email) };
}
