import { ADMIN_EXPORTS } from '@portico/protocol/admin';
import { endOneSession, exportSessions, readAllSessions, type SessionsQuery } from '../../admin/sessions.ts';
import { adminAct, adminExport, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { EmptyBody, fields, line, name128, type Static } from '../../http/schemas.ts';

/** An id as it was copied from somewhere: blanks around it do no harm. */
const copiedId = { type: 'string', pattern: '^\\s*[A-Za-z0-9_-]{22}\\s*$' } as const;
const FILTERS = {
  session: copiedId,
  user: copiedId,
  address: line(1, 64),
  state: oneOfWords('active', 'held', 'unverified', 'ended'),
} as const;
const Query = fields({ ...LIST_FIELDS, ...FILTERS }, []);
const ExportQuery = fields(FILTERS, []);
const Params = fields({ sessionId: name128 }, ['sessionId']);

export const SESSIONS: AdminRows = {
  screens: [
    adminScreen<'sessions', SessionsQuery>('sessions', {
      summary: 'Everybody’s sessions, newest first',
      query: Query,
      read: (deps, _, session, { query }) => readAllSessions(deps, session, query),
    }),
  ],
  deeds: [
    adminAct<unknown, Static<typeof Params>>('endSession', {
      role: 'admin',
      fresh: false,
      summary: 'End a session at every site; only of somebody who ranks below',
      body: EmptyBody,
      params: Params,
      run: (deps, caller, session, { params }) => endOneSession(deps, caller, session, params.sessionId),
    }),
  ],
  exports: [
    adminExport<SessionsQuery>(ADMIN_EXPORTS.sessions, {
      summary: 'Everybody’s sessions as CSV, with the same filters',
      query: ExportQuery,
      write: (deps, _caller, _session, { query }) => exportSessions(deps, query),
    }),
  ],
};
