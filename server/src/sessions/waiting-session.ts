import { findSignUp, type SignUp } from '../accounts/signup.ts';
import { codeAddressOf, findUser, type User } from '../accounts/user.ts';
import { type Caller, hashOf } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { CodePlace } from '../guessing/security-code.ts';
import { peekRefreshToken } from './peek-refresh-token.ts';
import { browserCaller } from './refresh-caller.ts';
import { findWaitingSession, type Session } from './session.ts';

/** A browser that is not signed in because it must type a code first. It has no user's data, no token and no other right. */
export type Waiting =
  | { readonly kind: 'sign_up'; readonly session: Session; readonly signUp: SignUp; readonly email: string; readonly place: CodePlace }
  | {
      readonly kind: 'held';
      readonly session: Session;
      readonly user: User;
      readonly email: string;
      readonly place: CodePlace;
      /** Hash of the device cookie that the held family is bound to. */
      readonly deviceHash: string | null;
    };

/**
 * What this browser waits for. A held session proves itself with its genuine, held token; its codes are bound to the browser's
 * transaction cookie, because a thief holds a genuine token too.
 */
export async function findWaiting(deps: Deps, caller: Caller): Promise<Waiting | null> {
  return (await findHeld(deps, caller)) ?? (await findUnverified(deps, caller));
}

async function findHeld(deps: Deps, caller: Caller): Promise<Waiting | null> {
  if (caller.cookies.refresh === null) return null;
  const peeked = await peekRefreshToken(deps, browserCaller(caller), caller.cookies.refresh);
  if (peeked.kind !== 'held') return null;
  const user = await findUser(deps.db, peeked.grant.user.id);
  if (user === null) return null;
  const session = peeked.grant.session;
  return {
    kind: 'held',
    session,
    user,
    email: codeAddressOf(user, deps.now()),
    place: { sessionId: session.id, browserHash: hashOf(caller.cookies.transaction) ?? '' },
    deviceHash: peeked.family.deviceHash,
  };
}

async function findUnverified(deps: Deps, caller: Caller): Promise<Waiting | null> {
  const waitingHash = hashOf(caller.cookies.waiting);
  if (waitingHash === null) return null;
  const session = await findWaitingSession(deps.db, waitingHash, deps.now());
  if (session === null) return null;
  const signUp = await findSignUp(deps.db, session.id);
  if (signUp === null) return null;
  return { kind: 'sign_up', session, signUp, email: signUp.email, place: { sessionId: session.id, browserHash: '' } };
}
