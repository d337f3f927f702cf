import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';

/**
 * What was revoked while access tokens are still unexpired. The row is written in the transaction that changes the session, so there
 * is no moment at which one is true without the other. Every node reads new rows each second.
 */

/** How often a node reads new rows, in milliseconds. */
export const READ_EVERY = 1000;
/** Rows are read again from this long before the newest one seen, because transactions commit out of order. In milliseconds. */
const OVERLAP = 10_000;
/** The whole set is read again this often, for rows from a node whose clock is further behind than that. In milliseconds. */
const READ_ALL_EVERY = 30_000;
/** No access token lives longer, whatever is set for the whole or for one client. In milliseconds. */
export const LONGEST_ACCESS_LIFE = 15 * 60_000;
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

/** How far a node has read. */
export interface ReadMark {
  /** The newest row seen; the next reading begins a little before it. */
  readonly newest: number;
  /** When the whole set was read last. */
  readonly wholeAt: number;
}

export const NOTHING_READ: ReadMark = { newest: 0, wholeAt: Number.NEGATIVE_INFINITY };

/** Reads once what is new, or everything when that is due. Answers the mark to read from next time. */
export async function readRevocations(deps: Pick<Deps, 'db' | 'now' | 'revoked'>, mark: ReadMark): Promise<ReadMark> {
  const now = deps.now();
  const whole = now >= mark.wholeAt + READ_ALL_EVERY;
  const entries = await listRevocations(deps.db, now, whole ? 0 : Math.max(0, mark.newest - OVERLAP));
  for (const entry of entries) deps.revoked.add(entry);
  deps.revoked.dropExpired(now);
  return { newest: Math.max(mark.newest, entries.at(-1)?.insertedAt ?? 0), wholeAt: whole ? now : mark.wholeAt };
}

/** Keeps `deps.revoked` true: the whole set now, then what is new each second. */
export async function watchRevocations(deps: Deps): Promise<{ stop(): void }> {
  let mark = await readRevocations(deps, NOTHING_READ);
  let reading = false;
  const timer = setInterval(() => {
    if (reading) return;
    reading = true;
    readRevocations(deps, mark)
      .then((next) => (mark = next))
      .catch((cause: unknown) => deps.log.warn({ err: cause }, 'revocations could not be read; trying again'))
      .finally(() => (reading = false));
  }, READ_EVERY);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
