import { Refusal } from '@portico/protocol/errors';
import { listDevices } from '../../accounts/device.ts';
import { listIdentities } from '../../accounts/identity.ts';
import { findPasswordAge } from '../../accounts/password.ts';
import { listSightings } from '../../accounts/sighting.ts';
import { findUser } from '../../accounts/user.ts';
import { type AuditEvent, type EventMark, listEventsOfUser, recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import { listRolesOfUser } from '../../clients/client-role.ts';
import { listConsents } from '../../clients/consent.ts';
import type { Deps } from '../../deps.ts';
import { countTry } from '../../guessing/counter.ts';
import { EXPORTS_USER } from '../../guessing/limits.ts';
import { maskAddress } from '../../guessing/network-address.ts';
import { listMailLinksOfUser } from '../../mail/mail-link.ts';
import type { Answer } from '../../sessions/answer.ts';
import { type FreshSession, requireFreshProof } from '../../sessions/fresh-proof.ts';
import { lastUseOfSessions } from '../../sessions/open-site.ts';
import { listKeptSessions } from '../../sessions/session.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';

/** Events that are read at a time: a long history is written as it is read, and never stands in memory. */
export const EVENTS_AT_A_TIME = 500;

/**
 * GET me/export, on a fresh proof: everything that is kept about the user, as a JSON file. Never a hash, a token or a secret: whoever
 * finds the file must not be able to sign in with it.
 */
export async function exportMe(deps: Deps, caller: Caller, session: CurrentSession): Promise<Answer> {
  const fresh = requireFreshProof(deps, session);
  const count = await countTry(deps.db, EXPORTS_USER, session.userId, deps.now());
  if (!count.allowed) throw new Refusal('too_many_requests', { retryAfter: count.retryAfter });
  // The one trace of a safe call: a copied sign-in must not be able to take everything along unseen.
  await recordEvent(deps.db, deps, caller, 'account.exported', { actorId: session.userId, userId: session.userId, sessionId: session.id });
  const day = new Date(deps.now()).toISOString().slice(0, 10);
  return { download: { name: `account-${day}.json`, pieces: pieces(deps, fresh) } };
}

async function* pieces(deps: Deps, session: FreshSession): AsyncGenerator<string> {
  yield `{\n"service": ${JSON.stringify(deps.config.origin)},\n"exportedAt": ${JSON.stringify(moment(deps.now()))}`;
  for (const [name, read] of Object.entries(SECTIONS)) yield `,\n"${name}": ${JSON.stringify(await read(deps, session), null, 1)}`;
  yield ',\n"events": [';
  let before: EventMark | null = null;
  for (let first = true; ; first = false) {
    const events: AuditEvent[] = await listEventsOfUser(deps.db, session.userId, { before, limit: EVENTS_AT_A_TIME });
    if (events.length > 0) yield (first ? '\n' : ',\n') + events.map((event) => JSON.stringify(eventOf(event))).join(',\n');
    before = events.at(-1) ?? null;
    if (events.length < EVENTS_AT_A_TIME) break;
  }
  yield '\n]\n}\n';
}

const SECTIONS: Readonly<Record<string, (deps: Deps, session: FreshSession) => Promise<unknown>>> = {
  profile: async ({ db }, { userId }) => {
    const [user, passwordAge] = await Promise.all([findUser(db, userId), findPasswordAge(db, userId)]);
    return {
      id: userId,
      email: user?.email ?? null,
      emailVerifiedAt: moment(user?.verifiedAt),
      previousEmail: user?.previousEmail ?? null,
      previousEmailUntil: moment(user?.previousEmailUntil),
      displayName: user?.displayName ?? null,
      role: user?.role ?? null,
      createdAt: moment(user?.createdAt),
      lastSignInAt: moment(user?.lastSignInAt),
      recoveredAt: moment(user?.recoveredAt),
      passwordChangedAt: moment(passwordAge),
    };
  },
  identities: async ({ db }, { userId }) =>
    (await listIdentities(db, userId)).map(({ provider, subject, label, hasTokens, linkedAt, lastUsedAt }) => ({
      provider,
      subject,
      label,
      hasTokens,
      linkedAt: moment(linkedAt),
      lastUsedAt: moment(lastUsedAt),
    })),
  sessions: async ({ db }, { userId }) => {
    const [sessions, lastUse] = await Promise.all([listKeptSessions(db, userId), lastUseOfSessions(db, userId)]);
    return sessions.map((session) => ({
      id: session.id,
      state: session.state,
      kept: session.persistence === 'kept',
      methods: session.amr,
      unusual: session.unusual,
      userAgent: session.userAgent,
      address: session.address,
      createdAt: moment(session.createdAt),
      signedInAt: moment(session.authTime),
      provedAt: moment(session.provedAt),
      lastUsedAt: moment(lastUse.get(session.id)),
      expiresAt: moment(session.expiresAt),
      heldUntil: moment(session.heldUntil),
    }));
  },
  sites: async ({ db }, { userId }) => {
    const [consents, roles] = await Promise.all([listConsents(db, userId), listRolesOfUser(db, userId)]);
    return [...new Set([...consents.map(({ clientId }) => clientId), ...roles.keys()])].sort().map((clientId) => {
      const consent = consents.find((one) => one.clientId === clientId);
      return { clientId, allowed: consent?.scope.split(' ') ?? [], allowedAt: moment(consent?.givenAt), roles: roles.get(clientId) ?? [] };
    });
  },
  devices: async ({ db }, { userId }) =>
    (await listDevices(db, userId)).map(({ userAgent, address, firstSeenAt, lastSeenAt }) => ({
      userAgent,
      address,
      firstSeenAt: moment(firstSeenAt),
      lastSeenAt: moment(lastSeenAt),
    })),
  seenWith: async ({ db }, { userId }) =>
    (await listSightings(db, userId)).map(({ kind, value, lastSeenAt }) => ({ kind, value, lastSeenAt: moment(lastSeenAt) })),
  mailedLinks: async ({ db }, { userId }) =>
    (await listMailLinksOfUser(db, userId)).map(({ purpose, email, createdAt, expiresAt, usedAt }) => ({
      purpose,
      email,
      createdAt: moment(createdAt),
      expiresAt: moment(expiresAt),
      usedAt: moment(usedAt),
    })),
};

/** Where a stranger was who tried a password belongs to the stranger: only as much of it as the account's page shows. */
function eventOf({ id, at, action, actorId, userId, sessionId, clientId, target, reason, before, after, ...from }: AuditEvent): object {
  const address = actorId === userId ? from.address : maskAddress(from.address);
  const { userAgent, requestId } = from;
  return { id, at: moment(at), action, actorId, sessionId, clientId, target, reason, before, after, address, userAgent, requestId };
}

/** A moment as people and other programs read it. */
function moment(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}
