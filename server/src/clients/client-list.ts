import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import type { Db, Row } from '../platform/db.ts';
import { beginsWith, type Condition, condition, type Mark, selectPage } from '../platform/listing.ts';
import type { ClientKind } from './client.ts';

/** Client sites as a list shows them, by name. */
export interface ListedClient {
  readonly id: string;
  readonly name: string;
  readonly kind: ClientKind;
  readonly disabledAt: number | null;
  readonly createdAt: number;
  readonly mark: Mark;
}

export interface ClientFilter {
  /** The beginning of a name, or a whole id. */
  readonly search: string | null;
  readonly kind: ClientKind | null;
  readonly disabled: boolean | null;
}

export async function listClientsPage(
  db: Db,
  filter: ClientFilter,
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<ListedClient[]> {
  const rows = await selectPage(db, {
    select: 'select id, name, kind, disabled_at, created_at, name_search from clients',
    where: conditionsOf(filter),
    order: { key: 'name_search', id: 'id', descending: false },
    after,
    limit,
  });
  return rows.map(fromRow);
}

function conditionsOf({ search, kind, disabled }: ClientFilter): Condition[] {
  const where = [condition('id <> ?', FIRST_PARTY_CLIENT)];
  if (search !== null) {
    const { sql, values } = beginsWith('name_search', search);
    // Not to be found by its id: the database would have to sort what it finds in two ways.
    where.push(condition(`(${sql}) or id || '' = ?`, ...values, search));
  }
  if (kind !== null) where.push(condition('kind = ?', kind));
  if (disabled !== null) where.push(condition(disabled ? 'disabled_at is not null' : 'disabled_at is null'));
  return where;
}

function fromRow(row: Row): ListedClient {
  const id = row['id'] as string;
  return {
    id,
    name: row['name'] as string,
    kind: row['kind'] as ClientKind,
    disabledAt: row['disabled_at'] as number | null,
    createdAt: row['created_at'] as number,
    mark: { key: row['name_search'] as string, id },
  };
}
