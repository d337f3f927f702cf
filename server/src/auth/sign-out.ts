import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import { hashOf } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Answer, CLEARED_SESSION } from '../sessions/answer.ts';
import { requireCsrf } from '../sessions/csrf.ts';
import { endSignIn } from '../sessions/end-session.ts';
import { findSession, findWaitingSession, type Session } from '../sessions/session.ts';
import { provenByAccessToken } from '../sessions/verified-session.ts';
import { sessionNamedByCookie } from './create-user-session.ts';

/**
 * POST signout: this browser on all sites, or with `everywhere` all devices. Idempotent: a browser that is signed out already is
 * answered the same, and is rid of its cookies.
 */
export async function signOut(
  deps: Deps,
  caller: Caller,
  { everywhere = false, local = false }: { readonly everywhere?: boolean; readonly local?: boolean },
): Promise<Answer> {
  // Our own pages are the sign-in itself: nobody leaves them and stays signed in.
  if (local) throw new Refusal('invalid_fields', { fields: { local: 'malformed' } });
  const { session, byBearer } = await namedSession(deps, caller);
  if (session !== null && session.state !== 'revoked') {
    // A stranger's page must not sign visitors out (ASVS 10.6.2); a session that only waits has no CSRF token.
    if (session.state === 'active' && !byBearer) requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
    await endSignIn(deps, caller, session, { everywhere });
  }
  return { status: 204, cookies: CLEARED_SESSION, clearSiteData: true };
}

/** Any genuine token names its session for this purpose, however old: who holds a copy can end the sign-in, never use it. */
async function namedSession(deps: Deps, caller: Caller): Promise<{ session: Session | null; byBearer: boolean }> {
  const bearer = caller.bearer === null ? null : await provenByAccessToken(deps, caller.bearer);
  if (bearer !== null) return { session: await findSession(deps.db, bearer.id), byBearer: true };
  const sid = await sessionNamedByCookie(deps, caller);
  if (sid !== null) return { session: await findSession(deps.db, sid), byBearer: false };
  const waitingHash = hashOf(caller.cookies.waiting);
  return { session: waitingHash === null ? null : await findWaitingSession(deps.db, waitingHash, deps.now()), byBearer: false };
}
