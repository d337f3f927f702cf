import { ACTIONS, type Action } from '@portico/protocol/events';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { digestOf, type KeptEvent, type WrittenEvent } from './event-digest.ts';
import { type AuditEvent, COLUMNS, eventFromRow, keptFromRow, type Target } from './event-row.ts';
import { type Facts, writeFacts } from './facts.ts';

/** The audit log: who did what to whom, why, from where, in which request. Never a secret, never what was typed. */

export { ACTIONS, type Action, type AuditEvent, type Target };

export interface EventFacts {
  readonly actorId?: string | null;
  /** Whom it is about: what the event says of a person is forgotten with this user. The target, where that is a user. */
  readonly userId?: string | null;
  readonly sessionId?: string | null;
  /** The target, where that is a client. */
  readonly clientId?: string | null;
  readonly reason?: string | null;
  readonly target?: Target;
  /** What an act changed, and into what. */
  readonly before?: Facts;
  readonly after?: Facts;
}

/** Writes an event in the given transaction, so that an act and its entry exist together or not at all. */
export async function recordEvent(
  db: Db,
  deps: Pick<Deps, 'now' | 'random' | 'vault'>,
  from: Origin,
  action: Action,
  facts: EventFacts = {},
): Promise<void> {
  const { target } = facts;
  const event: WrittenEvent = {
    id: deps.random(16).toString('base64url'),
    at: deps.now(),
    action,
    actorId: facts.actorId ?? from.actorId ?? null,
    userId: facts.userId ?? (target?.kind === 'user' ? target.id : null),
    sessionId: facts.sessionId ?? null,
    clientId: facts.clientId ?? (target?.kind === 'client' ? target.id : null),
    targetKind: target?.kind ?? null,
    target: target?.id ?? null,
    requestId: from.requestId,
    reason: facts.reason?.toWellFormed() ?? null,
    address: from.address,
    userAgent: from.userAgent.toWellFormed(),
    beforeJson: writeFacts(facts.before),
    afterJson: writeFacts(facts.after),
  };
  const salt = deps.random(16).toString('base64url');
  const { keyId, key } = deps.vault.derive('audit event');
  await db.all(
    `insert into events (id, at, action, actor_id, user_id, session_id, client_id, target_kind, target, request_id,
       reason, address, user_agent, before_json, after_json, salt, digest, digest_key)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
    [
      event.id,
      event.at,
      event.action,
      event.actorId,
      event.userId,
      event.sessionId,
      event.clientId,
      event.targetKind,
      event.target,
      event.requestId,
      event.reason,
      event.address,
      event.userAgent,
      event.beforeJson,
      event.afterJson,
      salt,
      digestOf(key, salt, event),
      keyId,
    ],
  );
}

/** Where a list goes on: the last event that was read. */
export interface EventMark {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly id: string;
}

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
  return rows.map(eventFromRow);
}

/** What a sign-up wrote before there was a user becomes the user's: to be seen by them, exported, and forgotten with them. */
export async function adoptEvents(tx: Db, sessionId: string, userId: string): Promise<void> {
  await tx.all('update events set user_id = $2 where session_id = $1 and user_id is null', [sessionId, userId]);
}

/**
 * A deleted user's events stay for their time, so that an operator can still see what happened, but say of nobody any more: neither from
 * where, nor with what, nor a reason or a change that may hold an address or a name. The ids in them are random and belong to no row.
 * What the user did to others stays whole: nobody wipes the traces of their acts by deleting their own account.
 */
export async function forgetUserInEvents(tx: Db, userId: string): Promise<void> {
  await tx.all(
    `update events set address = '', user_agent = '', reason = null, before_json = null, after_json = null, salt = null
     where user_id = $1`,
    [userId],
  );
}

/**
 * Puts the oldest events that wait under a seal, `limit` at most, and answers them. An event whose transaction took long has an older moment
 * than the batch before it: it waits like any other, and comes into the next.
 */
export async function takeUnsealedEvents(tx: Db, seal: number, limit: number): Promise<KeptEvent[]> {
  const rows = await tx.all(
    `update events set seal = $1 where seal is null and id in (select id from events where seal is null order by at, id limit $2)
     returning ${COLUMNS}`,
    [seal, limit],
  );
  return rows.map(keptFromRow);
}

/** Events of whole batches whose time is over. */
export async function deleteEventsOfSeals(tx: Db, first: number, last: number): Promise<void> {
  await tx.all('delete from events where seal >= $1 and seal <= $2', [first, last]);
}
