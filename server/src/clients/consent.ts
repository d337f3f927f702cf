import { type Db, one } from '../platform/db.ts';

/** "Continue to B as Ada", said once: for these scopes, until it is taken back. */

export interface Consent {
  readonly clientId: string;
  readonly scope: string;
  readonly givenAt: number;
}

export async function findConsent(db: Db, userId: string, clientId: string): Promise<Consent | null> {
  const row = await one(db, 'select client_id, scope, given_at from consents where user_id = $1 and client_id = $2', [userId, clientId]);
  return row === null ? null : { clientId: row['client_id'] as string, scope: row['scope'] as string, givenAt: row['given_at'] as number };
}

export async function listConsents(db: Db, userId: string): Promise<Consent[]> {
  const rows = await db.all('select client_id, scope, given_at from consents where user_id = $1 order by given_at desc limit 1000', [
    userId,
  ]);
  return rows.map((row) => ({
    clientId: row['client_id'] as string,
    scope: row['scope'] as string,
    givenAt: row['given_at'] as number,
  }));
}

export async function saveConsent(
  db: Db,
  { userId, clientId, scope, now }: { userId: string; clientId: string; scope: string; now: number },
): Promise<void> {
  await db.all(
    `insert into consents (user_id, client_id, scope, given_at) values ($1, $2, $3, $4)
     on conflict (user_id, client_id) do update set scope = excluded.scope, given_at = excluded.given_at`,
    [userId, clientId, scope, now],
  );
}

/** False when there was none. */
export async function deleteConsent(tx: Db, userId: string, clientId: string): Promise<boolean> {
  return (await tx.all('delete from consents where user_id = $1 and client_id = $2 returning client_id', [userId, clientId])).length > 0;
}
