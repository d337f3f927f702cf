import { Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import { parseEmail } from '../../accounts/email.ts';
import { findInvitation } from '../../accounts/invitation.ts';
import { contextOf, requireGoodPassword } from '../../accounts/password-rules.ts';
import { queueSignUpLetter } from '../../accounts/remind-sign-up.ts';
import { signUpProblem } from '../../accounts/sign-up-policy.ts';
import { insertSignUp } from '../../accounts/signup.ts';
import { findUserByEmail } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { countTry } from '../../guessing/counter.ts';
import { MAIL_ADDRESS, MAIL_NETWORK, WAITING_ACCOUNT } from '../../guessing/limits.ts';
import { makeCode } from '../../guessing/security-code.ts';
import { tokenHash } from '../../platform/crypto.ts';
import { tallied } from '../../platform/tallied.ts';
import { type Answer, waitingCookie } from '../../sessions/answer.ts';
import { insertSession } from '../../sessions/session.ts';

export interface SignUpInput {
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly keep: boolean;
  /** From the link of an invitation; null without one. */
  readonly inviteToken: string | null;
}

/**
 * POST signup. Signs nobody in. A new and a known address get the same answer, byte for byte, after the same work; only the letter
 * differs, and that only the owner of the mailbox reads.
 */
export async function signUpRequestHandler(deps: Deps, caller: Caller, input: SignUpInput): Promise<Answer> {
  return tallied(
    deps.tally,
    'signUps',
    'password',
    () => signUp(deps, caller, input),
    () => 'begun' as const,
  );
}

async function signUp(deps: Deps, caller: Caller, input: SignUpInput): Promise<Answer> {
  const email = parseEmail(input.email);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: 'email_malformed' } });
  // Before anything looks for an account: what is refused here is refused alike for everybody.
  const invitation = input.inviteToken === null ? null : await findInvitation(deps.db, input.inviteToken, deps.now());
  const problem = signUpProblem(deps.config, email, invitation);
  if (problem !== null) throw new Refusal(problem);
  requireGoodPassword(deps, 'password', input.password, contextOf(email.text, input.displayName));

  for (const [limit, subject, code] of [
    [MAIL_NETWORK, caller.network, 'address_suspended'],
    [WAITING_ACCOUNT, email.key, 'account_throttled'],
    [MAIL_ADDRESS, email.key, 'account_throttled'],
  ] as const) {
    const count = await countTry(deps.db, limit, subject, deps.now());
    if (!count.allowed) throw new Refusal(code, { retryAfter: count.retryAfter });
  }

  const passwordHash = await deps.hasher.hash(input.password);
  const decoy = (await findUserByEmail(deps.db, email)) !== null;
  const waiting = deps.random(32).toString('base64url');
  await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const session = await insertSession(tx, deps, caller, {
      userId: null,
      state: 'unverified',
      persistence: input.keep ? 'kept' : 'browser',
      amr: [],
      authTime: now,
      expiresAt: now + deps.config.unverifiedLife,
      waitingHash: tokenHash(waiting),
    });
    await insertSignUp(tx, { sessionId: session.id, email, displayName: input.displayName, passwordHash, decoy, now });
    const code = await makeCode(tx, deps, { sessionId: session.id, browserHash: '' });
    if (code !== null) await queueSignUpLetter(tx, deps, caller, { sessionId: session.id, email: email.text, decoy }, code);
    await recordEvent(tx, deps, caller, decoy ? 'signup.known_address' : 'signup.started', { sessionId: session.id });
  });
  deps.mailWaits();
  return {
    body: { status: 'UNVERIFIED', verifyUrl: deps.config.appOrigin + PAGES.verifySignIn },
    cookies: [waitingCookie(waiting, deps)],
  };
}
