import type { LetterKind } from '@portico/protocol/events';
import type { ListPage } from './index.ts';

export type OutboxName = 'letters' | 'logouts';
export type OutboxState = 'waiting' | 'given_up';

export interface LetterItem {
  readonly id: string;
  /** Null: it was given up and erased, or does not open. */
  readonly to: string | null;
  /** Null: as above, or it was written by a version that did not say. */
  readonly kind: LetterKind | null;
  /** Epoch milliseconds, as every moment here. */
  readonly createdAt: number;
  readonly tries: number;
  /** Null: there is none any more. */
  readonly nextTryAt: number | null;
  readonly givenUpAt: number | null;
  /** Why the last try failed, as a code. */
  readonly problem: string | null;
}

export interface LogoutItem {
  readonly id: string;
  readonly site: { readonly id: string; readonly name: string | null };
  readonly uri: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly createdAt: number;
  readonly tries: number;
  readonly nextTryAt: number | null;
  readonly givenUpAt: number | null;
  readonly problem: string | null;
}

/** Counted up to `OUTBOX_COUNTED_MOST`. */
export interface OutboxCounts {
  readonly waiting: number;
  readonly givenUp: number;
}

/** What the screen “Outboxes” shows: one of four lists. */
export interface MailContent {
  readonly list: OutboxName;
  readonly state: OutboxState;
  readonly letters: ListPage<LetterItem> | null;
  readonly logouts: ListPage<LogoutItem> | null;
  readonly counts: Readonly<Record<OutboxName, OutboxCounts>>;
  /** Whether letters leave at all. */
  readonly mailServer: boolean;
}
