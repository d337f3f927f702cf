import { type Db, one, type Row } from '../platform/db.ts';
import { condition, type Mark, selectPage } from '../platform/listing.ts';

/**
 * The table of networks that guessed too often and wait. The database is the truth, so every node knows; each time is longer, until
 * thirty quiet days have passed.
 */
export interface Suspension {
  /** An IPv4 address or an IPv6 /64. */
  readonly network: string;
  /** What was guessed last. */
  readonly reason: string;
  /** How often by now. */
  readonly times: number;
  /** Wrong guesses that led to it. */
  readonly tries: number;
  readonly suspendedAt: number;
  readonly until: number;
  readonly liftedAt: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long the first, the second … suspension lasts, in milliseconds. Every later one is as long as the last of them. */
export const SUSPENSION_LIVES = [15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY] as const;
/** After this long without a suspension the next one is a first one again, in milliseconds. */
export const QUIET = 30 * DAY;

const COLUMNS = 'network, reason, times, tries, suspended_at, until, lifted_at';

/**
 * Suspends a network, unless it is suspended already: of callers in parallel, on however many nodes, one gets the suspension and the
 * others null. Its length follows from how often it happened before.
 */
export async function suspendNetwork(
  db: Db,
  { network, reason, tries, now }: { network: string; reason: string; tries: number; now: number },
): Promise<Suspension | null> {
  const [first, second, third, fourth, last] = SUSPENSION_LIVES.map((life) => now + life) as [number, number, number, number, number];
  const row = await one(
    db,
    `insert into suspensions (network, reason, times, tries, suspended_at, until) values ($1, $2, 1, $3, $4, $5)
     on conflict (network) do update set reason = excluded.reason, tries = excluded.tries, suspended_at = excluded.suspended_at, lifted_at = null,
       times = case when suspensions.until <= $10 then 1 else suspensions.times + 1 end,
       until = case when suspensions.until <= $10 then excluded.until
         when suspensions.times = 1 then cast($6 as bigint) when suspensions.times = 2 then cast($7 as bigint)
         when suspensions.times = 3 then cast($8 as bigint) else cast($9 as bigint) end
     where suspensions.until <= $4 or suspensions.lifted_at is not null
     returning ${COLUMNS}`,
    [network, reason, tries, now, first, second, third, fourth, last, now - QUIET],
  );
  return row === null ? null : fromRow(row);
}

/** What keeps a network out now: one read by primary key, before every guess. */
export async function findSuspension(db: Db, network: string, now: number): Promise<Suspension | null> {
  const row = await one(db, `select ${COLUMNS} from suspensions where network = $1 and until > $2 and lifted_at is null`, [network, now]);
  return row === null ? null : fromRow(row);
}

/** Lets a network in again. Null when it was not suspended. The next suspension is as long as if this one had run out. */
export async function liftSuspension(db: Db, network: string, now: number): Promise<Suspension | null> {
  const row = await one(
    db,
    `update suspensions set lifted_at = $2 where network = $1 and until > $2 and lifted_at is null returning ${COLUMNS}`,
    [network, now],
  );
  return row === null ? null : fromRow(row);
}

/** The newest first. Those that are over stay in the list for thirty days, because they make the next one longer. */
export async function listSuspensions(db: Db, limit: number): Promise<Suspension[]> {
  const rows = await db.all(`select ${COLUMNS} from suspensions order by suspended_at desc, network limit $1`, [limit]);
  return rows.map(fromRow);
}

/** A page of the same for operators: of one network, and only those that are in force at a moment, where that is asked for. */
export async function listSuspensionsPage(
  db: Db,
  { network, openAt }: { readonly network: string | null; readonly openAt: number | null },
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<Suspension[]> {
  const rows = await selectPage(db, {
    select: `select ${COLUMNS} from suspensions`,
    where: [
      ...(network === null ? [] : [condition('network = ?', network)]),
      ...(openAt === null ? [] : [condition('until > ? and lifted_at is null', openAt)]),
    ],
    order: { key: 'suspended_at', id: 'network', descending: true },
    after,
    limit,
  });
  return rows.map(fromRow);
}

/** In force at a moment. Counts to `most` and no further. */
export async function countSuspensions(db: Db, now: number, most: number): Promise<number> {
  const rows = await db.all('select network from suspensions where until > $1 and lifted_at is null limit $2', [now, most]);
  return rows.length;
}

/** Job: suspensions that no longer make the next one longer. */
export async function deleteOldSuspensions(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from suspensions where network in (select network from suspensions where until <= $1 limit $2) and until <= $1
     returning network`,
    [now - QUIET, limit],
  );
  return rows.length;
}

function fromRow(row: Row): Suspension {
  return {
    network: row['network'] as string,
    reason: row['reason'] as string,
    times: row['times'] as number,
    tries: row['tries'] as number,
    suspendedAt: row['suspended_at'] as number,
    until: row['until'] as number,
    liftedAt: row['lifted_at'] as number | null,
  };
}
