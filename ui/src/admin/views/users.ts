import type { Role } from '@portico/protocol/tokens';
import type { ListPage } from './index.ts';

export interface UserItem {
  readonly id: string;
  readonly email: string;
  /** '' = none. */
  readonly displayName: string;
  readonly role: Role;
  /** Epoch milliseconds, as every moment here. */
  readonly verifiedAt: number | null;
  readonly suspendedAt: number | null;
  readonly createdAt: number;
  readonly lastSignInAt: number | null;
}

/** What the screen “Users” shows. */
export type UsersContent = ListPage<UserItem>;
