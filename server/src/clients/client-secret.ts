import { type Db, one } from '../platform/db.ts';
import { type SealedColumn, sealedTextFrom } from '../platform/sealed-text.ts';

/** Secrets of client sites: those they prove themselves with, and those that their HS256 tokens are signed with. Two live while one is being replaced. */

export interface SigningSecret {
  /** Stands as `kid` in the tokens that it signs. */
  readonly id: string;
  readonly sealed: string;
  readonly currentFrom: number;
  readonly expiresAt: number | null;
}

/** The label that a signing secret is sealed under. */
export const signingSecretLabel = (id: string) => `client_secrets ${id}`;

export async function insertAuthenticationSecret(
  db: Db,
  secret: { readonly id: string; readonly clientId: string; readonly hash: string },
  now: number,
): Promise<void> {
  await db.all(
    `insert into client_secrets (id, client_id, purpose, hash, created_at, current_from) values ($1, $2, 'authentication', $3, $4, $4)`,
    [secret.id, secret.clientId, secret.hash, now],
  );
}

export async function insertSigningSecret(
  db: Db,
  secret: { readonly id: string; readonly clientId: string; readonly sealed: string; readonly currentFrom: number },
  now: number,
): Promise<void> {
  await db.all(
    `insert into client_secrets (id, client_id, purpose, sealed, created_at, current_from) values ($1, $2, 'signing', $3, $4, $5)`,
    [secret.id, secret.clientId, secret.sealed, now, secret.currentFrom],
  );
}

/**
 * A new secret has come: the one that was in use ends at `expiresAt`, and one that an earlier rotation was still waiting out ends now, so
 * that two live at most.
 */
export async function retireAuthenticationSecrets(
  tx: Db,
  { clientId, except, now, expiresAt }: { clientId: string; except: string; now: number; expiresAt: number },
): Promise<void> {
  await tx.all(
    `update client_secrets set expires_at = case when expires_at is null then $4 else $3 end
     where client_id = $1 and purpose = 'authentication' and id <> $2 and (expires_at is null or expires_at > $3)`,
    [clientId, except, now, expiresAt],
  );
}

/** As it is to be known from now on when a signing secret ends; null = it goes on. */
export async function expireSigningSecret(tx: Db, id: string, expiresAt: number | null): Promise<void> {
  await tx.all(`update client_secrets set expires_at = $2 where id = $1 and purpose = 'signing'`, [id, expiresAt]);
}

/** Whether this is a living secret of the client. Found by its hash, so nothing is compared character by character. */
export async function isAuthenticationSecret(db: Db, clientId: string, hash: string, now: number): Promise<boolean> {
  const row = await one(
    db,
    `select 1 as good from client_secrets where client_id = $1 and purpose = 'authentication' and hash = $2 and (expires_at is null or expires_at > $3)`,
    [clientId, hash, now],
  );
  return row !== null;
}

/** Living signing secrets, the next one included. */
export async function listSigningSecrets(db: Db, clientId: string, now: number): Promise<SigningSecret[]> {
  const rows = await db.all(
    `select id, sealed, current_from, expires_at from client_secrets
     where client_id = $1 and purpose = 'signing' and (expires_at is null or expires_at > $2) order by current_from`,
    [clientId, now],
  );
  return rows.map((row) => ({
    id: row['id'] as string,
    sealed: row['sealed'] as string,
    currentFrom: row['current_from'] as number,
    expiresAt: row['expires_at'] as number | null,
  }));
}

/** A secret as an operator may know it: never itself. */
export interface KeptSecret {
  readonly id: string;
  readonly purpose: 'authentication' | 'signing';
  readonly createdAt: number;
  readonly currentFrom: number;
  readonly expiresAt: number | null;
}

/** What is good now or will be, newest first. */
export async function listSecrets(db: Db, clientId: string, now: number): Promise<KeptSecret[]> {
  const rows = await db.all(
    `select id, purpose, created_at, current_from, expires_at from client_secrets
     where client_id = $1 and (expires_at is null or expires_at > $2) order by purpose, created_at desc, id limit 50`,
    [clientId, now],
  );
  return rows.map((row) => ({
    id: row['id'] as string,
    purpose: row['purpose'] as KeptSecret['purpose'],
    createdAt: row['created_at'] as number,
    currentFrom: row['current_from'] as number,
    expiresAt: row['expires_at'] as number | null,
  }));
}

export const SEALED_SIGNING_SECRETS: SealedColumn = {
  table: 'client_secrets',
  page: async (db, form, after, limit) => {
    const rows = await db.all(
      `select id, case when sealed like $1 then null else sealed end as sealed from client_secrets
       where id > $2 and purpose = 'signing' order by id limit $3`,
      [`${form}%`, after?.[0] ?? '', limit],
    );
    return rows.map((row) => sealedTextFrom(row, ['id'], ({ id }) => signingSecretLabel(id as string)));
  },
  replace: async (db, [id = null], before, after) => {
    return (
      (await db.all('update client_secrets set sealed = $3 where id = $1 and sealed = $2 returning id', [id, before, after])).length > 0
    );
  },
};

/** Job: secrets that ended a day ago. */
export async function deleteExpiredSecrets(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from client_secrets where id in (select id from client_secrets where expires_at <= $1 limit $2) returning id',
    [now - 24 * 3_600_000, limit],
  );
  return rows.length;
}
