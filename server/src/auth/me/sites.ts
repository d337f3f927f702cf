import { Refusal } from '@portico/protocol/errors';
import { inReadingOrder } from '@portico/protocol/tokens';
import { lockUser } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import { CLIENT_ID_FORM } from '../../clients/authenticate-client.ts';
import { type ClientKind, findClient, listClientsOfUser } from '../../clients/client.ts';
import { listRolesOfUser } from '../../clients/client-role.ts';
import { deleteConsent, listConsents } from '../../clients/consent.ts';
import type { Deps } from '../../deps.ts';
import { deleteUnusedCodes } from '../../oauth/authorization-code.ts';
import { denyApprovedDevices } from '../../oauth/device-code.ts';
import type { Revocation } from '../../platform/revoked-set.ts';
import type { Answer } from '../../sessions/answer.ts';
import { leaveSite } from '../../sessions/leave-site.ts';
import { listOpenSites } from '../../sessions/open-site.ts';
import { isFirstParty, listSessionsOfUser, lockActiveSession } from '../../sessions/session.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';

/** A site that somebody is signed in to, or has said yes to, as they see it. */
export interface SiteItem {
  readonly clientId: string;
  readonly name: string;
  readonly kind: ClientKind;
  /** What the site may know and do. */
  readonly scopes: readonly string[];
  /** What the user may do there, in the site's words. */
  readonly roles: readonly string[];
  readonly since: number;
  /** Null: it is open nowhere. */
  readonly lastUsedAt: number | null;
  /** In how many of the user's sessions it is open. */
  readonly open: number;
  /** It is open in the session that asks. */
  readonly current: boolean;
}

/** GET me/sites. */
export async function readSites(deps: Deps, session: CurrentSession): Promise<Answer> {
  return { body: { items: await siteItems(deps, session) } };
}

/** The open ones first, each of both kinds the newest first. */
export async function siteItems({ db, now }: Pick<Deps, 'db' | 'now'>, session: CurrentSession): Promise<SiteItem[]> {
  const { userId } = session;
  const [clients, consents, open, roles] = await Promise.all([
    listClientsOfUser(db, userId),
    listConsents(db, userId),
    listOpenSites(db, userId, now()),
    listRolesOfUser(db, userId),
  ]);
  const items = clients.flatMap(({ id, name, kind, disabledAt }): SiteItem[] => {
    const consent = consents.find(({ clientId }) => clientId === id);
    // A site that was taken out of service refuses its own tokens.
    const grants = disabledAt === null ? open.filter(({ clientId }) => clientId === id) : [];
    if (consent === undefined && grants.length === 0) return [];
    const sessions = new Set(grants.map(({ sessionId }) => sessionId));
    const scope = [consent?.scope ?? '', ...grants.map((grant) => grant.scope)].join(' ');
    return [
      {
        clientId: id,
        name,
        kind,
        scopes: inReadingOrder(scope.split(' ').filter((word) => word !== '')),
        roles: roles.get(id) ?? [],
        since: Math.min(consent?.givenAt ?? Number.POSITIVE_INFINITY, ...grants.map(({ openedAt }) => openedAt)),
        lastUsedAt: grants.length === 0 ? null : Math.max(...grants.map(({ lastUsedAt }) => lastUsedAt)),
        open: sessions.size,
        current: sessions.has(session.id),
      },
    ];
  });
  return items.sort((a, b) => Number(b.open > 0) - Number(a.open > 0) || b.since - a.since);
}

/**
 * DELETE me/sites/:clientId: out of one site in every session, and what it was allowed is taken back; everything else stays as it is.
 * Idempotent. Whoever redeems or opens something at this moment came first, and is ended here, or comes later, and is refused: the user
 * and the sessions are locked before anything is looked at. What is held has no living family, and never gets one again.
 */
export async function signOutOfSite(deps: Deps, caller: Caller, session: CurrentSession, clientId: string): Promise<Answer> {
  const known = CLIENT_ID_FORM.test(clientId) && !isFirstParty(clientId) && (await findClient(deps.db, clientId)) !== null;
  if (!known) throw new Refusal('not_found');
  const { userId } = session;
  const facts = { actorId: userId, userId, clientId };
  const entries = await deps.db.transaction(async (tx) => {
    if ((await lockUser(tx, userId)) === null) throw new Refusal('signed_out');
    const now = deps.now();
    const open = (await listOpenSites(tx, userId, now)).filter((site) => site.clientId === clientId).map(({ sessionId }) => sessionId);
    const living = (await listSessionsOfUser(tx, userId, now)).map(({ id }) => id);
    const sessions = [...new Set([...living, ...open])].sort();
    for (const id of sessions) await lockActiveSession(tx, id, now);
    await deleteUnusedCodes(tx, userId, clientId);
    await denyApprovedDevices(tx, userId, clientId);
    const ended: Revocation[] = [];
    for (const sessionId of sessions) {
      const left = await leaveSite(tx, deps, { sessionId, clientId });
      if (left.length > 0) await recordEvent(tx, deps, caller, 'site.left', { ...facts, sessionId });
      ended.push(...left);
    }
    if (await deleteConsent(tx, userId, clientId))
      await recordEvent(tx, deps, caller, 'consent.revoked', { ...facts, sessionId: session.id });
    return ended;
  });
  for (const entry of entries) deps.revoked.add(entry);
  return { status: 204 };
}
