import { ADMIN_EXPORTS } from '@portico/protocol/admin';
import { ROLES } from '@portico/protocol/tokens';
import { exportUsers, readUsers, type UsersQuery } from '../../admin/users.ts';
import { adminExport, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { fields, line } from '../../http/schemas.ts';

const FILTERS = {
  search: line(1, 320),
  role: oneOfWords(...ROLES),
  status: oneOfWords('suspended'),
  sort: oneOfWords('newest', 'email', 'name'),
} as const;
const Query = fields({ ...LIST_FIELDS, ...FILTERS }, []);
const ExportQuery = fields(FILTERS, []);

export const USERS: AdminRows = {
  screens: [
    adminScreen<'users', UsersQuery>('users', {
      summary: 'Users: all of them, or those whose id is, or whose address or name begins with, what is searched for',
      query: Query,
      read: (deps, _caller, _session, { query }) => readUsers(deps, query),
    }),
  ],
  deeds: [],
  exports: [
    adminExport<UsersQuery>(ADMIN_EXPORTS.users, {
      summary: 'The same list as a CSV file',
      query: ExportQuery,
      write: (deps, caller, session, { query }) => exportUsers(deps, caller, session, query),
    }),
  ],
};
