import { randomBytes } from 'node:crypto';
import type { Db } from '../platform/db.ts';
import { type ChainKey, chainKeyFrom } from '../platform/keyring.ts';
import { type SealedColumn, sealedTextFrom } from '../platform/sealed-text.ts';
import type { Vault } from '../platform/vault.ts';

/** Key ids live in six bits of a refresh token. */
export const CHAIN_KEY_IDS = 64;

const sealLabel = (id: number) => `chain_keys ${id}`;

/** Keys that were not dropped, oldest first. */
export async function listChainKeys(db: Db, vault: Vault): Promise<ChainKey[]> {
  const rows = await db.all('select id, sealed, current_from from chain_keys where dropped_at is null order by current_from');
  return rows.map((row) => {
    const id = row['id'] as number;
    return chainKeyFrom(id, vault.open(sealLabel(id), row['sealed'] as string), row['current_from'] as number);
  });
}

/** The same without their secrets, for whoever only looks. */
export async function listChainKeyAges(db: Db): Promise<{ readonly id: number; readonly currentFrom: number }[]> {
  const rows = await db.all('select id, current_from from chain_keys where dropped_at is null order by current_from');
  return rows.map((row) => ({ id: row['id'] as number, currentFrom: row['current_from'] as number }));
}

/** Makes a key under the first free id. Null when another node made one under that id at the same moment, or when none is free. */
export async function insertChainKey(db: Db, vault: Vault, now: number, currentFrom: number): Promise<number | null> {
  const taken = new Set((await db.all('select id from chain_keys')).map((row) => row['id']));
  const id = Array.from({ length: CHAIN_KEY_IDS }, (_, n) => n).find((n) => !taken.has(n));
  if (id === undefined) return null;
  const rows = await db.all(
    'insert into chain_keys (id, sealed, created_at, current_from) values ($1, $2, $3, $4) on conflict (id) do nothing returning id',
    [id, vault.seal(sealLabel(id), randomBytes(32)), now, currentFrom],
  );
  return rows.length > 0 ? id : null;
}

/** The first key of an installation, where there is none: eight nodes that start together agree on one, because its id is fixed. */
export async function insertFirstChainKey(db: Db, vault: Vault, now: number): Promise<void> {
  // Not again once it was replaced and removed: a key that serves at once is one that the other nodes do not know yet.
  await db.all(
    `insert into chain_keys (id, sealed, created_at, current_from)
     select 0, cast($1 as text), cast($2 as bigint), cast($2 as bigint) where not exists (select 1 from chain_keys) on conflict (id) do nothing`,
    [vault.seal(sealLabel(0), randomBytes(32)), now],
  );
}

/** Holds every other key maker back until this transaction ends. */
export async function lockChainKeys(tx: Db): Promise<void> {
  await tx.all('update chain_keys set created_at = created_at');
}

/** Marks a key as gone. False when there is no such key, or when it was dropped before. */
export async function markChainKeyDropped(db: Db, id: number, now: number): Promise<boolean> {
  const rows = await db.all('update chain_keys set dropped_at = $2 where id = $1 and dropped_at is null returning id', [id, now]);
  return rows.length > 0;
}

/** Dropped ones too: their rows keep their numbers from being given again. */
export const SEALED_CHAIN_KEYS: SealedColumn = {
  table: 'chain_keys',
  page: async (db, form, after, limit) => {
    const rows = await db.all(
      'select id, case when sealed like $1 then null else sealed end as sealed from chain_keys where id > $2 order by id limit $3',
      [`${form}%`, after?.[0] ?? -1, limit],
    );
    return rows.map((row) => sealedTextFrom(row, ['id'], ({ id }) => sealLabel(id as number)));
  },
  replace: async (db, [id = null], before, after) => {
    return (await db.all('update chain_keys set sealed = $3 where id = $1 and sealed = $2 returning id', [id, before, after])).length > 0;
  },
};

/** Removes keys that no family can use any more: replaced by a newer one before `replacedBefore`. Frees their ids. */
export async function deleteOldChainKeys(db: Db, replacedBefore: number): Promise<void> {
  await db.all(
    `delete from chain_keys where exists (
       select 1 from chain_keys newer where newer.current_from > chain_keys.current_from and newer.current_from < $1 and newer.dropped_at is null)
     and not exists (select 1 from refresh_tokens where refresh_tokens.key_id = chain_keys.id and refresh_tokens.state in ('active', 'held'))`,
    [replacedBefore],
  );
}
