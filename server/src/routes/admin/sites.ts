import { CLIENT_KINDS } from '@portico/protocol/clients';
import { readSites, type SitesQuery } from '../../admin/sites.ts';
import { adminScreen } from '../../http/admin/admin-route.ts';
import { type AdminRows, NOTHING } from '../../http/admin/admin-rows.ts';
import { LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { fields, line } from '../../http/schemas.ts';

const Query = fields(
  { ...LIST_FIELDS, search: line(1, 80), kind: oneOfWords(...CLIENT_KINDS), state: oneOfWords('active', 'disabled') },
  [],
);

export const SITES: AdminRows = {
  ...NOTHING,
  screens: [
    adminScreen<'sites', SitesQuery>('sites', {
      summary: 'Client sites by name; `search` is the beginning of a name, or a whole id',
      query: Query,
      read: (deps, _caller, _session, { query }) => readSites(deps, query),
    }),
  ],
};
