import { Refusal } from '@portico/protocol/errors';
import { requireOwnPassword } from '../accounts/own-password.ts';
import { codeAddressOf, findUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { judgeGuess } from '../guessing/guard-guess.ts';
import { CODE_ACCOUNT, PROOF_CODES } from '../guessing/limits.ts';
import { type CodePlace, consumeCode, findCode, makeCode, RESEND_PAUSE, tryCode } from '../guessing/security-code.ts';
import { proofCodeLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { Db } from '../platform/db.ts';
import type { Answer } from '../sessions/answer.ts';
import { markProved } from '../sessions/session.ts';
import type { CurrentSession } from '../sessions/verified-session.ts';

export interface ProofInput {
  readonly password?: string;
  readonly securityCode?: string;
}

/** POST me/proof: the person at a signed-in browser shows once more who they are, by password or by a mailed code. Good for ten minutes. */
export async function prove(deps: Deps, caller: Caller, session: CurrentSession, input: ProofInput): Promise<Answer> {
  const { password, securityCode } = input;
  if (password !== undefined && securityCode === undefined) return proveByPassword(deps, caller, session, password);
  if (securityCode !== undefined && password === undefined) return proveByCode(deps, caller, session, securityCode);
  const problem = password === undefined ? 'missing' : 'malformed';
  throw new Refusal('invalid_fields', { fields: { password: problem, securityCode: problem } });
}

async function proveByPassword(deps: Deps, caller: Caller, session: CurrentSession, password: string): Promise<Answer> {
  await requireOwnPassword(deps, caller, { userId: session.userId, typed: password, field: 'password' });
  await deps.db.transaction((tx) => noteProof(tx, deps, caller, session, 'pwd'));
  return { status: 204 };
}

async function proveByCode(deps: Deps, caller: Caller, session: CurrentSession, typed: string): Promise<Answer> {
  const code = typed.replace(/[\s-]/g, '');
  if (!/^\d{8}$/.test(code)) throw new Refusal('invalid_fields', { fields: { securityCode: 'malformed' } });
  // Apart from the codes that bring a held sign-in back: whoever holds this session must not use up the owner's tries there.
  const guess = { what: 'code', account: { limit: CODE_ACCOUNT, subject: `proof ${session.userId}` }, known: true } as const;
  const place = placeOf(session);
  const { tried } = await judgeGuess(deps, caller, guess, async () => {
    const tried = await tryCode(deps, place, code);
    return { verdict: tried.kind === 'expired' ? 'void' : tried.kind, tried };
  });
  if (tried.kind === 'expired') throw new Refusal('code_expired');
  if (tried.kind === 'wrong') {
    await recordEvent(deps.db, deps, caller, 'code.wrong', { actorId: session.userId, userId: session.userId, sessionId: session.id });
    throw new Refusal('wrong_code', { extra: { triesLeft: tried.triesLeft } });
  }
  await deps.db.transaction(async (tx) => {
    if (!(await consumeCode(tx, place, tried.codeHash, deps.now()))) throw new Refusal('code_expired');
    await noteProof(tx, deps, caller, session, 'otp');
  });
  return { status: 204 };
}

/** POST me/proof/code: mails a code to the address of the account (for a week after a change: to the old one), for this session only. */
export async function sendProofCode(deps: Deps, caller: Caller, session: CurrentSession): Promise<Answer> {
  const place = placeOf(session);
  const before = await findCode(deps.db, place);
  const wait = before === null ? 0 : Math.ceil((before.sentAt + RESEND_PAUSE - deps.now()) / 1000);
  if (wait > 0) throw new Refusal('too_many_requests', { retryAfter: wait });
  const count = await countTry(deps.db, PROOF_CODES, session.userId, deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
  const user = await findUser(deps.db, session.userId);
  if (user === null) throw new Refusal('signed_out');
  const sent = await deps.db.transaction(async (tx) => {
    const code = await makeCode(tx, deps, place, { again: true });
    if (code === null) return false;
    await queueLetter(tx, deps, proofCodeLetter(deps.config, caller.texts, { to: codeAddressOf(user, deps.now()), code }));
    await recordEvent(tx, deps, caller, 'code.sent', { actorId: session.userId, userId: session.userId, sessionId: session.id });
    return true;
  });
  if (!sent) throw new Refusal('too_many_requests', { retryAfter: RESEND_PAUSE / 1000 });
  deps.mailWaits();
  const state = await findCode(deps.db, place);
  return { body: { triesLeft: state?.triesLeft ?? 0, resendAt: (state?.sentAt ?? deps.now()) + RESEND_PAUSE } };
}

async function noteProof(tx: Db, deps: Deps, caller: Caller, session: CurrentSession, method: 'pwd' | 'otp'): Promise<void> {
  await markProved(tx, session.id, deps.now());
  await recordEvent(tx, deps, caller, 'proof.given', {
    actorId: session.userId,
    userId: session.userId,
    sessionId: session.id,
    reason: method,
  });
}

/** A place of its own: no code of a waiting or held sign-in proves anything here, nor the other way round. */
export function placeOf(session: CurrentSession): CodePlace {
  return { sessionId: session.id, browserHash: 'proof' };
}
