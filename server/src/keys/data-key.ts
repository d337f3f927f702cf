import { randomBytes } from 'node:crypto';
import { deriveKey, seal, unseal } from '../platform/crypto.ts';
import type { Db, Row } from '../platform/db.ts';
import { masterKeyIdOf } from '../platform/master-key.ts';
import type { DataKey } from '../platform/vault.ts';

/** Data keys at rest: what everything secret is sealed with, itself sealed with the master key; with two of them while one replaces the other. */

const wrappingKey = (masterKey: Buffer) => deriveKey(masterKey, 'data keys');
/** Whoever can write to the database gives no key a longer time than it has. */
const sealLabel = ({ id, currentFrom, endedAt }: Omit<DataKey, 'secret'>) => `data_keys ${id} ${currentFrom} ${endedAt ?? 'opens'}`;

/** Those that this master key opens, oldest first. Throws when one that is sealed with it does not open. */
export async function readDataKeys(db: Db, masterKey: Buffer): Promise<DataKey[]> {
  const rows = await db.all('select id, sealed, current_from, ended_at from data_keys where master_key_id = $1 order by id', [
    masterKeyIdOf(masterKey),
  ]);
  const key = wrappingKey(masterKey);
  return rows.map((row) => {
    const facts = factsOf(row);
    return { ...facts, secret: unseal(key, sealLabel(facts), row['sealed'] as string) };
  });
}

export function newDataKey(id: number, currentFrom: number): DataKey {
  return { id, secret: randomBytes(32), currentFrom, endedAt: null };
}

/** A copy of a data key that this master key opens. False: there is one. */
export async function insertDataKey(db: Db, masterKey: Buffer, key: DataKey, now: number): Promise<boolean> {
  const rows = await db.all(
    `insert into data_keys (id, master_key_id, sealed, created_at, current_from, ended_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (id, master_key_id) do nothing returning id`,
    [key.id, masterKeyIdOf(masterKey), sealedUnder(masterKey, key), now, key.currentFrom, key.endedAt],
  );
  return rows.length > 0;
}

/** Holds every other change of the data keys back until this transaction ends. */
export async function lockDataKeys(tx: Db): Promise<void> {
  await tx.all('update data_keys set created_at = created_at where id = 0');
}

/** The names of the master keys that open something here. */
export async function listMasterKeyIds(db: Db): Promise<string[]> {
  const rows = await db.all('select distinct master_key_id from data_keys order by master_key_id');
  return rows.map((row) => row['master_key_id'] as string);
}

/** A data key as one sees it without the master key. */
export interface DataKeyAge {
  readonly id: number;
  readonly createdAt: number;
  readonly currentFrom: number;
  readonly endedAt: number | null;
  /** Secrets that older keys still sealed when they were last counted; null = not counted yet. */
  readonly olderLeft: number | null;
}

/** Oldest first. */
export async function listDataKeyAges(db: Db): Promise<DataKeyAge[]> {
  const rows = await db.all(
    `select id, min(created_at) as created_at, max(current_from) as current_from, max(ended_at) as ended_at, max(older_left) as older_left
     from data_keys group by id order by id`,
  );
  return rows.map((row) => ({
    ...factsOf(row),
    createdAt: row['created_at'] as number,
    olderLeft: row['older_left'] as number | null,
  }));
}

/** How far the sealing anew is. Null: there is one data key only. `left`: as last counted; null = not counted yet. */
export interface SealingProgress {
  readonly state: 'resealing' | 'done';
  readonly newest: number;
  readonly left: number | null;
}

export function progressOf(keys: readonly DataKeyAge[], currentId: number): SealingProgress | null {
  const newest = keys.at(-1);
  if (newest === undefined || keys.length < 2) return null;
  const isDone =
    newest.id === currentId && (newest.olderLeft === 0 || keys.every(({ id, endedAt }) => id === newest.id || endedAt !== null));
  return { state: isDone ? 'done' : 'resealing', newest: newest.id, left: newest.olderLeft };
}

export async function noteOlderLeft(db: Db, id: number, left: number): Promise<void> {
  await db.all('update data_keys set older_left = $2 where id = $1', [id, left]);
}

/** No other master key opens anything from now on. Answers how many copies went. */
export async function deleteCopiesOfOthers(tx: Db, masterKey: Buffer): Promise<number> {
  const rows = await tx.all('delete from data_keys where master_key_id <> $1 returning id', [masterKeyIdOf(masterKey)]);
  return rows.length;
}

/** From `endedAt` on the key opens nothing. */
export async function endDataKey(tx: Db, masterKey: Buffer, key: DataKey, endedAt: number): Promise<void> {
  await tx.all('update data_keys set ended_at = $3, sealed = $4 where id = $1 and master_key_id = $2', [
    key.id,
    masterKeyIdOf(masterKey),
    endedAt,
    sealedUnder(masterKey, { ...key, endedAt }),
  ]);
}

function sealedUnder(masterKey: Buffer, key: DataKey): string {
  return seal(wrappingKey(masterKey), sealLabel(key), key.secret);
}

function factsOf(row: Row): Omit<DataKey, 'secret'> {
  return { id: row['id'] as number, currentFrom: row['current_from'] as number, endedAt: row['ended_at'] as number | null };
}
