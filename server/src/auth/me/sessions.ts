import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../../accounts/device-label.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import { listClientsOfUser } from '../../clients/client.ts';
import type { Deps } from '../../deps.ts';
import { maskAddress } from '../../guessing/network-address.ts';
import type { Answer } from '../../sessions/answer.ts';
import { lastUseOfSessions, listOpenSites } from '../../sessions/open-site.ts';
import { findSession, listSessionsOfUser, revokeSession, revokeSessionsOfUser, type Session } from '../../sessions/session.ts';
import type { VerifiedSession } from '../../sessions/verified-session.ts';

/** A device that is signed in, as its owner sees it. */
export interface SessionItem {
  readonly id: string;
  readonly current: boolean;
  readonly device: string;
  readonly address: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly methods: readonly string[];
  /** Names of the sites that are open in it. */
  readonly sites: readonly string[];
}

/** The living sessions of the user, the current one first, then the newest. */
export async function sessionItems(deps: Deps, session: VerifiedSession): Promise<SessionItem[]> {
  const [sessions, lastUse, open, clients] = await Promise.all([
    listSessionsOfUser(deps.db, session.userId, deps.now()),
    lastUseOfSessions(deps.db, session.userId),
    listOpenSites(deps.db, session.userId, deps.now()),
    listClientsOfUser(deps.db, session.userId),
  ]);
  const sitesOf = (id: string) =>
    clients
      .filter((client) => client.disabledAt === null && open.some((site) => site.sessionId === id && site.clientId === client.id))
      .map(({ name }) => name);
  const item = (row: Session): SessionItem => ({
    id: row.id,
    current: row.id === session.id,
    // A device that was approved is known by its app or game.
    device: (row.kind === 'device' ? sitesOf(row.id)[0] : undefined) ?? deviceLabel(row.userAgent),
    address: maskAddress(row.address),
    createdAt: row.createdAt,
    lastSeenAt: lastUse.get(row.id) ?? row.createdAt,
    expiresAt: row.expiresAt,
    methods: row.amr,
    sites: sitesOf(row.id),
  });
  const items = sessions.map(item);
  return [...items.filter((one) => one.current), ...items.filter((one) => !one.current)];
}

/** GET me/sessions, in pages: `cursor` is the `next` of the page before. */
export async function readSessions(
  deps: Deps,
  session: VerifiedSession,
  { cursor, limit }: { cursor?: string; limit: number },
): Promise<Answer> {
  const items = await sessionItems(deps, session);
  const from = cursor === undefined ? 0 : items.findIndex((item) => item.id === cursor) + 1;
  // A cursor whose session ended meanwhile starts over rather than skip what was never shown.
  const page = items.slice(from, from + limit);
  const next = from + limit < items.length ? (page.at(-1)?.id ?? null) : null;
  return { body: { items: page, next } };
}

/** DELETE me/sessions/:id. Somebody else's session does not exist, as far as this user can tell. */
export async function endSession(deps: Deps, caller: Caller, session: VerifiedSession, id: string): Promise<Answer> {
  const target = await findSession(deps.db, id);
  if (target === null || target.userId !== session.userId) throw new Refusal('not_found');
  const entry = await deps.db.transaction(async (tx) => {
    const revoked = await revokeSession(tx, deps, id, 'ended_by_user');
    if (revoked !== null) {
      await recordEvent(tx, deps, caller, 'session.ended', {
        actorId: session.userId,
        userId: session.userId,
        sessionId: id,
        reason: 'ended_by_user',
      });
    }
    return revoked;
  });
  if (entry !== null) deps.revoked.add(entry);
  return { status: 204 };
}

/** DELETE me/sessions: all but this one. */
export async function endOtherSessions(deps: Deps, caller: Caller, session: VerifiedSession): Promise<Answer> {
  const entries = await deps.db.transaction(async (tx) => {
    const revoked = await revokeSessionsOfUser(tx, deps, session.userId, 'ended_by_user', session.id);
    for (const entry of revoked) {
      const facts = { actorId: session.userId, userId: session.userId, sessionId: entry.subject, reason: 'ended_by_user' };
      await recordEvent(tx, deps, caller, 'session.ended', facts);
    }
    return revoked;
  });
  for (const entry of entries) deps.revoked.add(entry);
  return { status: 204 };
}
