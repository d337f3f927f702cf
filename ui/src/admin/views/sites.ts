import type { ClientKind } from '@portico/protocol/clients';
import type { ListPage } from './index.ts';

export interface SiteItem {
  readonly clientId: string;
  readonly name: string;
  readonly kind: ClientKind;
  /** Epoch milliseconds; null: in service. */
  readonly disabledAt: number | null;
  readonly createdAt: number;
}

/** What the screen “Client sites” shows. */
export type SitesContent = ListPage<SiteItem>;
