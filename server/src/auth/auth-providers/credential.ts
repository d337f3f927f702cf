import { Refusal } from '@portico/protocol/errors';
import { isKnownDevice } from '../../accounts/device.ts';
import { type Email, parseEmail } from '../../accounts/email.ts';
import { findPasswordHash, rehashPassword } from '../../accounts/password.ts';
import { remindSignUp } from '../../accounts/remind-sign-up.ts';
import { findWaitingSignUp } from '../../accounts/signup.ts';
import { findUserByEmail } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import { type Caller, hashOf } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { type Count, countTry, forgiveTry } from '../../guessing/counter.ts';
import type { Limit } from '../../guessing/limits.ts';
import { SIGN_IN_KNOWN_DEVICE, SIGN_IN_NETWORK, SIGN_IN_STRANGERS } from '../../guessing/limits.ts';
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

  const user = await findUserByEmail(deps.db, email);
  const device = hashOf(caller.cookies.device) ?? '';
  const known = await isKnownDevice(deps.db, user?.id ?? '', device);
  const tries = known
    ? [{ limit: SIGN_IN_KNOWN_DEVICE, subject: `${email.key} ${device}` }]
    : [
        { limit: SIGN_IN_NETWORK, subject: caller.network },
        { limit: SIGN_IN_STRANGERS, subject: email.key },
      ];
  await countTries(deps, caller, email, tries);

  const userHash = await findPasswordHash(deps.db, user?.id ?? '');
  const waiting = await findWaitingSignUp(deps.db, email, deps.now());
  const stored = userHash ?? waiting?.passwordHash ?? null;
  const right = await deps.hasher.verify(stored, input.password).catch(async (cause: unknown) => {
    // Our own trouble is never counted as a failed sign-in.
    await forgive(deps, tries);
    throw cause;
  });
  if (!right || user === null || userHash === null) {
    await recordEvent(deps.db, deps, caller, 'signin.failed', { userId: user?.id ?? null, reason: 'wrong_credentials' });
    // The right password of a sign-up that waits: its code is mailed again, after the answer, so that the time tells nothing.
    if (right && waiting !== null) deps.afterAnswer(() => remindSignUp(deps, caller, waiting));
    throw new Refusal('wrong_credentials');
  }
  await forgive(deps, tries);
  if (deps.hasher.needsRehash(userHash)) {
    deps.afterAnswer(async () => rehashPassword(deps.db, user.id, userHash, await deps.hasher.hash(input.password)));
  }
  return { userId: user.id, uvRead: user.uv, amr: ['pwd'], persistence: input.keep ? 'kept' : 'browser' };
}

type Try = { readonly limit: Limit; readonly subject: string };

/** Counted before hashing: of a thousand parallel guesses only the allowed number costs anything or learns anything. */
async function countTries(deps: Deps, caller: Caller, email: Email, tries: readonly Try[]): Promise<void> {
  for (const { limit, subject } of tries) {
    const count: Count = await countTry(deps.db, limit, subject, deps.now());
    if (count.allowed) continue;
    // Written once a window, or a flood of guesses would become a flood of rows.
    if (count.count === limit.max + 1)
      await recordEvent(deps.db, deps, caller, 'signin.throttled', { reason: `${limit.name} ${email.key}` });
    throw new Refusal(limit === SIGN_IN_NETWORK ? 'address_suspended' : 'account_throttled', { retryAfter: count.retryAfter });
  }
}

async function forgive(deps: Deps, tries: readonly Try[]): Promise<void> {
  for (const { limit, subject } of tries) await forgiveTry(deps.db, limit, subject);
}
