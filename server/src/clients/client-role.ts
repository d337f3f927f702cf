import { type Db, one } from '../platform/db.ts';

/** What a user may do at one site, in that site's own words. */

export async function findClientRoles(db: Db, userId: string, clientId: string): Promise<readonly string[]> {
  const row = await one(db, 'select roles from client_roles where user_id = $1 and client_id = $2', [userId, clientId]);
  return row === null ? [] : (JSON.parse(row['roles'] as string) as string[]);
}

/** A user's roles at every site where there are some, by the site's id. */
export async function listRolesOfUser(db: Db, userId: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db.all('select client_id, roles from client_roles where user_id = $1 order by client_id', [userId]);
  return new Map(rows.map((row) => [row['client_id'] as string, JSON.parse(row['roles'] as string) as string[]]));
}

export async function saveClientRoles(
  tx: Db,
  { userId, clientId, roles, now }: { userId: string; clientId: string; roles: readonly string[]; now: number },
): Promise<void> {
  await tx.all(
    `insert into client_roles (user_id, client_id, roles, changed_at) values ($1, $2, $3, $4)
     on conflict (user_id, client_id) do update set roles = excluded.roles, changed_at = excluded.changed_at`,
    [userId, clientId, JSON.stringify(roles), now],
  );
}
