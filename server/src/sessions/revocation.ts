import { LONGEST_ACCESS_LIFE } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';

/**
 * What was revoked while access tokens are still unexpired. The row is written in the transaction that changes the session, so there
 * is no moment at which one is true without the other. Every node reads new rows each second.
 */

/** A row lives for the longest access token and this much more, in milliseconds. */
const MARGIN = 60_000;

/** Writes the row; call `deps.revoked.add(entry)` when the transaction has committed, or wait for the next read. */
export async function insertRevocation(
  tx: Db,
  deps: Pick<Deps, 'now' | 'random'>,
  what: Pick<Revocation, 'kind' | 'subject' | 'minimumUv'>,
): Promise<Revocation> {
  const now = deps.now();
  const entry: Revocation = { ...what, expiresAt: now + LONGEST_ACCESS_LIFE + MARGIN };
  await tx.all('insert into revocations (id, kind, subject, minimum_uv, inserted_at, expires_at) values ($1, $2, $3, $4, $5, $6)', [
    deps.random(16).toString('base64url'),
    entry.kind,
    entry.subject,
    entry.minimumUv,
    now,
    entry.expiresAt,
  ]);
  return entry;
}

/** Unexpired rows inserted at or after `since`. */
export async function listRevocations(db: Db, now: number, since: number): Promise<(Revocation & { readonly insertedAt: number })[]> {
  const rows = await db.all(
    'select kind, subject, minimum_uv, inserted_at, expires_at from revocations where inserted_at >= $1 and expires_at > $2 order by inserted_at',
    [since, now],
  );
  return rows.map((row) => ({
    kind: row['kind'] as Revocation['kind'],
    subject: row['subject'] as string,
    minimumUv: row['minimum_uv'] as number | null,
    insertedAt: row['inserted_at'] as number,
    expiresAt: row['expires_at'] as number,
  }));
}

export async function deleteExpiredRevocations(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from revocations where id in (select id from revocations where expires_at <= $1 limit $2) returning id',
    [now, limit],
  );
  return rows.length;
}
