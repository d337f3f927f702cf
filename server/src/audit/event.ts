import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db, Row } from '../platform/db.ts';

/** The audit log: who did what to whom, why, from where, in which request. Never a secret, never what was typed. */

export const ACTIONS = [
  'signup.started',
  'signup.completed',
  'signup.known_address',
  'invitation.made',
  'signin.succeeded',
  'signin.failed',
  'signin.throttled',
  'signin.noticed',
  'signin.held',
  'signin.disowned',
  'signin.not_me',
  'network.suspended',
  'network.lifted',
  'network.allowed',
  'network.disallowed',
  'code.sent',
  'code.wrong',
  'session.held',
  'session.recovered',
  'session.ended',
  'refresh.reuse',
  'refresh.wrong_client',
  'refresh.ahead',
  'refresh.wrong_key',
  'client.added',
  'client.disabled',
  'client.enabled',
  'client.removed',
  'client.secret_rotated',
  'client.refused',
  'code.replayed',
  'ticket.replayed',
  'site.opened',
  'site.left',
  'consent.given',
  'consent.denied',
  'consent.revoked',
  'device.approved',
  'device.denied',
  'roles.changed',
  'key.dropped',
  'profile.changed',
  'identity.unlinked',
  'account.exported',
  'account.deleted',
  'proof.given',
  'identity.linked',
  'identity.tokens_returned',
  'password.changed',
  'password.refused',
  'password.forgotten',
  'password.reset',
  'email.change_asked',
  'email.changed',
  'email.restored',
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
  readonly userAgent: string;
  readonly requestId: string;
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

/** Where a list goes on: the last event that was read. */
export interface EventMark {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly id: string;
}

const COLUMNS = 'id, at, action, actor_id, user_id, session_id, client_id, reason, address, user_agent, request_id';

/** A user's events, newest first, older than the mark. The order is total, so pages neither skip nor repeat while new events arrive. */
export async function listEventsOfUser(
  db: Db,
  userId: string,
  { before = null, limit }: { before?: EventMark | null; limit: number },
): Promise<AuditEvent[]> {
  const rows = await db.all(
    `select ${COLUMNS} from events where user_id = $1 and (at < $2 or (at = $2 and id < $3)) order by at desc, id desc limit $4`,
    [userId, before?.at ?? Number.MAX_SAFE_INTEGER, before?.id ?? '', limit],
  );
  return rows.map(fromRow);
}

/** What a sign-up wrote before there was a user becomes the user's: to be seen by them, exported, and forgotten with them. */
export async function adoptEvents(tx: Db, sessionId: string, userId: string): Promise<void> {
  await tx.all('update events set user_id = $2 where session_id = $1 and user_id is null', [sessionId, userId]);
}

/**
 * A deleted user's events stay for their time, so that an operator can still see what happened, but say of nobody any more: neither from
 * where, nor with what, nor a reason that may name an address. The ids in them are random and belong to no row.
 */
export async function forgetUserInEvents(tx: Db, userId: string): Promise<void> {
  await tx.all(`update events set address = '', user_agent = '', reason = null where user_id = $1`, [userId]);
}

/** Job: events from before a moment. */
export async function deleteEventsBefore(db: Db, before: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from events where id in (select id from events where at < $1 order by at limit $2) and at < $1 returning id',
    [before, limit],
  );
  return rows.length;
}

function fromRow(row: Row): AuditEvent {
  return {
    id: row['id'] as string,
    at: row['at'] as number,
    action: row['action'] as Action,
    actorId: row['actor_id'] as string | null,
    userId: row['user_id'] as string | null,
    sessionId: row['session_id'] as string | null,
    clientId: row['client_id'] as string | null,
    reason: row['reason'] as string | null,
    address: row['address'] as string,
    userAgent: row['user_agent'] as string,
    requestId: row['request_id'] as string,
  };
}
