import { Refusal } from '@portico/protocol/errors';
import { FIRST_PARTY_CLIENT, type Role } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import { verifyAccessToken } from './access-token.ts';
import { findGrant, type Grant } from './session.ts';
import { authTimeOf } from './session-row.ts';

/**
 * Proof that a request belongs to a signed-in, verified session. It cannot be written down by hand: only the functions here make one,
 * so a function that takes it cannot be reached by a session that still waits for its code.
 */
export interface VerifiedSession {
  readonly [proven]: true;
  readonly id: string;
  readonly userId: string;
  readonly role: Role;
  readonly csrfFrom: number;
  /** Epoch seconds of the newest proof of who it is: refreshing does not renew it. */
  readonly authTime: number;
}
declare const proven: unique symbol;

/** As `VerifiedSession`, and the database agreed a moment ago: session active, user not suspended, rights as they are now. */
export interface CurrentSession extends VerifiedSession {
  readonly [current]: true;
  readonly grant: Grant;
}
declare const current: unique symbol;

/** From a signature alone, no database: revocations arrive within a second. Null when the token is not good. */
export async function provenByAccessToken(deps: Deps, token: string): Promise<VerifiedSession | null> {
  const claims = await verifyAccessToken(deps, token);
  if (claims === null) return null;
  return {
    id: claims.sid,
    userId: claims.sub,
    role: claims.role ?? 'user',
    csrfFrom: claims.csrf_from ?? 0,
    authTime: claims.auth_time,
  } as VerifiedSession;
}

/** Asks the database as well. Throws `signed_out` when the session ended, or the user's version moved on. */
export async function provenInDatabase(deps: Deps, session: VerifiedSession): Promise<CurrentSession> {
  const grant = await findGrant(deps.db, session.id, FIRST_PARTY_CLIENT, deps.now());
  if (grant === null || !grant.alive || grant.user.id !== session.userId) throw new Refusal('signed_out');
  return currentSession(grant);
}

/** From a refresh token that was peeked at or spent: the database has just spoken. */
export function currentSession(grant: Grant & { readonly alive: boolean }): CurrentSession {
  if (!grant.alive) throw new Refusal('signed_out');
  return {
    id: grant.session.id,
    userId: grant.user.id,
    role: grant.user.role,
    csrfFrom: grant.session.csrfFrom,
    authTime: authTimeOf(grant.session),
    grant,
  } as CurrentSession;
}
