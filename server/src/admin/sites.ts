import type { ClientKind } from '@portico/protocol/clients';
import type { SiteItem, SitesContent } from '@portico/ui/admin-views';
import { type ListedClient, listClientsPage } from '../clients/client-list.ts';
import type { Deps } from '../deps.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

export interface SitesQuery extends ListQuery {
  readonly search?: string;
  readonly kind?: ClientKind;
  readonly state?: 'active' | 'disabled';
}

export async function readSites(deps: Deps, query: SitesQuery): Promise<SitesContent> {
  const filter = {
    search: query.search?.trim() ?? null,
    kind: query.kind ?? null,
    disabled: query.state === undefined ? null : query.state === 'disabled',
  };
  const rows = await listClientsPage(deps.db, filter, askPage(deps, 'sites', query));
  return pageOf(deps, { list: 'sites', query, rows, mark: ({ mark }) => mark, item: itemOf });
}

function itemOf({ id, mark: _mark, ...client }: ListedClient): SiteItem {
  return { clientId: id, ...client };
}
