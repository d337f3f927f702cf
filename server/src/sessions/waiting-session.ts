import type { UnusualReason } from '@portico/protocol/tokens';
import { isKnownDevice } from '../accounts/device.ts';
import { deviceLabel } from '../accounts/device-label.ts';
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
      /** The right proof in unusual circumstances. */
      readonly kind: 'unusual';
      readonly session: Session;
      readonly user: User;
      readonly email: string;
      readonly place: CodePlace;
    }
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
 * transaction cookie, because a thief holds a genuine token too. Who signed in again with the right proof waits for that: the held
 * session ends with it.
 */
export async function findWaiting(deps: Deps, caller: Caller): Promise<Waiting | null> {
  const unverified = await findUnverified(deps, caller);
  if (unverified?.kind === 'unusual') return unverified;
  return (await findHeld(deps, caller)) ?? unverified;
}

/** What a browser may know of its own unusual sign-in: when, with what, and why it waits. Null for every other waiting. */
export function seenSignIn({ kind, session }: Waiting): { device: string; at: number; reasons: readonly UnusualReason[] } | null {
  if (kind !== 'unusual') return null;
  return { device: deviceLabel(session.userAgent), at: session.createdAt, reasons: session.unusual ?? [] };
}

/** The hash of the browser's device cookie, where this user is known with it. */
export async function knownDeviceOf({ db }: Pick<Deps, 'db'>, caller: Caller, user: Pick<User, 'id'>): Promise<string | null> {
  const device = hashOf(caller.cookies.device);
  return device !== null && (await isKnownDevice(db, user.id, device)) ? device : null;
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
  const place = { sessionId: session.id, browserHash: '' };
  if (session.userId !== null) {
    const user = await findUser(deps.db, session.userId);
    // The password changed, rights fell or the user was suspended since the proof was checked: it is worth nothing any more.
    if (user === null || user.uv !== session.uvRead || user.suspendedAt !== null) return null;
    return { kind: 'unusual', session, user, email: codeAddressOf(user, deps.now()), place };
  }
  const signUp = await findSignUp(deps.db, session.id);
  if (signUp === null) return null;
  return { kind: 'sign_up', session, signUp, email: signUp.email, place };
}
