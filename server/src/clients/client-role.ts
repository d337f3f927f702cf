import { type Db, one } from '../platform/db.ts';
import type { Mark } from '../platform/listing.ts';

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

export interface Member {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly string[];
}

/** Who has roles at a site, by the id of the user. */
export async function listMembers(
  db: Db,
  clientId: string,
  { after, limit }: { readonly after: Pick<Mark, 'id'> | null; readonly limit: number },
): Promise<Member[]> {
  const rows = await db.all(
    `select r.user_id, r.roles, u.email, u.display_name from client_roles r join users u on u.id = r.user_id
     where r.client_id = $1 and r.user_id > $2 and r.roles <> '[]' order by r.user_id limit $3`,
    [clientId, after?.id ?? '', limit],
  );
  return rows.map((row) => ({
    userId: row['user_id'] as string,
    email: row['email'] as string,
    displayName: row['display_name'] as string,
    roles: JSON.parse(row['roles'] as string) as string[],
  }));
}

/** Whether somebody at the site has one of these roles. */
export async function isRoleHeld(db: Db, clientId: string, roles: readonly string[]): Promise<boolean> {
  for (const role of roles) {
    const held = `%${JSON.stringify(role).replace(/[\\%_]/g, '\\$&')}%`;
    const row = await one(db, `select user_id from client_roles where client_id = $1 and roles like $2 escape '\\' limit 1`, [
      clientId,
      held,
    ]);
    if (row !== null) return true;
  }
  return false;
}

/** Less for somebody who has some: a user who was deleted meanwhile gets none back. */
export async function narrowClientRoles(
  tx: Db,
  { userId, clientId, roles, now }: { userId: string; clientId: string; roles: readonly string[]; now: number },
): Promise<boolean> {
  const row = await one(tx, 'update client_roles set roles = $3, changed_at = $4 where user_id = $1 and client_id = $2 returning user_id', [
    userId,
    clientId,
    JSON.stringify(roles),
    now,
  ]);
  return row !== null;
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
