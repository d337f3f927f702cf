import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';

/** The audit log: who did what to whom, why, from where, in which request. Never a secret, never what was typed. */

export const ACTIONS = [
  'signup.started',
  'signup.completed',
  'signup.known_address',
  'signin.succeeded',
  'signin.failed',
  'signin.throttled',
  'signin.not_me',
  'code.sent',
  'code.wrong',
  'session.held',
  'session.recovered',
  'session.ended',
  'refresh.reuse',
  'refresh.wrong_client',
  'refresh.ahead',
  'password.changed',
  'password.refused',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface EventFacts {
  readonly actorId?: string | null;
  readonly userId?: string | null;
  readonly sessionId?: string | null;
  readonly clientId?: string | null;
  readonly reason?: string | null;
}

export interface AuditEvent extends Required<EventFacts> {
  readonly id: string;
  readonly at: number;
  readonly action: Action;
  readonly address: string;
}

/** Writes an event in the given transaction, so that an act and its entry exist together or not at all. */
export async function recordEvent(
  db: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  from: Origin,
  action: Action,
  facts: EventFacts = {},
): Promise<void> {
  await db.all(
    `insert into events (id, at, action, actor_id, user_id, session_id, client_id, reason, address, user_agent, request_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      deps.random(16).toString('base64url'),
      deps.now(),
      action,
      facts.actorId ?? null,
      facts.userId ?? null,
      facts.sessionId ?? null,
      facts.clientId ?? null,
      facts.reason ?? null,
      from.address,
      from.userAgent,
      from.requestId,
    ],
  );
}

/** A user's newest events first. */
export async function listEventsOfUser(db: Db, userId: string, limit: number): Promise<AuditEvent[]> {
  const rows = await db.all(
    'select id, at, action, actor_id, user_id, session_id, client_id, reason, address from events where user_id = $1 order by at desc, id limit $2',
    [userId, limit],
  );
  return rows.map((row) => ({
    id: row['id'] as string,
    at: row['at'] as number,
    action: row['action'] as Action,
    actorId: row['actor_id'] as string | null,
    userId: row['user_id'] as string | null,
    sessionId: row['session_id'] as string | null,
    clientId: row['client_id'] as string | null,
    reason: row['reason'] as string | null,
    address: row['address'] as string,
  }));
}
