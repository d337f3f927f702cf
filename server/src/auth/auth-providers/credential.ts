import { Refusal } from '@portico/protocol/errors';
import { isKnownDevice } from '../../accounts/device.ts';
import { parseEmail } from '../../accounts/email.ts';
import { findPasswordHash, rehashPassword } from '../../accounts/password.ts';
import { remindSignUp } from '../../accounts/remind-sign-up.ts';
import { findWaitingSignUp } from '../../accounts/signup.ts';
import { findUserByEmail } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import { type Caller, hashOf } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { countTry } from '../../guessing/counter.ts';
import { judgeGuess } from '../../guessing/guard-guess.ts';
import { SIGN_IN_KNOWN_DEVICE, SIGN_IN_STRANGERS, WRONG_ACCOUNT } from '../../guessing/limits.ts';
import { PASSWORD_BYTES_MAX } from '../../platform/password-hasher.ts';
import type { Proof } from '../create-user-session.ts';

export interface CredentialInput {
  readonly email: string;
  readonly password: string;
  readonly keep: boolean;
}

/**
 * E-mail and password. An unknown account, a known one and one that still waits for its code cost the same work and give the same
 * answer: `wrong_credentials`.
 */
export async function proveByPassword(deps: Deps, caller: Caller, input: CredentialInput): Promise<Proof> {
  const email = parseEmail(input.email);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: 'email_malformed' } });
  if (Buffer.byteLength(input.password) > PASSWORD_BYTES_MAX)
    throw new Refusal('invalid_fields', { fields: { password: 'password_too_long' } });

  deps.hasher.requireRoom();
  const user = await findUserByEmail(deps.db, email);
  const device = hashOf(caller.cookies.device) ?? '';
  const known = await isKnownDevice(deps.db, user?.id ?? '', device);
  const account = known
    ? { limit: SIGN_IN_KNOWN_DEVICE, subject: `${email.key} ${device}` }
    : { limit: SIGN_IN_STRANGERS, subject: email.key };

  const { verdict, userHash, waiting } = await judgeGuess(deps, caller, { what: 'password', account, known }, async () => {
    const userHash = await findPasswordHash(deps.db, user?.id ?? '');
    const waiting = await findWaitingSignUp(deps.db, email, deps.now());
    const right = await deps.hasher.verify(userHash ?? waiting?.passwordHash ?? null, input.password);
    return { verdict: right ? (userHash === null ? ('void' as const) : ('right' as const)) : ('wrong' as const), userHash, waiting };
  });
  if (verdict !== 'right' || user === null || userHash === null) {
    // By the address, whether it has an account or not: both cost the same.
    if (verdict === 'wrong' && !known) await countTry(deps.db, WRONG_ACCOUNT, email.key, deps.now());
    await recordEvent(deps.db, deps, caller, 'signin.failed', { userId: user?.id ?? null, reason: 'wrong_credentials' });
    // The right password of a sign-up that waits: its code is mailed again, after the answer, so that the time tells nothing.
    if (verdict === 'void' && waiting !== null) deps.afterAnswer(() => remindSignUp(deps, caller, waiting));
    throw new Refusal('wrong_credentials');
  }
  if (deps.hasher.needsRehash(userHash)) {
    deps.afterAnswer(async () => rehashPassword(deps.db, user.id, userHash, await deps.hasher.hash(input.password)));
  }
  return { userId: user.id, uvRead: user.uv, amr: ['pwd'], persistence: input.keep ? 'kept' : 'browser' };
}
