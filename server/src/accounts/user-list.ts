import type { Role } from '@portico/protocol/tokens';
import type { Db, Row } from '../platform/db.ts';
import { beginsWith, type Condition, condition, type Listing, type Mark, selectPage } from '../platform/listing.ts';

/** Users as an operator lists them: looks at the table of users, and writes nothing. */

export interface ListedUser {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
  readonly verifiedAt: number | null;
  readonly suspendedAt: number | null;
  readonly createdAt: number;
  readonly lastSignInAt: number | null;
  /** As `searchKey` writes them; '' until a job has filled them in. */
  readonly emailSearch: string;
  readonly nameSearch: string;
}

/** Each has an index of its own; `suspended` is the latest suspension first, and knows nobody else. */
export type UserOrder = 'newest' | 'suspended' | 'email' | 'name';

const ORDERS = {
  newest: { key: 'created_at', id: 'id', descending: true },
  suspended: { key: 'suspended_at', id: 'id', descending: true },
  email: { key: 'email_search', id: 'id', descending: false },
  name: { key: 'name_search', id: 'id', descending: false },
} as const satisfies Record<UserOrder, Listing['order']>;

const SEARCHED = { email: 'email_search', name: 'name_search' } as const;
export type Searched = keyof typeof SEARCHED;

export interface UserFilter {
  readonly role: Role | null;
  readonly suspended: boolean;
  /** What the address or the name begins with; `butNot`: those that the other one finds were listed already. */
  readonly prefix: { readonly text: string; readonly by: Searched; readonly butNot?: Searched | undefined } | null;
}

const COLUMNS = `id, email, display_name, role, verified_at, suspended_at, created_at, last_signin_at, email_search, name_search`;

export async function listUsersPage(
  db: Db,
  filter: UserFilter,
  order: UserOrder,
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<ListedUser[]> {
  const where = conditionsOf(filter);
  const rows = await selectPage(db, { select: `select ${COLUMNS} from users`, where, order: ORDERS[order], after, limit });
  return rows.map(fromRow);
}

/** Where a list in this order goes on. */
export function userMark(order: UserOrder, user: ListedUser): Mark {
  const keys = { newest: user.createdAt, suspended: user.suspendedAt ?? 0, email: user.emailSearch, name: user.nameSearch };
  return { key: keys[order], id: user.id };
}

function conditionsOf({ role, suspended, prefix }: UserFilter): Condition[] {
  const conditions: Condition[] = [];
  // Nearly everybody is one: said so that no database takes an index for it and then sorts nearly everybody.
  if (role === 'user') conditions.push(condition(`role not in ('support', 'admin', 'owner')`));
  else if (role !== null) conditions.push(condition('role = ?', role));
  if (suspended) conditions.push(condition('suspended_at is not null'));
  if (prefix !== null) {
    conditions.push(beginsWith(SEARCHED[prefix.by], prefix.text));
    if (prefix.butNot !== undefined) conditions.push(not(beginsWith(SEARCHED[prefix.butNot], prefix.text)));
  }
  return conditions;
}

function not({ sql, values }: Condition): Condition {
  return condition(`not (${sql})`, ...values);
}

function fromRow(row: Row): ListedUser {
  return {
    id: row['id'] as string,
    email: row['email'] as string,
    displayName: row['display_name'] as string,
    role: row['role'] as Role,
    verifiedAt: row['verified_at'] as number | null,
    suspendedAt: row['suspended_at'] as number | null,
    createdAt: row['created_at'] as number,
    lastSignInAt: row['last_signin_at'] as number | null,
    emailSearch: row['email_search'] as string,
    nameSearch: row['name_search'] as string,
  };
}
