import { Refusal } from '@portico/protocol/errors';
import type { UserContent, UserSessionItem, UserSiteItem } from '@portico/ui/admin-views';
import { deviceLabel } from '../accounts/device-label.ts';
import { listIdentities } from '../accounts/identity.ts';
import { findPasswordAge } from '../accounts/password.ts';
import { findUser } from '../accounts/user.ts';
import { listEventsOfUser } from '../audit/event.ts';
import { serviceName } from '../auth/auth-providers/oauth.ts';
import { type Client, listClients, listClientsOfUser } from '../clients/client.ts';
import { listRolesOfUser } from '../clients/client-role.ts';
import type { Deps } from '../deps.ts';
import { lastUseOfSessions, listOpenSites } from '../sessions/open-site.ts';
import { listKeptSessions, type Session } from '../sessions/session.ts';
import { ranksOver, type StaffSession } from '../sessions/staff-session.ts';

/** What of a long history stands on the screen; the rest is on the screens of sessions and of the audit log. */
export const USER_SESSIONS = 25;
const EVENTS = 10;

export interface UserQuery {
  /** A site at which there are no roles yet. */
  readonly site?: string;
}

/** One account as an operator sees it. Throws `not_found`. */
export async function readUser(deps: Deps, staff: StaffSession, userId: string, { site }: UserQuery): Promise<UserContent> {
  const { db } = deps;
  const user = await findUser(db, userId);
  if (user === null) throw new Refusal('not_found');
  const [passwordChangedAt, sessions, identities, sites, events] = await Promise.all([
    findPasswordAge(db, userId),
    sessionsOf(deps, staff, userId),
    listIdentities(db, userId),
    sitesOf(deps, userId, site ?? null),
    listEventsOfUser(db, userId, { limit: EVENTS }),
  ]);
  const { uv: _version, ...shown } = user;
  const acts = staff.grant.user.role !== 'support' && ranksOver(staff, user);
  return {
    user: { ...shown, passwordChangedAt },
    own: userId === staff.userId,
    may: { act: acts, decide: staff.grant.user.role === 'owner' },
    sessions,
    identities: identities.map(({ provider, label, linkedAt, lastUsedAt }) => {
      return { authProvider: provider, service: serviceName(deps, provider), label, linkedAt, lastUsedAt };
    }),
    ...sites,
    events: events.map(({ id, at, action, reason, address, actorId }) => ({ id, at, action, reason, address, own: actorId === userId })),
  };
}

/** What has not ended: a held session too may be in a thief's hands. */
async function sessionsOf(deps: Deps, staff: StaffSession, userId: string): Promise<UserSessionItem[]> {
  const now = deps.now();
  const [sessions, lastUse, open, clients] = await Promise.all([
    listKeptSessions(deps.db, userId),
    lastUseOfSessions(deps.db, userId),
    listOpenSites(deps.db, userId, now),
    listClientsOfUser(deps.db, userId),
  ]);
  const sitesIn = (id: string) =>
    clients.filter((client) => open.some((site) => site.sessionId === id && site.clientId === client.id)).map(({ name }) => name);
  return sessions
    .flatMap((session) => {
      const { state } = session;
      if (state === 'revoked' || !isLiving(session, now)) return [];
      const { id, userAgent, address, createdAt, expiresAt } = session;
      const lastSeenAt = lastUse.get(id) ?? createdAt;
      const device = deviceLabel(userAgent);
      return { id, state, device, address, createdAt, lastSeenAt, expiresAt, sites: sitesIn(id), current: id === staff.id };
    })
    .slice(0, USER_SESSIONS);
}

function isLiving({ state, expiresAt, heldUntil }: Session, now: number): boolean {
  return expiresAt > now && (state !== 'held' || (heldUntil ?? 0) > now);
}

async function sitesOf({ db }: Deps, userId: string, asked: string | null): Promise<Pick<UserContent, 'sites' | 'otherSites'>> {
  const [clients, used, roles] = await Promise.all([listClients(db), listClientsOfUser(db, userId), listRolesOfUser(db, userId)]);
  const item = ({ id, name, roles: defined }: Client): UserSiteItem => ({ clientId: id, name, defined, roles: roles.get(id) ?? [] });
  const shown = ({ id }: Client) => id === asked || (roles.get(id) ?? []).length > 0 || used.some((client) => client.id === id);
  return {
    sites: clients.filter(shown).map(item),
    otherSites: clients.filter((client) => client.roles.length > 0 && !shown(client)).map(({ id, name }) => ({ clientId: id, name })),
  };
}
