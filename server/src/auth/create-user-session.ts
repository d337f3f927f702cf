import { Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import { type Amr, FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { rememberDevice } from '../accounts/device.ts';
import { noteSighting } from '../accounts/sighting.ts';
import { findUser, lockUserForSignIn, type User } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import { type Caller, hashOf } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { lookAtSignIn, sightingOf } from '../guessing/look-at-sign-in.ts';
import { HOLD, NOTICE } from '../guessing/unusual.ts';
import { codesReach } from '../mail/codes-reach.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { type Answer, type Issued, signedIn, waitingCookie } from '../sessions/answer.ts';
import { OUR_PAGES } from '../sessions/browser-client.ts';
import { findNamedFamily } from '../sessions/proof-by-cookie.ts';
import { insertFamily } from '../sessions/refresh-token.ts';
import {
  BROWSER_SESSION_LIFE,
  type EndReason,
  insertSession,
  OWN_PAGES,
  type Persistence,
  revokeSession,
  type Session,
} from '../sessions/session.ts';
import { makeSignInWait, noticeSignIn } from '../sessions/unusual-sign-in.ts';

/** What was proven about the person at the door. */
export interface Proof {
  readonly userId: string;
  /** The user version that was read before the proof was checked: a password change in between makes the proof worthless. */
  readonly uvRead: number;
  readonly amr: readonly Amr[];
  readonly persistence: Persistence;
}

/** What a proof opened: a session, or, where the sign-in is unusual, one that waits for a mailed code and holds no token of any kind. */
export type SignInOutcome =
  | { readonly kind: 'signed_in'; readonly issued: Issued }
  | { readonly kind: 'waiting'; readonly waitingToken: string };

/**
 * The one door into a session. A sign-in that is unusual enough waits for a code from the mailbox, and until it was typed nothing that the
 * browser had before ends. Throws `wrong_credentials` when the proof is no longer good.
 */
export async function createUserSession(deps: Deps, caller: Caller, proof: Proof): Promise<SignInOutcome> {
  const asked = await findUser(deps.db, proof.userId);
  if (asked === null) throw new Refusal('wrong_credentials');
  const look = await lookAtSignIn(deps, caller, asked);
  // Where no code could reach the owner, asking for one would only lock them out.
  if (look.score >= HOLD && codesReach(deps, asked))
    return { kind: 'waiting', waitingToken: await makeSignInWait(deps, caller, asked, proof, look) };

  const former = await sessionNamedByCookie(deps, caller);
  const { issued, revocations } = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const user = await lockUserForSignIn(tx, proof.userId, proof.uvRead, now);
    if (user === null) throw new Refusal('wrong_credentials');
    const revocations = await endFormerSession(tx, deps, former, 'signed_in_again');
    const session = await insertSession(tx, deps, caller, {
      userId: user.id,
      state: 'active',
      persistence: proof.persistence,
      amr: proof.amr,
      authTime: now,
      expiresAt: now + sessionLife(deps, proof.persistence),
      waitingHash: null,
    });
    const issued = await grantBrowser(tx, deps, caller, { user, session, freshDevice: false });
    await recordEvent(tx, deps, caller, 'signin.succeeded', {
      actorId: user.id,
      userId: user.id,
      sessionId: session.id,
      reason: proof.amr.join(' '),
    });
    if (look.score >= NOTICE) await noticeSignIn(tx, deps, caller, { user, sessionId: session.id, look });
    return { issued, revocations };
  });
  for (const entry of revocations) deps.revoked.add(entry);
  if (look.score >= NOTICE) deps.mailWaits();
  return { kind: 'signed_in', issued };
}

/** What the browser is told of it, whichever way it came. */
export function signInAnswer(deps: Deps, outcome: SignInOutcome): Answer {
  if (outcome.kind === 'waiting') {
    const body = { status: 'UNVERIFIED', verifyUrl: deps.config.appOrigin + PAGES.verifySignIn };
    return { body, cookies: [waitingCookie(outcome.waitingToken, deps)] };
  }
  const { body, cookies } = signedIn(deps, outcome.issued);
  return { body: { status: 'VERIFIED', ...body }, cookies };
}

export function sessionLife(deps: Pick<Deps, 'config'>, persistence: Persistence): number {
  return persistence === 'kept' ? deps.config.sessionLife : Math.min(BROWSER_SESSION_LIFE, deps.config.sessionLife);
}

/**
 * Gives the browser its first-party family in an active session, bound to its device cookie. The session row was written in this
 * transaction, so it is locked.
 */
export async function grantBrowser(
  tx: Db,
  deps: Deps,
  caller: Caller,
  { user, session, freshDevice }: { user: User; session: Session; freshDevice: boolean },
): Promise<Issued> {
  const now = deps.now();
  const kept = session.persistence === 'kept';
  const newDevice = kept && (caller.cookies.device === null || freshDevice) ? deps.random(16).toString('base64url') : null;
  const deviceHash = kept ? hashOf(newDevice ?? caller.cookies.device) : null;
  const family = await insertFamily(
    tx,
    { key: deps.keys.currentChain(now), random: deps.random, now },
    {
      sessionId: session.id,
      clientId: FIRST_PARTY_CLIENT,
      userId: user.id,
      deviceHash,
      expiresAt: session.expiresAt,
      idleAt: now + deps.config.sessionIdle,
    },
  );
  if (deviceHash !== null) await rememberDevice(tx, deps, caller, user.id, deviceHash);
  await noteSighting(tx, user.id, sightingOf(caller), now);
  return {
    grant: {
      session: { ...session, userId: user.id },
      user,
      clientId: FIRST_PARTY_CLIENT,
      client: OWN_PAGES,
      scopes: [],
      roles: [],
      alive: true,
    },
    gen: family.gen,
    refreshToken: family.refreshToken,
    idleAt: family.idleAt,
    provedAt: now,
    newDevice,
  };
}

/** The session that the browser's cookies name, if the token is genuine: signing in replaces it. */
export async function sessionNamedByCookie(deps: Deps, caller: Caller): Promise<string | null> {
  return (await findNamedFamily(deps, caller, OUR_PAGES))?.sessionId ?? null;
}

/** Ends it in the transaction of the sign-in, so that no browser is left with two. */
export async function endFormerSession(tx: Db, deps: Deps, sessionId: string | null, reason: EndReason): Promise<Revocation[]> {
  if (sessionId === null) return [];
  const entry = await revokeSession(tx, deps, sessionId, reason);
  return entry === null ? [] : [entry];
}
