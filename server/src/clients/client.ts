import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import { type Db, one } from '../platform/db.ts';

/** Client sites. The first one is built in: Portico's own pages and dashboard. */

export type ClientKind = 'web' | 'spa' | 'native' | 'machine' | 'secondary';

export interface Client {
  readonly id: string;
  readonly name: string;
  readonly kind: ClientKind;
  /** Of a browser client: compared exactly. */
  readonly origins: readonly string[];
  readonly disabledAt: number | null;
}

export async function findClient(db: Db, id: string): Promise<Client | null> {
  const row = await one(db, 'select id, name, kind, origins, disabled_at from clients where id = $1', [id]);
  if (row === null) return null;
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    kind: row['kind'] as ClientKind,
    origins: JSON.parse(row['origins'] as string) as string[],
    disabledAt: row['disabled_at'] as number | null,
  };
}

export async function insertClient(db: Db, client: Omit<Client, 'disabledAt'>, now: number): Promise<void> {
  await db.all('insert into clients (id, name, kind, origins, created_at) values ($1, $2, $3, $4, $5)', [
    client.id,
    client.name,
    client.kind,
    JSON.stringify(client.origins),
    now,
  ]);
}

/** Makes sure that the built-in client exists and knows the origin that is configured today. */
export async function saveFirstPartyClient(deps: Pick<Deps, 'db' | 'config' | 'now'>): Promise<void> {
  await deps.db.all(
    `insert into clients (id, name, kind, origins, created_at) values ($1, 'Portico', 'spa', $2, $3)
     on conflict (id) do update set origins = excluded.origins where clients.origins <> excluded.origins`,
    [FIRST_PARTY_CLIENT, JSON.stringify([deps.config.appOrigin]), deps.now()],
  );
}
