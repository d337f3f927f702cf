import { Refusal } from '@portico/protocol/errors';
import type { Texts } from '@portico/protocol/texts';
import { deviceLabel } from '../../accounts/device-label.ts';
import { type Action, type AuditEvent, type EventMark, listEventsOfUser } from '../../audit/event.ts';
import type { Deps } from '../../deps.ts';
import { maskAddress } from '../../guessing/network-address.ts';
import type { Answer } from '../../sessions/answer.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';

/** What happened in an account, as its owner reads it. */
export interface ActivityItem {
  readonly id: string;
  readonly at: number;
  readonly action: Action;
  /** As a code, where there is one to tell; its words stand in the texts as well. */
  readonly reason: string | null;
  readonly address: string;
  readonly device: string;
  /** It happened in the session that asks. */
  readonly current: boolean;
}

export interface ActivityPage {
  readonly items: readonly ActivityItem[];
  readonly next: string | null;
}

/** Items of a page, unless asked otherwise. */
export const ACTIVITY_PAGE = 25;

/** The words of every action: one that has none does not compile. */
export function activityWords(texts: Texts): Readonly<Record<Action, string>> {
  return texts.activity.actions;
}

/** GET me/activity: newest first; `cursor` is the `next` of the page before. */
export async function readActivity(
  deps: Deps,
  session: CurrentSession,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Answer> {
  return { body: await activityPage(deps, session, { cursor, limit }) };
}

export async function activityPage(
  deps: Deps,
  session: CurrentSession,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<ActivityPage> {
  const before = cursor === undefined ? null : parseMark(cursor);
  // One more than is shown tells whether there is another page.
  const events = await listEventsOfUser(deps.db, session.userId, { before, limit: limit + 1 });
  const page = events.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map((event) => itemOf(event, session)),
    next: events.length > limit && last !== undefined ? `${last.at.toString(36)}.${last.id}` : null,
  };
}

/** A cursor names a place in time, not a row: it still works when that row is gone. */
export const ACTIVITY_CURSOR = /^[0-9a-z]{1,10}\.[A-Za-z0-9_-]{22}$/;

function parseMark(cursor: string): EventMark {
  if (!ACTIVITY_CURSOR.test(cursor)) throw new Refusal('invalid_fields', { fields: { cursor: 'malformed' } });
  const [at = '', id = ''] = cursor.split('.');
  return { at: Number.parseInt(at, 36), id };
}

function itemOf({ id, at, action, reason, address, userAgent, sessionId }: AuditEvent, session: CurrentSession): ActivityItem {
  return {
    id,
    at,
    action,
    reason,
    address: maskAddress(address),
    device: deviceLabel(userAgent),
    current: sessionId === session.id,
  };
}
