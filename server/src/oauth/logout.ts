import { Refusal } from '@portico/protocol/errors';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { recordEvent } from '../audit/event.ts';
import { sessionNamedByCookie } from '../auth/create-user-session.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Answer, CLEARED_SESSION } from '../sessions/answer.ts';
import { findSession, revokeSession } from '../sessions/session.ts';
import { type AskedLogout, readLogout } from './asked-logout.ts';
import type { Parameters } from './parameters.ts';

/**
 * GET /oauth/logout (OpenID Connect RP-Initiated Logout 1.0). A site that shows the ID token of the very session that this browser has ends
 * it at once. Everybody else's page can lead a browser here as well, so without that the person is asked (ASVS 10.6.2).
 */
export async function logout(deps: Deps, caller: Caller, sent: Parameters): Promise<Answer> {
  const asked = await readLogout(deps, sent);
  const sid = await sessionNamedByCookie(deps, caller);
  const session = sid === null ? null : await findSession(deps.db, sid);
  const isMeant = session !== null && asked.hint?.sid === session.id;
  // A sign-in that is held is none: there is nothing to ask about.
  if (session !== null && !isMeant && session.state === 'active' && session.expiresAt > deps.now())
    return { redirectTo: `${deps.config.appOrigin}${PAGES.signOut}${pageQuery(sent)}` };
  if (!isMeant) return { redirectTo: asked.back ?? signedOut(deps) };
  const revocation = await deps.db.transaction(async (tx) => {
    const entry = await revokeSession(tx, deps, session.id, 'signed_out');
    if (entry === null) return null;
    const facts = { actorId: session.userId, userId: session.userId, sessionId: session.id };
    await recordEvent(tx, deps, caller, 'session.ended', { ...facts, clientId: asked.client?.id ?? null, reason: 'signed_out' });
    return entry;
  });
  if (revocation !== null) deps.revoked.add(revocation);
  return { redirectTo: asked.back ?? signedOut(deps), cookies: CLEARED_SESSION, clearSiteData: true };
}

/** POST /oauth/logout: a form on a site's page brings no Lax cookie along, so the browser comes again with a GET. */
export async function logoutByForm(deps: Deps, _: Caller, sent: Parameters): Promise<Answer> {
  await readLogout(deps, sent);
  return { redirectTo: `${deps.config.apiOrigin}${OAUTH.logout}?${new URLSearchParams(sent).toString()}` };
}

/** What the page that asks may say of the site, and where it goes on. Null: the person came by themselves. */
export async function askedLogoutAt(deps: Deps, returnTo: string): Promise<AskedLogout | null> {
  if (!returnTo.startsWith(`${OAUTH.logout}?`)) return null;
  const sent = Object.fromEntries(new URLSearchParams(returnTo.slice(returnTo.indexOf('?'))));
  return readLogout(deps, sent).catch((error: unknown) => {
    if (error instanceof Refusal) return null;
    throw error;
  });
}

/** The page leads back here by what it needs and no more: a hint that did not help is not carried on. */
function pageQuery(sent: Parameters): string {
  const { client_id: clientId, post_logout_redirect_uri: uri, state } = sent;
  const kept = Object.entries({ client_id: clientId, post_logout_redirect_uri: uri, state }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  if (kept.length === 0) return '';
  return `?returnTo=${encodeURIComponent(`${OAUTH.logout}?${new URLSearchParams(kept).toString()}`)}`;
}

function signedOut({ config }: Pick<Deps, 'config'>): string {
  return `${config.appOrigin}${PAGES.signIn}?notice=signed_out`;
}
