import type { Role } from '@portico/protocol/tokens';
import type { UserItem, UsersContent } from '@portico/ui/admin-views';
import { findUser } from '../accounts/user.ts';
import { type ListedUser, listUsersPage, type Searched, type UserFilter, type UserOrder, userMark } from '../accounts/user-list.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Mark } from '../platform/listing.ts';
import type { Answer } from '../sessions/answer.ts';
import type { StaffSession } from '../sessions/staff-session.ts';
import { csvOf } from './csv.ts';
import { askPage, type ListQuery, type PageAsk, pageOf } from './list-page.ts';

export interface UsersQuery extends ListQuery {
  /** An id, or what an address or a name begins with. */
  readonly search?: string;
  readonly role?: Role;
  readonly status?: 'suspended';
  readonly sort?: 'newest' | 'email' | 'name';
}

/** A user, and in which list: a search is two of them, one after the other. */
interface Found {
  readonly user: ListedUser;
  readonly order: UserOrder;
}

export async function readUsers(deps: Deps, query: UsersQuery): Promise<UsersContent> {
  const rows = await findUsers(deps, query, askPage(deps, 'users', query));
  return pageOf(deps, { list: 'users', query, rows, mark: markOf, item: ({ user }) => itemOf(user) });
}

/** The same list as a file. It takes many addresses along at once, so it is written down who did. */
export async function exportUsers(deps: Deps, caller: Caller, session: StaffSession, query: UsersQuery): Promise<Answer> {
  const { role = null, status = null, sort = null, search } = query;
  // What was searched for is somebody's address or name, and outlives their account in nobody's log.
  const after = { role, status, sort, searched: search !== undefined };
  await recordEvent(deps.db, deps, caller, 'users.exported', { actorId: session.userId, after });
  const pieces = csvOf<Found>({
    head: ['id', 'email', 'name', 'role', 'verified', 'suspended', 'created', 'last_sign_in'],
    read: (ask) => findUsers(deps, query, ask),
    mark: markOf,
    cells: ({ user }) => [
      user.id,
      user.email,
      user.displayName,
      user.role,
      moment(user.verifiedAt),
      moment(user.suspendedAt),
      moment(user.createdAt),
      moment(user.lastSignInAt),
    ],
  });
  const day = new Date(deps.now()).toISOString().slice(0, 10);
  return { download: { name: `users-${day}.csv`, pieces, type: 'text/csv; charset=utf-8' } };
}

async function findUsers(deps: Deps, query: UsersQuery, ask: PageAsk): Promise<readonly Found[]> {
  const { role = null, status, sort = 'newest' } = query;
  const search = query.search?.trim() ?? '';
  const filter = { role, suspended: status === 'suspended', prefix: null };
  if (search !== '') return searchUsers(deps, filter, search, sort, ask);
  const order = sort === 'newest' && filter.suspended ? 'suspended' : sort;
  const after = placeOf(ask.after)?.mark ?? null;
  return (await listUsersPage(deps.db, filter, order, { ...ask, after })).map((user) => ({ user, order }));
}

/**
 * An id finds its user. Everything else is what addresses or names begin with: first all of one, then all of the other, each in its own
 * order, so that every page is read from one index.
 */
async function searchUsers(
  deps: Deps,
  filter: UserFilter,
  search: string,
  sort: 'newest' | 'email' | 'name',
  { after, limit }: PageAsk,
): Promise<readonly Found[]> {
  if (USER_ID.test(search)) {
    const known = await findUser(deps.db, search);
    if (known !== null) {
      const user = { ...known, emailSearch: '', nameSearch: '' };
      return after === null && fits(filter, known) ? [{ user, order: 'email' }] : [];
    }
  }
  const [first, second]: readonly [Searched, Searched] = sort === 'name' ? ['name', 'email'] : ['email', 'name'];
  const place = placeOf(after);
  const found: Found[] = [];
  for (const by of [first, second]) {
    if (found.length === limit || (place !== null && by === first && place.order === second)) continue;
    const prefix = { text: search, by, butNot: by === second ? first : undefined };
    const from = place?.order === by ? place.mark : null;
    const rows = await listUsersPage(deps.db, { ...filter, prefix }, by, { after: from, limit: limit - found.length });
    found.push(...rows.map((user) => ({ user, order: by })));
  }
  return found;
}

const USER_ID = /^[A-Za-z0-9_-]{22}$/;

function fits({ role, suspended }: UserFilter, user: { readonly role: Role; readonly suspendedAt: number | null }): boolean {
  return (role === null || role === user.role) && (!suspended || user.suspendedAt !== null);
}

/** The mark of a search says in which of its two lists it stands. */
function markOf({ user, order }: Found): Mark {
  const mark = userMark(order, user);
  return typeof mark.key === 'number' ? mark : { ...mark, key: `${order} ${mark.key}` };
}

function placeOf(after: Mark | null): { readonly order: string; readonly mark: Mark } | null {
  if (after === null) return null;
  if (typeof after.key === 'number') return { order: '', mark: after };
  const [order = '', key = ''] = after.key.split(' ');
  return { order, mark: { key, id: after.id } };
}

function itemOf({ id, email, displayName, role, verifiedAt, suspendedAt, createdAt, lastSignInAt }: ListedUser): UserItem {
  return { id, email, displayName, role, verifiedAt, suspendedAt, createdAt, lastSignInAt };
}

function moment(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
