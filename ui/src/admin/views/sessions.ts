import type { EndReason } from '@portico/protocol/events';
import type { ListPage } from './index.ts';

export type SessionStatus = 'active' | 'held' | 'unverified' | 'ended' | 'expired';

export interface AdminSessionItem {
  readonly id: string;
  readonly status: SessionStatus;
  /** Null while a sign-up waits for its code. */
  readonly user: { readonly id: string; readonly email: string; readonly displayName: string } | null;
  readonly kind: 'browser' | 'device';
  /** "Firefox on Windows" */
  readonly device: string;
  readonly address: string;
  /** How its user proved who they are (RFC 8176). */
  readonly methods: readonly string[];
  /** Epoch milliseconds, as every moment here. */
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
  readonly endedReason: EndReason | null;
  /** The session of whoever asks. */
  readonly current: boolean;
  /** Whoever asks may end it, and there is something to end. */
  readonly mayEnd: boolean;
}

/** What the screen “Sessions” shows. */
export type SessionsContent = ListPage<AdminSessionItem>;
