import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { type Answer, CLEARED_SESSION, type SetCookie } from '../sessions/answer.ts';
import { clearedAppCookie } from '../sessions/app-answer.ts';
import { OUR_PAGES } from '../sessions/browser-client.ts';
import { requireCsrf } from '../sessions/csrf.ts';
import { endSignIn } from '../sessions/end-session.ts';
import { signOutOfSite } from '../sessions/leave-site.ts';
import { findNamedFamily } from '../sessions/proof-by-cookie.ts';
import { findSession, type Session } from '../sessions/session.ts';

/**
 * POST signout from the page of an app: this browser on all sites, every device, or (`local`) this app alone. Its own cookie names the
 * session, and only as long as its sign-in there goes on: an app that somebody has left has no say in the rest.
 */
export async function signOutOfApp(
  deps: Deps,
  caller: Caller,
  app: Client,
  { everywhere = false, local = false }: { readonly everywhere?: boolean; readonly local?: boolean },
): Promise<Answer> {
  if (everywhere && local) throw new Refusal('invalid_fields', { fields: { local: 'malformed' } });
  const family = await findNamedFamily(deps, caller, { id: app.id, app });
  const session = family === null || family.state === 'revoked' ? null : await findSession(deps.db, family.sessionId);
  const cookies = [clearedAppCookie(app)];
  if (family === null || session === null || session.state === 'revoked') return { status: 204, cookies };
  if (session.state === 'active') requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom, client: { id: app.id, app } });
  if (local) {
    await signOutOfSite(deps, caller, family);
    return { status: 204, cookies };
  }
  await endSignIn(deps, caller, session, { everywhere, clientId: app.id });
  return { status: 204, cookies: [...cookies, ...(await ownCookies(deps, caller, session))], clearSiteData: true };
}

/** Those of our own pages go too, unless they are of another sign-in. */
async function ownCookies(deps: Deps, caller: Caller, session: Session): Promise<readonly SetCookie[]> {
  const own = await findNamedFamily(deps, caller, OUR_PAGES);
  return own === null || own.sessionId === session.id ? CLEARED_SESSION : [];
}
