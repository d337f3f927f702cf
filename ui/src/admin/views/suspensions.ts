import type { ListPage } from './index.ts';

export interface SuspensionItem {
  /** An IPv4 address or an IPv6 /64. */
  readonly network: string;
  readonly status: 'suspended' | 'lifted' | 'over';
  /** What was guessed. */
  readonly reason: string;
  /** How often it was suspended by now. */
  readonly times: number;
  /** Wrong guesses that led to it. */
  readonly tries: number;
  /** Epoch milliseconds, as `until`. */
  readonly suspendedAt: number;
  readonly until: number;
}

export interface AllowedItem {
  /** A CIDR range. */
  readonly network: string;
  readonly note: string;
  readonly createdAt: number;
}

/** What the screen “Networks” shows. */
export interface SuspensionsContent extends ListPage<SuspensionItem> {
  readonly allowed: readonly AllowedItem[];
  /** Of whoever asks. */
  readonly own: { readonly address: string; readonly network: string; readonly suspended: boolean };
}
