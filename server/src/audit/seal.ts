import type { Deps } from '../deps.ts';
import { hmac, sha256 } from '../platform/crypto.ts';
import { type Db, one, type Row } from '../platform/db.ts';
import { unknownDataKey } from '../platform/vault.ts';
import { takeUnsealedEvents } from './event.ts';
import { type KeptEvent, leafOf } from './event-digest.ts';
import { countSealedSignIns } from './sign-in-hours.ts';

/** Seals over the audit log: each covers a batch of events and the seal before it, so that what was sealed cannot be changed unseen. */

/** Events that one seal covers at most, and that one transaction writes. */
export const SEAL_BATCH = 1000;

export interface Seal {
  readonly seq: number;
  readonly batchHash: string;
  readonly events: number;
  readonly fromAt: number;
  readonly untilAt: number;
  /** Empty for the first. */
  readonly previousHash: string;
  readonly hash: string;
  readonly sealedAt: number;
  /** The number of the data key that the hash was made with. */
  readonly keyId: number;
  readonly droppedAt: number | null;
}

export interface SealDeps extends Pick<Deps, 'db' | 'now' | 'vault'> {
  readonly config: Pick<Deps['config'], 'eventLife'>;
}

const COLUMNS = 'seq, batch_hash, events, from_at, until_at, previous_hash, hash, sealed_at, key_id, dropped_at';

/**
 * Seals the oldest events that wait: one transaction, which either gives the chain its next seal or changes nothing. Answers how many there
 * were. The number decides the race: of two processes that saw the same newest seal, one inserts, the other waits and then gets nothing.
 */
export async function sealBatch(deps: SealDeps, limit: number = SEAL_BATCH): Promise<number> {
  return deps.db.transaction(async (tx) => {
    const newest = await findNewestSeal(tx);
    const seq = (newest?.seq ?? 0) + 1;
    const reserved = await one(
      tx,
      `insert into event_seals (seq, batch_hash, events, from_at, until_at, previous_hash, hash, sealed_at)
       values ($1, '', 0, 0, 0, $2, '', $3) on conflict (seq) do nothing returning seq`,
      [seq, newest?.hash ?? '', deps.now()],
    );
    if (reserved === null) return 0;
    const events = await takeUnsealedEvents(tx, seq, limit);
    if (events.length === 0) {
      await tx.all('delete from event_seals where seq = $1', [seq]);
      return 0;
    }
    await countSealedSignIns(tx, events, deps.now());
    const moments = events.map(({ at }) => at);
    const covered = {
      seq,
      batchHash: batchHashOf(events),
      events: events.length,
      fromAt: Math.min(...moments),
      untilAt: Math.max(...moments),
      previousHash: newest?.hash ?? '',
      sealedAt: deps.now(),
      keyId: keyFor(deps, newest, events),
    };
    const hash = sealHashOf(deps, covered);
    if (hash === null) throw unknownDataKey();
    await tx.all(
      'update event_seals set batch_hash = $2, events = $3, from_at = $4, until_at = $5, hash = $6, sealed_at = $7, key_id = $8 where seq = $1',
      [seq, covered.batchHash, covered.events, covered.fromAt, covered.untilAt, hash, covered.sealedAt, covered.keyId],
    );
    return events.length;
  });
}

/** Whatever this node's clock says, never an older key than that of the seal before, or of an event that it covers. */
function keyFor({ vault }: Pick<SealDeps, 'vault'>, newest: Seal | null, events: readonly KeptEvent[]): number {
  const known = events.map(({ digestKey }) => digestKey).filter((id) => vault.deriveOf(id, 'audit event') !== null);
  return Math.max(vault.currentId(), newest?.keyId ?? 0, ...known);
}

/** Of what the whole chain up to here was, under its data key: whoever can write to the database alone cannot make one. Null: there is no such key. */
export function sealHashOf({ vault }: Pick<SealDeps, 'vault'>, seal: Omit<Seal, 'hash' | 'droppedAt'>): string | null {
  const { seq, previousHash, batchHash, events, fromAt, untilAt, sealedAt } = seal;
  const text = JSON.stringify([seq, previousHash, batchHash, events, fromAt, untilAt, sealedAt]);
  const key = vault.deriveOf(seal.keyId, 'audit seal');
  return key === null ? null : hmac(key, text).toString('base64url');
}

/** In an order that does not depend on how a database sorts text. */
export function batchHashOf(events: readonly KeptEvent[]): string {
  const ordered = [...events].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  return sha256(Buffer.concat(ordered.map(leafOf))).toString('base64url');
}

export async function findNewestSeal(db: Db): Promise<Seal | null> {
  const row = await one(db, `select ${COLUMNS} from event_seals order by seq desc limit 1`);
  return row === null ? null : fromRow(row);
}

export async function findSeal(db: Db, seq: number): Promise<Seal | null> {
  const row = await one(db, `select ${COLUMNS} from event_seals where seq = $1`, [seq]);
  return row === null ? null : fromRow(row);
}

/** Oldest first. */
export async function listSeals(db: Db, from: number, limit: number): Promise<Seal[]> {
  const rows = await db.all(`select ${COLUMNS} from event_seals where seq >= $1 order by seq limit $2`, [from, limit]);
  return rows.map(fromRow);
}

/** The oldest batches that still have their events. */
export async function listOldestBatches(db: Db, limit: number): Promise<Seal[]> {
  const rows = await db.all(`select ${COLUMNS} from event_seals where dropped_at is null order by seq limit $1`, [limit]);
  return rows.map(fromRow);
}

/** Notes that the events up to a seal are gone. Only that one stays of them: the chain begins there. */
export async function markDropped(tx: Db, last: number, now: number): Promise<void> {
  await tx.all('update event_seals set dropped_at = $2 where seq = $1 and dropped_at is null', [last, now]);
  await tx.all('delete from event_seals where seq < $1', [last]);
}

function fromRow(row: Row): Seal {
  return {
    seq: row['seq'] as number,
    batchHash: row['batch_hash'] as string,
    events: row['events'] as number,
    fromAt: row['from_at'] as number,
    untilAt: row['until_at'] as number,
    previousHash: row['previous_hash'] as string,
    hash: row['hash'] as string,
    sealedAt: row['sealed_at'] as number,
    keyId: row['key_id'] as number,
    droppedAt: row['dropped_at'] as number | null,
  };
}
