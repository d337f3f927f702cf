import { ADMIN_EXPORTS } from '@portico/protocol/admin';
import { ACTIONS } from '@portico/protocol/events';
import { type AuditQuery, exportAudit, readAudit } from '../../admin/audit.ts';
import { adminExport, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { fields, line } from '../../http/schemas.ts';

/** An id as it was copied from somewhere: blanks around it do no harm. */
const copiedId = { type: 'string', pattern: '^\\s*[A-Za-z0-9_-]{22}\\s*$' } as const;
const moment = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d)?$' } as const;
const FILTERS = {
  event: copiedId,
  action: oneOfWords(...ACTIONS.map((action) => action.replace('.', '\\.'))),
  actor: copiedId,
  user: copiedId,
  client: line(1, 128),
  session: copiedId,
  target: line(1, 320),
  address: line(1, 64),
  request: line(1, 128),
  from: moment,
  until: moment,
} as const;

export const AUDIT: AdminRows = {
  screens: [
    adminScreen<'audit', AuditQuery>('audit', {
      summary: 'The audit log, newest first: who did what to whom, from where, in which request, and which seal covers it',
      query: fields({ ...LIST_FIELDS, ...FILTERS }, []),
      read: (deps, _caller, _session, { query }) => readAudit(deps, query),
    }),
  ],
  deeds: [],
  exports: [
    adminExport<AuditQuery>(ADMIN_EXPORTS.audit, {
      summary: 'The audit log as CSV, with the same filters',
      query: fields(FILTERS, []),
      write: (deps, caller, session, { query }) => exportAudit(deps, caller, session, query),
    }),
  ],
};
