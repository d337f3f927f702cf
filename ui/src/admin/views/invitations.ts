import type { ListPage } from './index.ts';

export interface InvitationItem {
  readonly email: string;
  readonly status: 'open' | 'used' | 'expired';
  /** Epoch milliseconds, as every moment here. */
  readonly invitedAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

/** What the screen “Invitations” shows. */
export interface InvitationsContent extends ListPage<InvitationItem> {
  /** Who may create an account here. */
  readonly signup: 'open' | 'invite' | 'closed';
  /** The only domains of addresses, where there are any. */
  readonly domains: readonly string[];
  /** Whether letters leave at all. */
  readonly mailServer: boolean;
}
