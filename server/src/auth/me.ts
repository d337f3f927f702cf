import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../accounts/device-label.ts';
import { findPasswordHash, savePasswordHash } from '../accounts/password.ts';
import { contextOf, requireGoodPassword } from '../accounts/password-rules.ts';
import { findUser, publicUser, raiseUserVersion } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry, forgiveTry } from '../guessing/counter.ts';
import { PASSWORD_USER } from '../guessing/limits.ts';
import { maskAddress } from '../guessing/network-address.ts';
import { passwordChangedLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import { type Answer, signedIn } from '../sessions/answer.ts';
import { lastUseOfSessions } from '../sessions/refresh-token.ts';
import { findSession, insertSession, listSessionsOfUser, revokeSession, revokeSessionsOfUser, type Session } from '../sessions/session.ts';
import type { CurrentSession, VerifiedSession } from '../sessions/verified-session.ts';
import { grantBrowser, sessionLife } from './create-user-session.ts';

/** GET me: the user's own profile. */
export async function readMe(deps: Deps, session: CurrentSession): Promise<Answer> {
  const user = await findUser(deps.db, session.userId);
  if (user === null) throw new Refusal('signed_out');
  return { body: { ...publicUser(user), createdAt: user.createdAt, emailVerified: user.verifiedAt !== null } };
}

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
}

/** The living sessions of the user, the current one first, then the newest. */
export async function sessionItems(deps: Deps, session: VerifiedSession): Promise<SessionItem[]> {
  const [sessions, lastUse] = await Promise.all([
    listSessionsOfUser(deps.db, session.userId, deps.now()),
    lastUseOfSessions(deps.db, session.userId),
  ]);
  const item = (row: Session): SessionItem => ({
    id: row.id,
    current: row.id === session.id,
    device: deviceLabel(row.userAgent),
    address: maskAddress(row.address),
    createdAt: row.createdAt,
    lastSeenAt: lastUse.get(row.id) ?? row.createdAt,
    expiresAt: row.expiresAt,
    methods: row.amr,
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

export interface ChangePasswordInput {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * POST me/password. Every session ends, this one too, and this browser gets a new one in the same transaction: whoever may have known
 * the old password, or holds a copy of any token, is out.
 */
export async function changePassword(deps: Deps, caller: Caller, session: CurrentSession, input: ChangePasswordInput): Promise<Answer> {
  const user = await findUser(deps.db, session.userId);
  const oldHash = await findPasswordHash(deps.db, session.userId);
  if (user === null) throw new Refusal('signed_out');
  requireGoodPassword(deps, 'newPassword', input.newPassword, contextOf(user.email, user.displayName));
  await requireOwnPassword(deps, caller, user.id, oldHash, input.currentPassword);
  const newHash = await deps.hasher.hash(input.newPassword);

  const { issued, revocations } = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const raised = await raiseUserVersion(tx, user.id, user.uv);
    // Another tab changed it first: that change ended this session.
    if (raised === null) throw new Refusal('session_ended');
    await savePasswordHash(tx, user.id, newHash, now);
    const revocations = await revokeSessionsOfUser(tx, deps, user.id, 'password_changed', null);
    const persistence = session.grant.session.persistence;
    const renewed = await insertSession(tx, deps, caller, {
      userId: user.id,
      state: 'active',
      persistence,
      amr: ['pwd'],
      authTime: now,
      expiresAt: now + sessionLife(deps, persistence),
      waitingHash: null,
    });
    const issued = await grantBrowser(tx, deps, caller, { user: raised, session: renewed, freshDevice: false });
    await recordEvent(tx, deps, caller, 'password.changed', { actorId: user.id, userId: user.id, sessionId: renewed.id });
    const facts = { to: user.email, device: deviceLabel(caller.userAgent), place: maskAddress(caller.address), at: now };
    await queueLetter(tx, deps, passwordChangedLetter(deps.config, caller.texts, facts));
    return { issued, revocations };
  });
  for (const entry of revocations) deps.revoked.add(entry);
  deps.mailWaits();
  const { body, cookies } = signedIn(deps, issued);
  return { body: { status: 'VERIFIED', ...body }, cookies };
}

/** A stolen session must not become a stolen account: the current password is asked for, and guesses at it are counted. */
async function requireOwnPassword(deps: Deps, caller: Caller, userId: string, stored: string | null, typed: string): Promise<void> {
  const count = await countTry(deps.db, PASSWORD_USER, userId, deps.now());
  if (!count.allowed) throw new Refusal('account_throttled', { retryAfter: count.retryAfter });
  if (await deps.hasher.verify(stored, typed)) {
    await forgiveTry(deps.db, PASSWORD_USER, userId);
    return;
  }
  await recordEvent(deps.db, deps, caller, 'password.refused', { actorId: userId, userId });
  throw new Refusal('wrong_password', { fields: { currentPassword: 'malformed' } });
}
