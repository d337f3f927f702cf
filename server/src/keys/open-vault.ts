import type { Db } from '../platform/db.ts';
import { createFirstVault, createVault, firstDataKey, type Vault } from '../platform/vault.ts';
import { insertFirstChainKey, listChainKeys, lockChainKeys } from './chain-key.ts';
import { insertDataKey, listMasterKeyIds, readDataKeys } from './data-key.ts';

const SEALED_WITH_ANOTHER = 'the data keys are sealed with another master key';

export interface VaultWorld {
  readonly db: Db;
  readonly now: () => number;
  readonly config: { readonly masterKey: Buffer };
}

/** Reads the data keys, and makes the first one where there is none. Throws, and writes nothing, when the master key is another installation's. */
export async function openVault(world: VaultWorld): Promise<Vault> {
  const { db, now, config } = world;
  const found = await readDataKeys(db, config.masterKey);
  if (found.length > 0) return createVault(found, now);
  await db.transaction((tx) => makeFirstDataKey(tx, world));
  return createVault(await readDataKeys(db, config.masterKey), now);
}

/** The same for whoever only looks: makes nothing. */
export async function lookIntoVault({ db, now, config: { masterKey } }: VaultWorld): Promise<Vault> {
  const found = await readDataKeys(db, masterKey);
  if (found.length > 0) return createVault(found, now);
  if ((await listMasterKeyIds(db)).length > 0) throw new Error(SEALED_WITH_ANOTHER);
  return createFirstVault(masterKey, now);
}

/**
 * Before a database is brought up to date: with another installation's master key nothing may be written to it, no table either. Throws when
 * it does not open what is there. `pending`: the migrations that wait.
 */
export async function proveMasterKey(world: VaultWorld, pending: readonly string[]): Promise<void> {
  const isNew = pending.some((name) => name.startsWith('0001-'));
  // Where nothing waits, opening the vault proves the same.
  if (isNew || pending.length === 0) return;
  const isOld = pending.some((name) => name.startsWith('0005-'));
  const vault = isOld ? createFirstVault(world.config.masterKey, world.now) : await lookIntoVault(world);
  await listChainKeys(world.db, vault);
}

/** Takes in what was written since. Throws when this node's master key opens nothing any more; what it has read stays good. */
export async function reloadVault({ db, config, vault }: Omit<VaultWorld, 'now'> & { readonly vault: Vault }): Promise<void> {
  const found = await readDataKeys(db, config.masterKey);
  if (found.length === 0) throw new Error('another master key serves this database now: start this node again with that one');
  vault.replace(found);
}

/**
 * Key 0 is the master key itself, if that has sealed what is here. Nodes that start together agree on one: the first chain key has a fixed
 * number, so all wait for whoever makes it, and a node with another master key than that one's finds that it does not open.
 */
async function makeFirstDataKey(tx: Db, { now, config: { masterKey } }: VaultWorld): Promise<void> {
  const born = createFirstVault(masterKey, now);
  await insertFirstChainKey(tx, born, now());
  await lockChainKeys(tx);
  if ((await listMasterKeyIds(tx)).length > 0) {
    if ((await readDataKeys(tx, masterKey)).length > 0) return;
    throw new Error(SEALED_WITH_ANOTHER);
  }
  await listChainKeys(tx, born);
  await insertDataKey(tx, masterKey, firstDataKey(masterKey), now());
}
