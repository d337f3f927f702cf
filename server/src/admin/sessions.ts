import { Refusal } from '@portico/protocol/errors';
import type { AdminSessionItem, SessionStatus, SessionsContent } from '@portico/ui/admin-views';
import { deviceLabel } from '../accounts/device-label.ts';
import { lockUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { parseAddress } from '../guessing/network-address.ts';
import type { Answer } from '../sessions/answer.ts';
import { findSession, revokeSession } from '../sessions/session.ts';
import { type ListedSession, listSessionsPage, type SessionFilter } from '../sessions/session-list.ts';
import { ranksOver, requireRankOver, type StaffSession } from '../sessions/staff-session.ts';
import { csvOf } from './csv.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

export interface SessionsQuery extends ListQuery {
  readonly session?: string;
  readonly user?: string;
  readonly address?: string;
  readonly state?: NonNullable<SessionFilter['state']>;
}

const mark = ({ createdAt, id }: ListedSession) => ({ key: createdAt, id });

export async function readAllSessions(deps: Deps, staff: StaffSession, query: SessionsQuery): Promise<SessionsContent> {
  const now = deps.now();
  const rows = await listSessionsPage(deps.db, filterOf(query), now, askPage(deps, 'sessions', query));
  return pageOf(deps, { list: 'sessions', query, rows, mark, item: (row) => itemOf(row, staff, now) });
}

/** The same list as a file. */
export async function exportSessions(deps: Deps, query: SessionsQuery): Promise<Answer> {
  const now = deps.now();
  const filter = filterOf(query);
  const pieces = csvOf<ListedSession>({
    head: HEAD,
    read: (ask) => listSessionsPage(deps.db, filter, now, ask),
    mark,
    cells: (row) => [
      row.id,
      statusOf(row, now),
      row.user?.id ?? null,
      row.user?.email ?? null,
      row.kind,
      row.userAgent,
      row.address,
      row.amr.join(' '),
      momentOf(row.createdAt),
      momentOf(row.lastUsedAt ?? row.createdAt),
      momentOf(row.expiresAt),
      momentOf(row.endedAt),
      row.endedReason,
    ],
  });
  return { download: { name: 'portico-sessions.csv', pieces, type: 'text/csv; charset=utf-8' } };
}

const HEAD = [
  'session',
  'status',
  'user_id',
  'email',
  'kind',
  'user_agent',
  'address',
  'methods',
  'created_at',
  'last_seen_at',
  'expires_at',
  'ended_at',
  'ended_reason',
];

/** Ends one session at every site. Of several operators at once one writes the event; what has ended before stays as it ended. */
export async function endOneSession(deps: Deps, caller: Caller, staff: StaffSession, id: string): Promise<Answer> {
  const entry = await deps.db.transaction(async (tx) => {
    const found = await findSession(tx, id);
    if (found === null) throw new Refusal('not_found');
    // Locked, so that nobody becomes an owner between this look and the end.
    const user = found.userId === null ? null : await lockUser(tx, found.userId);
    requireRankOver(staff, user ?? NOBODY_YET);
    const revoked = await revokeSession(tx, deps, id, 'ended_by_operator');
    if (revoked !== null) {
      await recordEvent(tx, deps, caller, 'session.ended', {
        userId: found.userId,
        sessionId: id,
        reason: 'ended_by_operator',
        target: { kind: 'session', id },
        before: { state: found.state },
        after: { state: 'revoked' },
      });
    }
    return revoked;
  });
  if (entry !== null) deps.revoked.add(entry);
  return { status: 204 };
}

/** A sign-up that waits for its code. */
const NOBODY_YET = { role: 'user' } as const;

function filterOf({ session, user, address, state }: SessionsQuery): SessionFilter {
  return { id: session?.trim() ?? null, userId: user?.trim() ?? null, address: requireAddress(address), state: state ?? null };
}

function requireAddress(text: string | undefined): string | null {
  if (text === undefined) return null;
  const address = parseAddress(text.trim());
  if (address === null) throw new Refusal('invalid_fields', { fields: { address: 'malformed' } });
  return address;
}

function itemOf(row: ListedSession, staff: StaffSession, now: number): AdminSessionItem {
  const status = statusOf(row, now);
  return {
    id: row.id,
    status,
    user: row.user === null ? null : { id: row.user.id, email: row.user.email, displayName: row.user.displayName },
    kind: row.kind,
    device: deviceLabel(row.userAgent),
    address: row.address,
    methods: row.amr,
    createdAt: row.createdAt,
    lastSeenAt: row.lastUsedAt ?? row.createdAt,
    expiresAt: row.expiresAt,
    endedAt: row.endedAt,
    endedReason: row.endedReason,
    current: row.id === staff.id,
    mayEnd: status !== 'ended' && status !== 'expired' && staff.role !== 'support' && ranksOver(staff, row.user ?? NOBODY_YET),
  };
}

function statusOf({ state, expiresAt, heldUntil }: ListedSession, now: number): SessionStatus {
  if (state === 'revoked') return 'ended';
  if (expiresAt <= now || (state === 'held' && (heldUntil ?? 0) <= now)) return 'expired';
  return state;
}

function momentOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
