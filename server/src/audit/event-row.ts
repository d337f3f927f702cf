import type { Action, TargetKind } from '@portico/protocol/events';
import type { Row } from '../platform/db.ts';
import type { KeptEvent } from './event-digest.ts';
import { type Facts, readFacts } from './facts.ts';

/** An event as it is read from its table. */

/** What an act was done to. */
export interface Target {
  readonly kind: TargetKind;
  readonly id: string;
}

export interface AuditEvent {
  readonly id: string;
  readonly at: number;
  readonly action: Action;
  readonly actorId: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly clientId: string | null;
  readonly reason: string | null;
  readonly address: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly target: Target | null;
  readonly before: Facts | null;
  readonly after: Facts | null;
  /** The number of the seal that covers it; null until then. */
  readonly seal: number | null;
}

export const COLUMNS = `id, at, action, actor_id, user_id, session_id, client_id, target_kind, target, request_id,
  reason, address, user_agent, before_json, after_json, salt, digest, digest_key, seal`;

export function eventFromRow(row: Row): AuditEvent {
  const { targetKind, target, beforeJson, afterJson, salt: _salt, digest: _digest, digestKey: _digestKey, ...event } = keptFromRow(row);
  return {
    ...event,
    action: event.action as Action,
    target: targetKind === null || target === null ? null : { kind: targetKind as Target['kind'], id: target },
    before: readFacts(beforeJson),
    after: readFacts(afterJson),
  };
}

export function keptFromRow(row: Row): KeptEvent {
  return {
    id: row['id'] as string,
    at: row['at'] as number,
    action: row['action'] as string,
    actorId: row['actor_id'] as string | null,
    userId: row['user_id'] as string | null,
    sessionId: row['session_id'] as string | null,
    clientId: row['client_id'] as string | null,
    targetKind: row['target_kind'] as string | null,
    target: row['target'] as string | null,
    requestId: row['request_id'] as string,
    reason: row['reason'] as string | null,
    address: row['address'] as string,
    userAgent: row['user_agent'] as string,
    beforeJson: row['before_json'] as string | null,
    afterJson: row['after_json'] as string | null,
    salt: row['salt'] as string | null,
    digest: row['digest'] as string | null,
    digestKey: row['digest_key'] as number,
    seal: row['seal'] as number | null,
  };
}
