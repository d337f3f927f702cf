import type { Action, TargetKind } from '@portico/protocol/events';
import type { ListPage } from './index.ts';

export interface AuditItem {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly action: Action;
  /** Who did it; without an address: the account is gone. */
  readonly actor: AuditPerson | null;
  /** Whom it is about. */
  readonly user: AuditPerson | null;
  readonly sessionId: string | null;
  /** Without a name: the site was removed. */
  readonly client: { readonly id: string; readonly name: string | null } | null;
  readonly target: { readonly kind: TargetKind; readonly id: string } | null;
  readonly reason: string | null;
  /** Empty: not from a browser, or forgotten with the account. */
  readonly address: string;
  readonly device: string;
  readonly userAgent: string;
  readonly requestId: string;
  /** What an act changed, and into what. */
  readonly before: object | null;
  readonly after: object | null;
  /** The number of the seal that covers it; null: not yet. */
  readonly seal: number | null;
}

export interface AuditPerson {
  readonly id: string;
  readonly email: string | null;
}

/** What the screen “Audit log” shows. */
export type AuditContent = ListPage<AuditItem>;
