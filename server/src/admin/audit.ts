import { Refusal } from '@portico/protocol/errors';
import type { AuditContent, AuditItem } from '@portico/ui/admin-views';
import { deviceLabel } from '../accounts/device-label.ts';
import { recordEvent } from '../audit/event.ts';
import { type EventFilter, type ListedEvent, listEventsPage } from '../audit/event-list.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { parseAddress } from '../guessing/network-address.ts';
import type { Answer } from '../sessions/answer.ts';
import type { StaffSession } from '../sessions/staff-session.ts';
import { csvOf } from './csv.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

export interface AuditQuery extends ListQuery {
  readonly event?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly user?: string;
  readonly client?: string;
  readonly session?: string;
  readonly target?: string;
  readonly address?: string;
  readonly request?: string;
  readonly from?: string;
  readonly until?: string;
}

const mark = ({ at, id }: ListedEvent) => ({ key: at, id });

export async function readAudit(deps: Deps, query: AuditQuery): Promise<AuditContent> {
  const rows = await listEventsPage(deps.db, filterOf(query), askPage(deps, 'audit', query));
  return pageOf(deps, { list: 'audit', query, rows, mark, item: itemOf });
}

/** The same list as a file. That somebody took it along is written down: whoever steals an operator's sign-in must not do so unseen. */
export async function exportAudit(deps: Deps, caller: Caller, session: StaffSession, query: AuditQuery): Promise<Answer> {
  const filter = filterOf(query);
  // By which filters, and not their values: an address that was looked for would outlive its account in the log.
  const filters = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const after = { action: query.action ?? null, filters: filters.sort() };
  await recordEvent(deps.db, deps, caller, 'audit.exported', { actorId: session.userId, after });
  const pieces = csvOf<ListedEvent>({ head: HEAD, read: (ask) => listEventsPage(deps.db, filter, ask), mark, cells: cellsOf });
  return { download: { name: 'portico-audit.csv', pieces, type: 'text/csv; charset=utf-8' } };
}

const HEAD = [
  'event',
  'at',
  'action',
  'actor_id',
  'actor_email',
  'user_id',
  'user_email',
  'session_id',
  'client_id',
  'target_kind',
  'target',
  'reason',
  'before',
  'after',
  'address',
  'user_agent',
  'request_id',
  'seal',
];

function cellsOf(row: ListedEvent) {
  return [
    row.id,
    new Date(row.at).toISOString(),
    row.action,
    row.actorId,
    row.actorEmail,
    row.userId,
    row.userEmail,
    row.sessionId,
    row.clientId,
    row.target?.kind ?? null,
    row.target?.id ?? null,
    row.reason,
    row.before === null ? null : JSON.stringify(row.before),
    row.after === null ? null : JSON.stringify(row.after),
    row.address,
    row.userAgent,
    row.requestId,
    row.seal,
  ];
}

function itemOf({ actorId, actorEmail, userId, userEmail, clientId, clientName, ...event }: ListedEvent): AuditItem {
  return {
    ...event,
    actor: actorId === null ? null : { id: actorId, email: actorEmail },
    user: userId === null ? null : { id: userId, email: userEmail },
    client: clientId === null ? null : { id: clientId, name: clientName },
    device: event.userAgent === '' ? '' : deviceLabel(event.userAgent),
  };
}

function filterOf(query: AuditQuery): EventFilter {
  const exactly = (text: string | undefined) => text?.trim() ?? null;
  return {
    event: exactly(query.event),
    action: query.action ?? null,
    actor: exactly(query.actor),
    user: exactly(query.user),
    client: exactly(query.client),
    session: exactly(query.session),
    target: exactly(query.target),
    address: requireAddress(query.address),
    request: exactly(query.request),
    from: requireMoment('from', query.from),
    until: requireMoment('until', query.until),
  };
}

function requireAddress(text: string | undefined): string | null {
  if (text === undefined) return null;
  const address = parseAddress(text.trim());
  if (address === null) throw new Refusal('invalid_fields', { fields: { address: 'malformed' } });
  return address;
}

/** A day, or a minute of it, in UTC: the server does not know the reader's zone. */
function requireMoment(name: 'from' | 'until', text: string | undefined): number | null {
  if (text === undefined) return null;
  const moment = Date.parse(text.length === 'YYYY-MM-DD'.length ? `${text}T00:00Z` : `${text}Z`);
  // 31 February is the third of March to the parser.
  if (Number.isNaN(moment) || !new Date(moment).toISOString().startsWith(text))
    throw new Refusal('invalid_fields', { fields: { [name]: 'malformed' } });
  return moment;
}
