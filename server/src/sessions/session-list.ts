import type { Role } from '@portico/protocol/tokens';
import type { Db, Row } from '../platform/db.ts';
import { type Condition, condition, type Mark, selectPage } from '../platform/listing.ts';
import type { EndReason } from './end-reason.ts';
import type { SessionState } from './session-row.ts';

/** Everybody's sessions, as an operator sees them: looks at the table of sessions, and writes nothing. */

export interface ListedSession {
  readonly id: string;
  readonly state: SessionState;
  /** Null while a sign-up waits for its code. */
  readonly user: { readonly id: string; readonly email: string; readonly displayName: string; readonly role: Role } | null;
  readonly kind: 'browser' | 'device';
  readonly amr: readonly string[];
  readonly userAgent: string;
  readonly address: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly heldUntil: number | null;
  readonly endedAt: number | null;
  readonly endedReason: EndReason | null;
  /** When a token of it was last used; null: it never had one. */
  readonly lastUsedAt: number | null;
}

export interface SessionFilter {
  readonly id: string | null;
  readonly userId: string | null;
  readonly address: string | null;
  /** What is over by its time alone is none of these. */
  readonly state: 'active' | 'held' | 'unverified' | 'ended' | null;
}

const SELECT = `select s.id, s.user_id, s.state, s.kind, s.amr, s.user_agent, s.address, s.created_at, s.expires_at, s.held_until, s.ended_at,
  s.ended_reason, u.email, u.display_name, u.role, (select max(f.rotated_at) from refresh_tokens f where f.session_id = s.id) as last_used_at
  from sessions s left join users u on u.id = s.user_id`;

/** Newest first. */
export async function listSessionsPage(
  db: Db,
  { id, userId, address, state }: SessionFilter,
  now: number,
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<ListedSession[]> {
  const rows = await selectPage(db, {
    select: SELECT,
    where: [
      ...(id === null ? [] : [condition('s.id = ?', id)]),
      ...(userId === null ? [] : [condition('s.user_id = ?', userId)]),
      ...(address === null ? [] : [condition('s.address = ?', address)]),
      ...(state === null ? [] : [inState(state, now)]),
    ],
    order: { key: 's.created_at', id: 's.id', descending: true },
    after,
    limit,
  });
  return rows.map(fromRow);
}

/** The plus keeps the database from finding these rows by their end: it would have to sort all of them. */
function inState(state: NonNullable<SessionFilter['state']>, now: number): Condition {
  switch (state) {
    case 'active':
      return condition("s.state = 'active' and +s.expires_at > ?", now);
    case 'held':
      return condition("s.state = 'held' and +s.expires_at > ? and +s.held_until > ?", now, now);
    case 'unverified':
      return condition("s.state = 'unverified' and +s.expires_at > ?", now);
    case 'ended':
      return condition("s.state = 'revoked'");
  }
}

function fromRow(row: Row): ListedSession {
  const userId = row['user_id'] as string | null;
  return {
    id: row['id'] as string,
    state: row['state'] as SessionState,
    user:
      userId === null
        ? null
        : { id: userId, email: row['email'] as string, displayName: row['display_name'] as string, role: row['role'] as Role },
    kind: row['kind'] as ListedSession['kind'],
    amr: JSON.parse(row['amr'] as string) as string[],
    userAgent: row['user_agent'] as string,
    address: row['address'] as string,
    createdAt: row['created_at'] as number,
    expiresAt: row['expires_at'] as number,
    heldUntil: row['held_until'] as number | null,
    endedAt: row['ended_at'] as number | null,
    endedReason: row['ended_reason'] as EndReason | null,
    lastUsedAt: row['last_used_at'] as number | null,
  };
}
